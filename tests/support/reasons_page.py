"""``docs/reasons.md``, made from the tables that check, node and contract answer from.

``python -m tests.support.reasons_page`` writes it; a test fails when it is stale.
"""

from __future__ import annotations

from pathlib import Path

from core import act_reasons
from core.reasons import LINE_TITLES, REASONS, Reason
from core.status_reasons import BY_WORD
from node.act_refusals import ACT_REFUSALS
from node.refusals import REFUSALS
from verifier.render import OUTCOME_WORDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reasons.md"

_HEAD = """# Reasons

*Made from the code by `python -m tests.support.reasons_page`; change it there.*

## What a check can answer

A check answers nine lines; each answer is one of these reasons. The code is stable and never
reused. `{body}` and `{publisher}` are registered names, `{date}` a day, `{market}` the code of an
economy; no sentence holds anything else of a certificate. How the lines become a verdict:
[report](formats/report.md).
"""
_LINE_HEAD = """| Code | Outcome | Sentence | 中文 |
|---|---|---|---|
"""
_STATUS_HEAD = """## Why a certificate's status is changed

The words of `--reason`, and of `reason` in the API. The number is what the ledger carries; 0 there
means that none was given.

| Word | Number | Means | To |
|---|---|---|---|
"""
_REFUSAL_HEAD = """## Why something received is not carried out

A receipt, or a change of status, ends as `refused` with one of these.

| Code | Message | Hint |
|---|---|---|
"""
_ACT_REASON_HEAD = """## Why a body is acted on

The words of `--reason` where an accreditation, a party of an arrangement or a member is suspended,
withdrawn or expelled.

| Word | Number | Means |
|---|---|---|
"""
_ACT_REFUSAL_HEAD = """## Why an act is refused

What `comity acts` and the commands of [taking part](taking-part.md) say. The code is the ledger's
own error.

| Code | Message | Hint |
|---|---|---|
"""


def page() -> str:
    """Return the page as it must be."""
    parts = [_HEAD]
    for line, title in LINE_TITLES.items():
        parts.append(f"\n### {line} {title}\n\n{_LINE_HEAD}")
        parts += [_row(reason) for reason in REASONS.values() if reason.line == line]
    parts.append("\n" + _STATUS_HEAD)
    for word, reason in BY_WORD.items():
        states = ", ".join(state.name.lower() for state in sorted(reason.states))
        parts.append(f"| `{word}` | {reason.number} | {reason.title} | {states} |\n")
    parts.append("\n" + _REFUSAL_HEAD)
    parts += [f"| `{r.code}` | {r.message} | {r.hint} |\n" for r in REFUSALS.values()]
    parts.append("\n" + _ACT_REASON_HEAD)
    parts += [f"| `{r.word}` | {r.number} | {r.title} |\n" for r in act_reasons.BY_WORD.values()]
    parts.append("\n" + _ACT_REFUSAL_HEAD)
    parts += [f"| `{r.code}` | {r.message} | {r.hint} |\n" for r in ACT_REFUSALS.values()]
    return "".join(parts)


def _row(reason: Reason) -> str:
    english, chinese = " ".join(reason.en.parts), "".join(reason.zh.parts)
    return f"| `{reason.code}` | {OUTCOME_WORDS[reason.outcome]} | {english} | {chinese} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
