"""What the OpenAPI document says of the network's answers and feeds.

Written beside the generated document, which knows no type that may also be null.
"""

from typing import Any, Final

from core.report import Outcome
from core.report_details import RUNGS
from core.runtime.problems import CONTENT_TYPE
from verifier.feeds import ATOM_TYPE, JSON_TYPE

_TEXT: Final = {"type": "string"}
_MAYBE: Final = {"type": ["string", "null"]}
_MEMBER: Final = {"type": "integer", "minimum": 1}
_COUNT: Final = {"type": "integer", "minimum": 0}
_FLAG: Final = {"type": "boolean"}
_MOMENT: Final = {"type": ["string", "null"], "format": "date-time"}
_OUTCOME: Final = {"type": "string", "enum": [outcome.value for outcome in Outcome]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_RUNG: Final = _object(
    kind={"type": "string", "enum": list(RUNGS)}, name=_TEXT,
    member={"type": ["integer", "null"]}, outcome=_OUTCOME, code=_TEXT,
    **{"from": _MOMENT}, until=_MOMENT, scope=_MAYBE, reason=_TEXT,
)  # fmt: skip
_ACCEPTED: Final = _object(
    member=_MEMBER, name=_TEXT, economy=_TEXT, standard=_TEXT, market=_TEXT,
    sectors={"oneOf": [{"const": "all"}, _many(_TEXT)]}, outcome=_OUTCOME,
    since=_MOMENT, until=_MOMENT,
    through={"enum": ["accreditation", "own_accreditation", "direct", None]},
    ladder=_many(_RUNG), conditions=_many(_object(id=_TEXT, text={"type": "object"})),
    required_disclosures=_many(_TEXT),
)  # fmt: skip
_HELD_TEXT: Final = _object(sha256=_TEXT, bytes=_COUNT, at_hand=_FLAG)
_NOTICE: Final = _object(
    notice=_TEXT, kind=_TEXT, publisher=_MEMBER, published_at=_MOMENT,
    subject={"type": ["object", "null"]}, title=_TEXT, text=_HELD_TEXT,
)  # fmt: skip
_ARRANGEMENT: Final = _object(
    arrangement=_MEMBER, title=_TEXT, keeper=_MEMBER, roles=_many(_TEXT), made_at=_MOMENT,
    text=_HELD_TEXT,
    parties=_many(
        _object(
            member=_MEMBER,
            scopes=_many(_object(scope=_TEXT, state=_TEXT, since=_MOMENT, declared_at=_MOMENT)),
        )
    ),
    in_effect=_many(
        _object(
            scope=_TEXT, unilateral=_FLAG, parties=_many(_object(member=_MEMBER, since=_MOMENT))
        )
    ),
)  # fmt: skip
NETWORK: Final = _object(
    v={"type": "integer", "const": 1},
    ledger=_TEXT,
    evidence=_object(block=_COUNT, hash=_TEXT, time=_MOMENT, usable=_FLAG),
    question=_object(standard=_MAYBE, sector=_MAYBE, market=_MAYBE, at=_MOMENT),
    accepted=_many(_ACCEPTED),
    members=_many(
        _object(
            member=_MEMBER, name=_TEXT, names={"type": "object"}, economy=_TEXT,
            roles=_many(_TEXT), standing=_TEXT, since=_MOMENT, admitted_at=_MOMENT, stopped=_FLAG,
            cosigner=_FLAG, endpoint=_TEXT,
        )
    ),
    keys=_many(
        _object(
            member=_MEMBER, purpose=_TEXT, thumbprint=_TEXT, added_at=_MOMENT, revoked_at=_MOMENT,
            assurance={"enum": ["file", "hsm", "qualified"]},
        )
    ),
    accreditations=_many(
        _object(
            accreditation_body=_MEMBER, certification_body=_MEMBER, scope=_TEXT, state=_TEXT,
            since=_MOMENT, until=_MOMENT, declared_at=_MOMENT, coverage={"type": "object"},
            accreditation_body_standing=_TEXT, declarations=_COUNT,
        )
    ),
    arrangements=_many(_ARRANGEMENT),
    proposals=_many(
        _object(
            proposal=_MEMBER, action=_TEXT, asks=_TEXT, subject={"type": ["integer", "null"]},
            proposer=_MEMBER, proposed_at=_MOMENT, expires_at=_MOMENT, yes=_many(_MEMBER),
            no=_many(_MEMBER), not_yet=_many(_MEMBER), needed=_COUNT, economies=_many(_TEXT),
            economies_needed=_COUNT, passes=_FLAG,
        )
    ),
    policies=_many(
        _object(
            economy=_TEXT, name=_TEXT, in_force={"type": ["object", "null"]},
            unreadable_newer=_FLAG,
        )
    ),
    alerts=_many(_NOTICE),
    notices=_many(_NOTICE),
)  # fmt: skip

_PROBLEMS: Final[dict[str, Any]] = {
    "400": {"description": "not as documented", "content": {CONTENT_TYPE: {}}},
    "404": {"description": "no such ledger or member here", "content": {CONTENT_TYPE: {}}},
    "429": {"description": "too many requests; see Retry-After", "content": {CONTENT_TYPE: {}}},
    "503": {"description": "the ledger is not known here yet", "content": {CONTENT_TYPE: {}}},
}
_NETWORK: Final[dict[str, Any]] = {
    "200": {
        "description": "the network at this verifier's newest block",
        "content": {"application/json": {"schema": NETWORK}},
    },
    **_PROBLEMS,
}
_FEED: Final[dict[str, Any]] = {
    "200": {
        "description": "the newest entries",
        "content": {JSON_TYPE: {"schema": {"type": "object"}}, ATOM_TYPE: {"schema": _TEXT}},
    },
    **_PROBLEMS,
}


def describe_network(document: dict[str, Any]) -> None:
    """Add to an OpenAPI document what the network and its feeds answer."""
    answers = {
        "/v1/network": _NETWORK,
        "/feeds/network.{form}": _FEED,
        "/feeds/members/{member}.{form}": _FEED,
    }
    for path, given in answers.items():
        document["paths"][path]["get"]["responses"] = given
