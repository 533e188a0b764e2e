"""Acceptance policies for tests: the least one, one with everything, and any that is valid."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from core import codes
from core.acceptance import KIND, Acceptance
from core.credential_fields import FIELDS
from tests.support.record_strategy import TEXT

ORIGIN = f"comity/31337/0x{'5b' * 20}"


def least_policy() -> dict[str, Any]:
    """Return an unsigned policy that accepts nothing, with no member that may be left out."""
    return {
        "v": 1,
        "kind": KIND,
        "economy": "XA",
        "version": 1,
        "effective_at": "2026-01-01T00:00:00Z",
        "title": {"en": "What XA accepts"},
        "own_accreditation": False,
        "signatures": {"algorithms": ["ES256", "Ed25519"], "key_assurance": "file"},
        "max_evidence_age": {"live": 600, "offline": 2_592_000},
    }


def full_policy() -> dict[str, Any]:
    """Return an unsigned policy with every member there is but the signature."""
    return least_policy() | {
        "ledger": ORIGIN,
        "home_bodies": [4, 6],
        "accepts": [
            {
                "arrangement": 1,
                "through": "accreditation",
                "scopes": ["MSC/QMS", "MSC/EMS"],
                "standards": ["ISO 9001", "ISO 14001:2015"],
                "sectors": ["19", "28"],
                "conditions": ["importer-registration"],
            },
            {"arrangement": 2, "through": "direct", "scopes": ["MSC"]},
        ],
        "required_disclosures": ["sectors", "sites"],
        "conditions": [
            {
                "id": "importer-registration",
                "text": {"en": "The importer must be registered.", "zh": "进口商须登记。"},
            }
        ],
    }


def policy(**changes: Any) -> Acceptance:
    """Return the full policy with some members changed; those given as None are left out."""
    changed = full_policy() | changes
    return Acceptance.parse({name: value for name, value in changed.items() if value is not None})


def _some(names: Any, most: int = 5) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(sorted(names)), min_size=1, max_size=most, unique=True)


_TEXTS = st.dictionaries(st.sampled_from(["zh", "de", "pt-BR", "ar"]), TEXT, max_size=3).flatmap(
    lambda others: TEXT.map(lambda english: {"en": english, **others})
)
_IDS = st.from_regex(r"[a-z0-9]{1,10}(-[a-z0-9]{1,8})?", fullmatch=True)
_NUMBERS = st.integers(1, 2**32 - 1)
_AGES = st.integers(30, 366 * 86_400)
_STANDARDS = [*codes.standard_families(), *codes.standards(), "ISO 9001:2008"]


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Return any valid unsigned policy."""
    names = draw(st.lists(_IDS, max_size=3, unique=True))
    entries = []
    for part in [names, *draw(st.lists(st.just([]), max_size=2))]:
        entry = {
            "arrangement": draw(_NUMBERS),
            "through": draw(st.sampled_from(["accreditation", "direct"])),
            "scopes": sorted({"MSC", *draw(_some(codes.scopes()))}),
        }
        optional = {"standards": _some(_STANDARDS), "sectors": _some(codes.sectors())}
        entry |= draw(st.fixed_dictionaries({}, optional=optional))
        entries.append(entry | ({"conditions": part} if part else {}))
    told: dict[str, Any] = {}
    if names:
        told = {"conditions": [{"id": name, "text": draw(_TEXTS)} for name in names]}
    return (
        draw(
            st.fixed_dictionaries(
                {
                    "v": st.just(1),
                    "kind": st.just(KIND),
                    "economy": st.sampled_from(sorted(codes.economy_codes())),
                    "version": st.integers(1, 2**31 - 1),
                    "effective_at": st.datetimes().map(
                        lambda moment: f"{moment.isoformat(timespec='seconds')}Z"
                    ),
                    "title": _TEXTS,
                    "home_bodies": st.lists(_NUMBERS, min_size=1, max_size=3, unique=True),
                    "accepts": st.just(entries)
                    if len(set(map(str, entries))) == len(entries)
                    else (st.just(entries[:1])),
                    "own_accreditation": st.booleans(),
                    "signatures": st.fixed_dictionaries(
                        {
                            "algorithms": _some(["ES256", "Ed25519"]),
                            "key_assurance": st.sampled_from(["file", "hsm", "qualified"]),
                        }
                    ),
                    "max_evidence_age": st.fixed_dictionaries({"live": _AGES, "offline": _AGES}),
                },
                optional={
                    "ledger": st.just(ORIGIN),
                    "required_disclosures": _some(field.name for field in FIELDS),
                },
            )
        )
        | told
    )
