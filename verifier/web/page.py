"""The page: choose or drop a file, read the answer. Works without JavaScript.

Shows exactly what the report says. A file that is none of our formats gets a plain sentence and
no verdict. Examples are checked live, every time they are opened.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request

from core import limits
from core.asking import question_of
from core.codes import economy_name
from core.credential_fields import summary, title_of
from core.errors import ComityError, FormatError, UsageError
from core.reasons import LINE_TITLES, deciding
from core.report import QUESTIONS, Question, Report, group_outcome, timestamp
from core.runtime.problems import from_error
from verifier.desk import Desk
from verifier.render import (
    CERTIFICATE_WORDS,
    OUTCOME_WORDS,
    QUESTION_WORDS,
    RUNG_WORDS,
    VERDICT_WORDS,
    broken_rung,
    evidence_words,
    reason_of,
    span_words,
    status_words,
)
from verifier.web.api import desk, uploaded

blueprint = Blueprint("page", __name__)

_EXAMPLE_TITLES: Mapping[str, str] = {
    "good": "One in force",
    "suspended": "A suspended one",
    "forged": "A forged one",
    "unreachable": "One whose ledger does not answer",
    "restored": "A restored one",
    "withdrawn": "A withdrawn one",
    "cancelled": "A cancelled one",
}
_ASKED = ("standard", "sector", "site", "market", "at")
_OFFERED = ("good", "suspended", "forged", "unreachable")


@blueprint.get("/")
def start() -> str:
    """The start page."""
    return render_template("start.html", examples=_examples(desk()), refusal=None)


@blueprint.post("/")
def answer() -> Response:
    """Check the uploaded file and show the answer."""
    name = ""
    try:
        document = uploaded()
        name = request.files["document"].filename or ""
        if not document and not name:
            raise UsageError("document_missing", "choose a file first")
        report = desk().check(document, _question())
    except (FormatError, UsageError) as refused:
        return _refuse(refused)
    return _result(report)


@blueprint.get("/examples/<name>")
def example(name: str) -> Response:
    """Check one of the live examples and show the answer."""
    file = _examples(desk()).get(name)
    if file is None:
        abort(404)
    with file.open("rb") as stream:
        document = stream.read(limits.BUNDLE_BYTES + 1)
    return _result(desk().check(document, Question()))


def _question() -> Question:
    """Return the question that the form puts; fields left empty ask nothing."""
    asked = {name: request.form.get(name, "").strip() or None for name in _ASKED}
    if asked["market"] is not None:
        asked["market"] = asked["market"].upper()
    if any(text is not None and len(text) > limits.NAME_CHARS for text in asked.values()):
        raise UsageError("request_form", "a field of the form is too long")
    return question_of(**asked, now=desk().clock())


def _result(report: Report) -> Response:
    now = desk().clock()
    by_line = {check.line: check for check in report.checks}
    groups = [
        {
            "title": QUESTION_WORDS[name],
            "outcome": group_outcome([by_line[n].outcome for n in lines]),
            "checks": [by_line[n] for n in lines],
        }
        for name, lines in QUESTIONS.items()
    ]
    page = render_template(
        "result.html",
        report=report, groups=groups, headline=_headline(report),
        card=summary(report.disclosed) if report.disclosed else [],
        hidden=[title_of(name) for name in report.not_shared],
        word=VERDICT_WORDS[report.verdict], words=OUTCOME_WORDS,
        line_titles=LINE_TITLES, checked_at=timestamp(now),
        evidence=lambda check: evidence_words(check, now),
        rung_words=RUNG_WORDS, certificate_words=CERTIFICATE_WORDS, broken=broken_rung(report),
        reason_of=lambda rung: reason_of(report, rung.code), span=span_words,
        told=status_words, as_of=timestamp(report.question.at) if report.question.at else "",
    )  # fmt: skip
    return make_response(page)


def _headline(report: Report) -> str:
    """Return the sentence of the line that decided the verdict."""
    line = deciding(report)
    if line is not None:
        return line.reason
    if report.question.market is not None:
        return f"Genuine, in force, and recognised in {economy_name(report.question.market)}."
    return "Issued by the named body, unchanged, registered, and in force. No market was asked for."


def _refuse(error: ComityError) -> Response:
    problem = from_error(error)
    page = render_template(
        "start.html", examples=_examples(desk()), refusal=problem.detail,
        of_file=isinstance(error, FormatError),
    )  # fmt: skip
    return make_response(page, problem.status)


def _examples(at: Desk) -> dict[str, Path]:
    """Return name → file of the examples there are; names come from the index, never the URL."""
    folder = at.settings.examples
    if folder is None or not (folder / "index.json").exists():
        return {}
    index: list[dict[str, Any]] = json.loads((folder / "index.json").read_text("utf-8"))
    files = {row["name"]: folder / Path(row["file"]).name for row in index}
    return {name: files[name] for name in _OFFERED if name in files and files[name].exists()}


@blueprint.app_template_global()
def example_title(name: str) -> str:
    """Return the words under which an example is offered."""
    return _EXAMPLE_TITLES.get(name, name)
