#!/usr/bin/env node
// The pinned npm compiler behind the two options of the native one that forge and build.py use.
// Reads standard JSON on stdin, writes standard JSON on stdout, opens no file and no socket.
"use strict";

const solc = require("solc");

const options = process.argv.slice(2);
if (options.includes("--version")) {
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`,
  );
} else if (options.includes("--standard-json")) {
  process.stdout.write(solc.compile(require("fs").readFileSync(0, "utf8")));
} else {
  process.stderr.write("error: only --version and --standard-json are understood\n");
  process.exitCode = 2;
}
