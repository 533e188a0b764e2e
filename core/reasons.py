"""Every reason a check can give: one table, from which page, command line, API and docs are made.

A reason belongs to one line and one outcome. Its sentence has three parts: what we found, what it
means, what you can do. ``{…}`` places take dates and registered names of members only, never
certificate content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.report import Outcome

# Where evidence comes from
SOURCE_DOCUMENT: Final = "document"
SOURCE_CLOCK: Final = "clock"
SOURCE_LEDGER: Final = "ledger"
SOURCE_NONE: Final = "none"

SOURCES: Final[Mapping[str, str]] = {
    SOURCE_DOCUMENT: "the file itself",
    SOURCE_CLOCK: "this verifier's clock",
    SOURCE_LEDGER: "this verifier's own chain node",
    SOURCE_NONE: "no evidence",
}

LINE_TITLES: Final[Mapping[int, str]] = {
    1: "Issued by the named body",
    2: "Unchanged",
    3: "Registered",
    4: "Within its dates",
    5: "Not suspended or withdrawn",
    6: "Covers what you asked for",
    7: "Issuer accredited",
    8: "In the arrangement",
    9: "Accepted in the market",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Args:
        line: the line it answers.
        code: stable machine value.
        outcome: the outcome it stands for.
        found, means, advice: the three parts of the sentence; ``means`` and ``advice`` may be
            empty where a Yes speaks for itself.
    """

    line: int
    code: str
    outcome: Outcome
    found: str
    means: str = ""
    advice: str = ""
    _sentence: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = (self.found, self.means, self.advice)
        object.__setattr__(self, "_sentence", " ".join(part for part in parts if part))

    @property
    def defers(self) -> bool:
        """Whether it only sends the reader to another line, which says what to do."""
        return self.advice.startswith("See line")

    def sentence(self, **places: str) -> str:
        """Return the sentence with its places filled."""
        return self._sentence.format(**places)


_YES, _NO, _CONDITION = Outcome.YES, Outcome.NO, Outcome.CONDITION
_COULD_NOT, _NOT_ASKED = Outcome.COULD_NOT_BE_CHECKED, Outcome.NOT_ASKED

_FORGED = "Do not rely on it. Ask the certification body named on it."
_ALTERED = "Do not rely on it. Ask the exporter for the original file."
_NO_LEDGER_MEANS = "This says nothing against the certificate."

_ALL = (
    # 1 issued by the named body
    Reason(1, "issuer_confirmed", _YES, "Signed with a key that {body} had registered."),
    Reason(1, "issuer_unknown", _NO,
           "The body named as issuer is not a member of this network.",
           "Nobody here vouches for it.", _FORGED),
    Reason(1, "issuer_key_unknown", _NO,
           "It is not signed with any key that {body} has registered.",
           "The named body did not issue it.", _FORGED),
    Reason(1, "issuer_key_purpose", _NO,
           "It is signed with a key that {body} registered for another purpose.",
           "Such a key cannot issue certificates.", _FORGED),
    Reason(1, "issuer_key_too_late", _NO,
           "It was registered before {body} registered the key that signed it.",
           "That key could not issue certificates then.", _FORGED),
    Reason(1, "issuer_key_revoked", _NO,
           "{body} had revoked the key that signed it before it was registered.",
           "Whoever used the key then was not the body.", _FORGED),
    Reason(1, "issuer_signature_wrong", _NO,
           "The signature is not the named body's.",
           "It was forged or changed after it was issued.", _FORGED),
    Reason(1, "issuer_named_otherwise", _NO,
           "{body} signed it, and it calls its issuer by another name.",
           "A body issues only under the names it has registered.", _FORGED),
    Reason(1, "issuer_algorithm_refused", _NO,
           "It names a signature method that this network does not accept.",
           "Anyone could have made it.", _FORGED),
    Reason(1, "issuer_not_checked", _COULD_NOT,
           "This verifier has no usable state of the ledger where the body's keys are registered.",
           _NO_LEDGER_MEANS, "See line 3."),
    # 2 unchanged
    Reason(2, "content_unchanged", _YES, "Everything shown is exactly what was signed."),
    Reason(2, "content_altered", _NO,
           "The content does not match the signature.",
           "It was changed after it was issued.", _ALTERED),
    Reason(2, "disclosure_mismatch", _NO,
           "A part of it was added, removed or changed after it was signed.",
           "It is not what the body issued.", _ALTERED),
    Reason(2, "content_not_checked", _COULD_NOT,
           "Without the body's registered key the content cannot be compared with the signature.",
           "", "See line 1."),
    # 3 registered
    Reason(3, "registered", _YES, "Registered on {date} by {body}."),
    Reason(3, "not_registered", _NO,
           "The ledger holds no such registration.",
           "The body never registered this certificate there.", _FORGED),
    Reason(3, "registered_by_another", _NO,
           "It rests on a registration by another member than the body named as issuer.",
           "A member cannot register certificates for another body.", _FORGED),
    Reason(3, "proof_mismatch", _NO,
           "It is not part of the registration that it names.",
           "The proof belongs to something else.", _FORGED),
    Reason(3, "registration_disowned", _NO,
           "{body} has declared on {date} that this registration is not its own.",
           "The body does not stand by what was registered there.", _FORGED),
    Reason(3, "registration_differs", _NO,
           "The ledger holds this registration at another place or with another size.",
           "The proof was altered.", "Ask the exporter for a new file."),
    Reason(3, "ledger_unknown", _COULD_NOT,
           "It was registered on a ledger that this verifier does not follow.",
           _NO_LEDGER_MEANS, "Use a verifier that follows that ledger."),
    Reason(3, "ledger_unreachable", _COULD_NOT,
           "This verifier cannot reach the ledger and has no state of it.",
           _NO_LEDGER_MEANS, "Try again later."),
    Reason(3, "ledger_too_old", _COULD_NOT,
           "This verifier's ledger state is of {date}, older than accepted.",
           _NO_LEDGER_MEANS, "Try again later."),
    Reason(3, "ledger_behind", _COULD_NOT,
           "It names a registration newer than this verifier's ledger state of {date}.",
           _NO_LEDGER_MEANS, "Try again in a minute."),
    Reason(3, "clock_wrong", _COULD_NOT,
           "This verifier's clock is behind the ledger.",
           "Dates and ages cannot be judged.", "Set the clock and check again."),
    Reason(3, "issuer_open", _COULD_NOT,
           "The registration cannot be compared with the issuer, who could not be confirmed.",
           "", "See line 1."),
    # 4 within its dates
    Reason(4, "within_dates", _YES, "Its dates include {date}."),
    Reason(4, "expired", _NO,
           "It expired on {date}.", "It is no longer in force.",
           "Ask the certified organization for its current certificate."),
    Reason(4, "not_yet_in_force", _NO,
           "It takes effect on {date}.", "It is not in force yet.",
           "Check it again from that day."),
    Reason(4, "dates_not_checked", _COULD_NOT,
           "Its dates cannot be relied on, because issuer or content could not be confirmed.",
           "", "See lines 1 and 2."),
    Reason(4, "dates_clock_wrong", _COULD_NOT,
           "This verifier's clock is behind the ledger.",
           "Dates cannot be judged.", "Set the clock and check again."),
    # 5 not suspended or withdrawn
    Reason(5, "no_status_event", _YES, "The body has declared nothing against it."),
    Reason(5, "restored", _YES, "Restored by the body on {date}; in force since."),
    Reason(5, "suspension_announced", _CONDITION,
           "The body has announced a suspension from {date}.", "It is in force until then.",
           "Check it again from that day."),
    Reason(5, "end_announced", _CONDITION,
           "The body has announced that it ends on {date}.", "It is in force until then.",
           "Ask the certified organization what replaces it."),
    Reason(5, "suspended", _NO,
           "Suspended on {date} by the certification body.", "It is not in force.",
           "Do not rely on it until it is restored. Ask the body."),
    Reason(5, "withdrawn", _NO,
           "Withdrawn on {date} by the certification body.", "It will not come back into force.",
           "Do not rely on it."),
    Reason(5, "cancelled", _NO,
           "Cancelled on {date} at the certified organization's request.",
           "It is no longer in force.", "Do not rely on it."),
    Reason(5, "superseded", _NO,
           "Replaced on {date} by a newer certificate.", "This one is no longer in force.",
           "Ask the certified organization for the newer one."),
    Reason(5, "status_not_checked", _COULD_NOT,
           "This verifier has no ledger state to read its status from.",
           _NO_LEDGER_MEANS, "Try again later."),
    Reason(5, "status_too_old", _COULD_NOT,
           "This verifier's ledger state is of {date}, older than accepted.",
           "A later suspension would not be seen.", "Try again later."),
    Reason(5, "status_behind", _COULD_NOT,
           "This verifier's ledger state ends before the certificate was registered.",
           _NO_LEDGER_MEANS, "Try again in a minute."),
    Reason(5, "status_clock_wrong", _COULD_NOT,
           "This verifier's clock is behind the ledger.",
           "Dates and ages cannot be judged.", "Set the clock and check again."),
    Reason(5, "status_not_understood", _COULD_NOT,
           "The body has declared a state that this verifier does not know.",
           "It may not be in force.", "Use a newer verifier, or ask the body."),
    Reason(5, "status_owner_open", _COULD_NOT,
           "Whose status this is cannot be told, because issuer or content could not be confirmed.",
           "", "See lines 1 and 2."),
    # 6 to 9
    Reason(6, "scope_not_asked", _NOT_ASKED, "No standard, sector or site was asked for."),
    Reason(7, "accreditation_not_asked", _NOT_ASKED, "No market was asked for."),
    Reason(8, "arrangement_not_asked", _NOT_ASKED, "No market was asked for."),
    Reason(9, "market_not_asked", _NOT_ASKED, "No market was asked for."),
    Reason(6, "scope_not_checked", _COULD_NOT,
           "This verifier cannot compare scopes yet.", _NO_LEDGER_MEANS,
           "Read the scope on the certificate."),
    Reason(7, "accreditation_not_checked", _COULD_NOT,
           "This verifier holds no accreditation records.", _NO_LEDGER_MEANS,
           "Ask the accreditation body."),
    Reason(8, "arrangement_not_checked", _COULD_NOT,
           "This verifier holds no arrangements.", _NO_LEDGER_MEANS,
           "Ask the authority of your market."),
    Reason(9, "market_not_checked", _COULD_NOT,
           "This verifier holds no acceptance policy for that market.",
           _NO_LEDGER_MEANS, "Ask the authority of your market."),
)  # fmt: skip

REASONS: Final[Mapping[str, Reason]] = {reason.code: reason for reason in _ALL}
