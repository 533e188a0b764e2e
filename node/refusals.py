"""Why something that was accepted ends without an anchor: the codes a holder of a receipt reads.

Decides the words. A code is stable, documented, and never reused; the table is the one source for
page, command line, API and documentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason: what happened, and what its reader can do."""

    code: str
    message: str
    hint: str

    def dump(self) -> dict[str, Any]:
        """Return the refusal as a receipt shows it."""
        return {"code": self.code, "message": self.message, "hint": self.hint}


_ALL: Final = (
    Refusal(
        "not_issuable",
        "No e-certificate can be made from this record.",
        "Correct the record, raise its revision, and send it again.",
    ),
    Refusal(
        "record_damaged",
        "The record was damaged on the body's disk before anything was signed.",
        "Raise its revision, and send it again.",
    ),
    Refusal(
        "member_expelled",
        "This body has been expelled from the ledger and can register nothing more.",
        "Ask the members of the network.",
    ),
    Refusal(
        "role_missing",
        "This body is no certification body: the ledger registers no certificates of it.",
        "Roles are given with the admission, by vote.",
    ),
    Refusal(
        "move_forbidden",
        "The ledger refused the change: the certificate's state does not allow it.",
        "Look at the certificate's state; somebody else may have changed it first.",
    ),
    Refusal(
        "restored_before_suspension",
        "The ledger refused the change: a certificate is not restored before it was suspended.",
        "Choose a later date.",
    ),
    Refusal(
        "time_out_of_range",
        "The ledger refused the change: one of its dates is out of range.",
        "Choose other dates.",
    ),
    Refusal(
        "link_invalid",
        "The ledger refused the change: the certificate it names as successor or predecessor "
        "does not fit.",
        "Name another certificate.",
    ),
    Refusal(
        "successor_refused",
        "The certificate that was to take its place could not be issued.",
        "Correct the successor's record, raise its revision, and order it again.",
    ),
    Refusal(
        "ledger_refused",
        "The ledger refused it.",
        "The node's log names the contract's error.",
    ),
)

REFUSALS: Final[Mapping[str, Refusal]] = {refusal.code: refusal for refusal in _ALL}


def refusal(code: str) -> Refusal:
    """Return the refusal with this code; an unknown code reads as the general one."""
    return REFUSALS.get(code, REFUSALS["ledger_refused"])
