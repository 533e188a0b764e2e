"""The pages say what the code does: commands, links, examples, tables."""

from __future__ import annotations

import json
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from contracts.interfaces import CONTRACTS
from core.bundle import Bundle
from core.events import Position, restore_event
from core.record import Record
from core.registry import State
from core.report import EXIT_CODES
from core.runtime.commands import COMMANDS
from tests.support.network import body_with_certificate
from tests.support.reasons_page import PAGE, page
from verifier.render import VERDICT_WORDS
from verifier.verify import check

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
OTHERS = {"curl", "export"}  # requests are held to the API by its own tests
FOLDERS = "core|contracts|keys|node|verifier|tests|docs"


def _named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _example(name: str) -> Any:
    (block,) = _blocks((DOCS / "formats" / name).read_text("utf-8"), "json")
    return json.loads(block)


def shell_lines() -> list[tuple[str, str]]:
    """Return what the blocks tell people to type: long lines joined, comments left out."""
    return [
        (_named(file), line)
        for file in PAGES
        for block in _blocks(file.read_text("utf-8"), "sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.strip() and not line.startswith("#")
    ]


# ---------------------------------------------------------------- commands


def parse_command(words: list[str]) -> None:
    """Let the command's own parser read the words; raises where it would complain."""
    row = COMMANDS[words[0]]
    module, _, attribute = row.target.partition(":")
    command = get_command(getattr(import_module(module), attribute))
    rest = words if row.shared else words[1:]
    context = command.make_context("comity", list(rest))
    while hasattr(command, "resolve_command"):
        left = [*context._protected_args, *context.args]
        if not left and command.invoke_without_command:
            return
        name, command, left = command.resolve_command(context, left)
        context = command.make_context(name, left, parent=context)


@pytest.mark.parametrize(("file", "line"), shell_lines())
def test_every_command_in_a_block_is_one_that_its_parser_takes(file: str, line: str) -> None:
    for inner in re.findall(r"\$\((comity [^)]*)\)", line):
        parse_command(shlex.split(inner)[1:])
    words = shlex.split(line, comments=True)
    if words[0] in OTHERS:
        return
    if words[0] == "make":
        targets = set(
            re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        )
        assert {word for word in words[1:] if "=" not in word} <= targets
        return
    assert words[0] == "comity"
    parse_command(words[1:])


@pytest.mark.parametrize(
    "line", ["issue", "issue FILE --frobnicate", "node enter", "suspend NUMBER --reason misuse"]
)
def test_a_command_that_does_not_exist_would_be_noticed(line: str) -> None:
    from typer.exceptions import TyperException

    with pytest.raises(TyperException):
        parse_command(line.split())


@pytest.mark.parametrize("file", PAGES, ids=_named)
def test_every_command_named_in_the_text_exists(file: Path) -> None:
    named = re.findall(r"`comity ([a-z]+)(?: ([a-z]+))?[` ]", file.read_text("utf-8"))
    for name, second in named:
        assert name in COMMANDS
        module, _, attribute = COMMANDS[name].target.partition(":")
        application = getattr(import_module(module), attribute)
        assert isinstance(application, typer.Typer)
        group = get_command(application)
        if COMMANDS[name].shared:
            group = group.commands[name]
        if second and hasattr(group, "commands"):
            assert second in group.commands


# ---------------------------------------------------------------- links and places


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in headings}


@pytest.mark.parametrize("file", PAGES, ids=_named)
def test_every_link_leads_somewhere(file: Path) -> None:
    text = re.sub(r"^```.*?^```", "", file.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (file.parent / path) if path else file
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


@pytest.mark.parametrize("file", PAGES, ids=_named)
def test_every_file_named_in_the_text_exists(file: Path) -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", file.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    missing = [
        _named(file)
        for file in DOCS.rglob("*.md")
        if file.parent.name != "adr" and f"]({_named(file)})" not in readme
    ]
    assert missing == []


# ---------------------------------------------------------------- examples and tables


def test_the_page_of_reasons_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.support.reasons_page"


def test_the_bundle_of_the_page_is_what_dump_gives() -> None:
    shown = _example("bundle.md")
    bundle = Bundle.from_json(shown)
    assert bundle.to_json() == shown
    assert Bundle.parse(bundle.dump()) == bundle


def test_the_page_on_bundles_names_every_member_and_no_other() -> None:
    text = (DOCS / "formats" / "bundle.md").read_text("utf-8")
    named = set(re.findall(r"^\| `([a-z.]+)` \|", text, re.MULTILINE))
    shown = _example("bundle.md")
    members = {name for name, value in shown.items() if not isinstance(value, dict)}
    members |= {f"{part}.{name}" for part in ("leaf", "anchor") for name in shown[part]}
    assert named == members


def test_the_report_of_the_page_is_what_a_check_gives() -> None:
    body, issued = body_with_certificate()
    body.declare(issued.slot, State.SUSPENDED)
    bundle = body.bundle(issued, fields=("scope",))
    report = check(bundle, body.ledger.state, now=body.ledger.now).dump()
    assert _example("report.md") == {**report, "disclosed": {}, "not_shared": []}


def test_the_page_on_reports_has_every_verdict_with_its_exit_code() -> None:
    text = (DOCS / "formats" / "report.md").read_text("utf-8")
    rows = re.findall(r"^\| [^|]+ \| `([a-z_]+)` \| ([^|]+) \| (\d) \|$", text, re.MULTILINE)
    assert {verdict: (word, int(code)) for verdict, word, code in rows} == {
        verdict.value: (VERDICT_WORDS[verdict], code) for verdict, code in EXIT_CODES.items()
    }


def test_the_event_of_the_page_is_what_the_mirror_keeps() -> None:
    shown = _example("ledger.md")
    place = Position(*shown["position"])
    event = restore_event(shown["kind"], place, shown["time"], shown["body"])
    again = {
        "kind": event.kind,
        "position": event.position.dump(),
        "time": event.time,
        "body": event.body(),
    }
    assert again == shown


def _interface(kind: str) -> dict[str, dict[str, Any]]:
    found = {}
    for name in CONTRACTS.values():
        artifact = json.loads((ROOT / "contracts" / "artifacts" / f"{name}.json").read_text())
        found |= {one["name"]: one for one in artifact["abi"] if one["type"] == kind}
    return found


def test_the_page_on_the_ledger_names_every_event_and_no_other() -> None:
    text = (DOCS / "formats" / "ledger.md").read_text("utf-8")
    rows = re.findall(r"^\| `([A-Z]\w+)` \| (?:`([a-z_]+)`|–) \|", text, re.MULTILINE)
    assert {event for event, _ in rows} == set(_interface("event"))
    kinds = {re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower() for event, kind in rows if kind}
    assert {kind for _, kind in rows if kind} == kinds
    for _, kind in rows:  # a kind that is none of ours would be another fault
        if kind:
            with pytest.raises(Exception, match="other members"):
                restore_event(kind, Position(0, 0), 0, {})


def test_the_page_on_the_ledger_names_every_call_that_changes_it() -> None:
    text = (DOCS / "formats" / "ledger.md").read_text("utf-8").partition("## Who may do what")[2]
    named = {
        name
        for row in re.findall(r"^\| (`[A-Za-z`, ]+`) \|", text, re.MULTILINE)
        for name in re.findall(r"\w+", row)
    }
    changing = {
        name
        for name, one in _interface("function").items()
        if one["stateMutability"] not in ("view", "pure")
    }
    assert named == changing - {"addFirst"}  # the members contract's own


def test_the_example_record_is_that_of_the_page() -> None:
    (shown,) = _blocks((DOCS / "formats" / "record.md").read_text("utf-8"), "json")
    kept = (DOCS / "examples" / "record.json").read_text("utf-8")
    assert kept == shown
    assert Record.parse(json.loads(kept)).dump() == json.loads(kept)
