"""Key assurance: a body declares how it keeps a key of its own.

Decides the sentence. Acceptance policies may ask for a level, and what counts for a certificate is
the last declaration before its anchor. It is the body's word: nobody checks it from outside.
"""

from typing import Final

from core.encoding import b64url, b64url_decode
from core.errors import FormatError, NotFound, UsageError
from core.events import Assurance, Event, KeyAdded, KeyAssured, KeyPurpose, KeyRevoked, key_key
from node.acting import Draft, Expected, Ground
from node.states import ActKind

WORDS: Final = {
    Assurance.FILE: "in a file",
    Assurance.HSM: "in a hardware security module",
    Assurance.QUALIFIED: "as a qualified electronic seal's",
}


def assuring(ground: Ground, key: str, assurance: Assurance) -> Draft:
    """Draft a declaration of how a key is kept.

    Args:
        key: its thumbprint, or a purpose (``assertion``, ``share``) with one key that stands.

    Raises:
        NotFound: this body has no such key.
        UsageError: more than one key has this purpose.
    """
    thumbprint = _thumbprint(ground, key)
    own = key_key(ground.member, thumbprint)
    history = ground.evidence.history(own)
    declared = [event for event in history if isinstance(event, KeyAssured)]
    standing: Event | None = declared[-1] if declared else history[0]
    level = declared[-1].assurance if declared else Assurance.FILE
    return Draft(
        kind=ActKind.KEY_ASSURANCE,
        stated={"key": b64url(thumbprint), "assurance": assurance.name.lower()},
        call=ground.calls.assure_key(thumbprint, int(assurance)),
        expected=Expected(own, KeyAssured.kind, {"assurance": int(assurance)}),
        sentence=f"{ground.body.name} declares that it keeps the key {b64url(thumbprint)} "
        f"{WORDS[assurance]}.",
        undo="Another declaration replaces it; what was anchored before keeps what held then.",
        standing=standing if level == assurance else None,
    )


def _thumbprint(ground: Ground, key: str) -> bytes:
    purpose = KeyPurpose.__members__.get(key.upper())
    prefix = f"key/{ground.member}/"
    if purpose is None:
        try:
            thumbprint = b64url_decode(key, what="thumbprint", size=32)
        except FormatError:
            raise UsageError("key_form", "KEY: expected a thumbprint, assertion or share",
                             "comity keys show FILE") from None  # fmt: skip
        if not ground.evidence.history(key_key(ground.member, thumbprint)):
            raise NotFound("key_unknown", "this body has no such key on the ledger")
        return thumbprint
    found = [
        added.thumbprint
        for history in map(ground.evidence.history, ground.evidence.keys(prefix))
        if not any(isinstance(event, KeyRevoked) for event in history)
        for added in history
        if isinstance(added, KeyAdded) and added.purpose == purpose
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound("key_unknown", "this body has no such key that stands")
    raise UsageError("key_ambiguous", "more than one key has this purpose",
                     "name it by its thumbprint")  # fmt: skip
