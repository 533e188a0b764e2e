"""``comity acts``, and the way every command goes that acts in the network.

Decides the dialogue. A draft is made from the followed ledger. What stands on the ledger already,
or waits here already, is told and done with. Else the chain node is asked whether the ledger would
take it now: a refusal is told in words and nothing is kept. ``--dry-run`` ends there. Otherwise the
act is kept, and the worker takes it to the ledger; a chain node that does not answer delays it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from core.errors import Unavailable
from core.report import timestamp
from core.runtime.exits import Exit, line
from node.cli_common import Json, Node, note, open_desk, show, wait_until_final
from node.states import ActState

if TYPE_CHECKING:
    from contracts.calls import Call
    from node.acting import Act, Draft, Ground
    from node.desk import Desk
    from node.membership import Evidence
    from node.refusals import Refusal

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be recorded; change nothing.")
]

MemberName = Annotated[
    str, typer.Argument(metavar="MEMBER", help="Number, endpoint host or registered name.")
]
Reason = Annotated[str, typer.Option(metavar="WORD", help="docs/reasons.md lists them.")]


class LedgerSays(StrEnum):
    """What the chain node answered when it was asked whether the ledger would take an act."""

    ACCEPTS = "accepts"
    REFUSES = "refuses"
    NOT_ASKED = "not_asked"  # it stands already, or rests on acts that wait here
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an act that was asked for."""

    draft: "Draft"
    says: LedgerSays
    refusal: "Refusal | None" = None
    act: "Act | None" = None
    dry_run: bool = False

    @property
    def code(self) -> Exit:
        """The command's exit code."""
        if self.refusal is not None:
            return Exit.REFUSED
        unknown = self.dry_run and self.says is LedgerSays.NOT_REACHED
        return Exit.UNREACHABLE if unknown else Exit.DONE

    def dump(self) -> dict[str, Any]:
        """Return the answer as ``--json`` shows it."""
        standing = self.draft.standing
        return {
            "kind": self.draft.kind.value,
            "dry_run": self.dry_run,
            "sentence": self.draft.sentence,
            "undo": self.draft.undo,
            "already": None
            if standing is None
            else {"position": standing.position.dump(), "time": standing.time},
            "ledger": self.says.value,
            "refusal": self.refusal.dump() if self.refusal else None,
            "act": self.act.dump() if self.act else None,
        }


def acts(as_json: Json = False, node: Node = None) -> int:
    """List what this body did in the network and what waits, newest first."""
    from node.acting import newest_acts

    with open_desk(node) as desk:
        found = newest_acts(desk.store)
    if as_json:
        show({"acts": [one.dump() for one in found]})
        return Exit.DONE
    for one in found:
        typer.echo(f"{timestamp(one.received_at)}  {one.state.value:<8}  {one.sentence}")
        if one.refusal is not None:
            typer.echo(f"  {line(one.refusal.message)}\n  hint: {line(one.refusal.hint)}")
    if not found:
        note("this body has not acted in the network yet")
    return Exit.DONE


def take_part(
    draft_of: "Callable[[Ground], Draft]",
    *,
    dry_run: bool,
    wait: bool,
    as_json: bool,
    node: Path | None,
) -> int:
    """Do what one command asks for, tell it, and return the exit code.

    Args:
        draft_of: makes the draft from what the ledger says now.
    """
    from node.acting import Ground

    with open_desk(node) as desk:
        with desk.ledger() as view:
            ground = Ground(view.evidence, view.body, desk.clock())
            answer = _answer(desk, draft_of(ground), ground, dry_run=dry_run)
        if answer.act is not None and not dry_run:
            desk.wake_worker()
            if wait:
                answer = _waited(desk, answer)
    _tell(answer, as_json=as_json)
    return answer.code


def inert(text: str) -> str:
    """Return a text of somebody else so that a terminal shows it and obeys nothing in it."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _answer(desk: "Desk", draft: "Draft", ground: "Ground", *, dry_run: bool) -> Answer:
    from node.acting import anything_waits, keep, waiting_act

    if draft.standing is not None:
        return Answer(draft, LedgerSays.NOT_ASKED, dry_run=dry_run)
    waiting = waiting_act(desk.store, draft)
    if waiting is not None:
        return Answer(draft, LedgerSays.NOT_ASKED, act=waiting, dry_run=dry_run)
    if anything_waits(desk.store):
        says, refusal = LedgerSays.NOT_ASKED, None
    else:
        says, refusal = _ask(desk, draft.call, ground.evidence, ground.member)
    if dry_run or refusal is not None:
        return Answer(draft, says, refusal, dry_run=dry_run)
    return Answer(draft, says, act=keep(desk.store, draft, ground, random=desk.random))


def _ask(
    desk: "Desk", call: "Call", evidence: "Evidence", member: int
) -> "tuple[LedgerSays, Refusal | None]":
    """Run the call on the newest state, without sending anything."""
    from contracts.chain import Chain
    from contracts.interfaces import LedgerRefused
    from node.act_refusals import act_refusal
    from node.membership import operating_account_of

    settings = desk.config.ledger
    if settings is None:
        return LedgerSays.NOT_REACHED, None
    try:
        chain = Chain(settings.rpc_url, settings.chain_id)
        try:
            chain.call(call.to, call.data, operating_account_of(evidence, member))
        finally:
            chain.close()
    except LedgerRefused as refused:
        return LedgerSays.REFUSES, act_refusal(refused.code)
    except Unavailable:
        return LedgerSays.NOT_REACHED, None
    return LedgerSays.ACCEPTS, None


def _waited(desk: "Desk", answer: Answer) -> Answer:
    from node.acting import act_of

    assert answer.act is not None
    known = answer.act.id
    act = wait_until_final(desk, lambda: act_of(desk.store, known), lambda one: one.is_final)
    return Answer(answer.draft, answer.says, act.refusal, act)


def _tell(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        show(answer.dump())
        return
    draft, act = answer.draft, answer.act
    if answer.refusal is not None:
        if answer.dry_run:
            typer.echo(f"Readers would see: {draft.sentence}")
        note(f"error: {line(answer.refusal.message)}\nhint: {line(answer.refusal.hint)}")
    elif draft.standing is not None:
        block = draft.standing.position.block
        typer.echo(f"On the ledger already, block {block}: {draft.sentence}")
    elif answer.dry_run:
        typer.echo(f"Readers would see: {draft.sentence}\n{draft.undo}")
        typer.echo(_SAID[answer.says])
        note("nothing was changed")
    elif act is not None and act.state is ActState.RECORDED:
        typer.echo(f"On the ledger. {draft.sentence}")
    else:
        typer.echo(f"On its way to the ledger. {draft.sentence}")
        note(f"hint: {draft.undo} comity acts shows how it stands")


_SAID: Final = {
    LedgerSays.ACCEPTS: "The ledger would accept it now.",
    LedgerSays.NOT_ASKED: "The ledger was not asked: other acts of this body come first.",
    LedgerSays.NOT_REACHED: "The chain node did not answer: whether the ledger would accept it "
    "is not known.",
}
