"""The code lists of the product: economies, sectors, standards, scopes, identifier schemes, life
cycle.

Read from the JSON files beside this module, each once and only when asked for. Decides which codes
are known, how a known standard is spelled, which edition a name of a standard means, and under
which scope of accreditation a standard falls. Where a list comes from is said in its ``source``
member and in SOURCE.md. Nothing here is certificate content.
"""

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

ECERT_CONTEXT_URL = "https://w3id.example/comity/ecert/v1"
"""Address of our JSON-LD extension context; its text is ``ecert_context()``."""

# ISO 3166-1, 8.1.3: free for whoever needs a code that no economy will ever have.
_USER_ASSIGNED: Final = (
    "AA",
    *(f"Q{x}" for x in "MNOPQRSTUVWXYZ"),
    *(f"X{chr(x)}" for x in range(ord("A"), ord("Z") + 1)),
    "ZZ",
)
# The first year in a name, after a colon or, as in "GB/T 19001-2016", a dash; what follows it, such
# as an amendment, belongs to the edition.
_YEAR: Final = re.compile(r"[:-]\s*(?=(?:19|20)\d\d(?!\d))")
_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Economy:
    """One economy of ISO 3166-1, with its CLDR short names."""

    code: str
    alpha3: str
    numeric: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sector:
    """One of the 39 economic sectors of accreditation."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard we know, in its one spelling (``<body> <number>[-part]:<year>``)."""

    name: str
    uri: str
    kind: str


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope of accreditation, as arrangements name it.

    Attributes:
        name: the main scope's code, such as ``MSC``, or main and sub-scope: ``MSC/QMS``.
        title: what it is about: the activity, or the standard of a sub-scope.
    """

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class ManagementSystem:
    """A kind of management system, its name, and the UNTP conformity topic that fits it best."""

    kind: str
    name: str
    topic: str
    topic_name: str


@dataclass(frozen=True, slots=True)
class IdentifierScheme:
    """A register whose identifiers a record may carry."""

    code: str
    name: str
    uri: str
    economy: str | None


@cache
def economies() -> dict[str, Economy]:
    """Return the economies by their two-letter code."""
    rows = _read("countries-iso3166.json")["countries"]
    return {
        row["a2"]: Economy(row["a2"], row["a3"], row["n"], {"en": row["en"], "zh": row["zh"]})
        for row in rows
    }


@cache
def economy_codes() -> frozenset[str]:
    """Return every code a member, a market or a policy may have.

    Those of ISO 3166-1 and the user-assigned ones, which never belong to a real economy.
    """
    return frozenset(economies()) | frozenset(_USER_ASSIGNED)


def known_economy(code: str) -> bool:
    """Return whether a member, a market or a policy may have this code."""
    return code in economy_codes()


def economy_name(code: str, language: str = "en") -> str:
    """Return what to call an economy: its name, or the code where it has none we know."""
    economy = economies().get(code)
    return code if economy is None else economy.names.get(language, economy.names["en"])


@cache
def sectors() -> dict[str, Sector]:
    """Return the sectors by their two-digit code."""
    return {
        row["code"]: Sector(row["code"], row["name"])
        for row in _read("iaf-sectors.json")["sectors"]
    }


@cache
def standards() -> dict[str, Standard]:
    """Return the known standards by name."""
    return {
        row["id"]: Standard(row["id"], row["uri"], row["kind"])
        for row in _read("standards.json")["standards"]
    }


@cache
def management_systems() -> dict[str, ManagementSystem]:
    """Return the kinds of management system by their short name (QMS, EMS …)."""
    return {
        row["kind"]: ManagementSystem(row["kind"], row["name"], row["topic"], row["topic_name"])
        for row in _read("standards.json")["management_systems"]
    }


def known_standard(text: str) -> Standard | None:
    """Return the standard ``text`` means, however it is spelled, or None if we do not know it."""
    return _standards_by_fold().get(_fold(text))


@cache
def standard_families() -> frozenset[str]:
    """Return the names of the known standards without their year, such as ``ISO 9001``."""
    families = {name.partition(":")[0] for name in standards()}
    return frozenset(families | {scope.title for scope in sub_scopes().values()})


def same_standard(asked: str, stated: str) -> bool:
    """Return whether what is asked for covers what is stated, however both are spelled.

    ``ISO 9001`` covers every edition of it, ``ISO 9001:2015`` that one alone.
    """
    family, edition = family_and_edition(asked)
    of_family, of_edition = family_and_edition(stated)
    return family == of_family and edition in ("", of_edition)


@cache
def main_scopes() -> dict[str, Scope]:
    """Return the main scopes of accreditation by name, such as ``MSC``."""
    rows = _read("recognition-arrangements.json")["main_scopes"]
    return {row["code"]: Scope(row["code"], row["activity"]) for row in rows}


@cache
def sub_scopes() -> dict[str, Scope]:
    """Return the sub-scopes by name, such as ``MSC/QMS``; each is titled with its standard."""
    rows = _read("recognition-arrangements.json")["msc_sub_scopes"]
    named = [Scope(f"MSC/{row['code']}", row["level5"]) for row in rows]
    return {scope.name: scope for scope in named}


@cache
def scopes() -> dict[str, Scope]:
    """Return all scopes, main ones and sub-scopes, by name."""
    return main_scopes() | sub_scopes()


def scope_of_standard(standard: str) -> str | None:
    """Return the sub-scope a standard falls under, such as ``MSC/QMS`` for ISO 9001:2015.

    None for a standard that no sub-scope is titled with.
    """
    return _scopes_by_family().get(family_and_edition(standard)[0])


def covers_scope(wide: str, narrow: str) -> bool:
    """Return whether one scope covers another: ``MSC`` covers itself and every ``MSC/…``."""
    return narrow == wide or narrow.startswith(f"{wide}/")


@cache
def identifier_schemes() -> dict[str, IdentifierScheme]:
    """Return the identifier schemes by code."""
    return {
        row["code"]: IdentifierScheme(row["code"], row["name"], row["uri"], row.get("economy"))
        for row in _read("identifier-schemes.json")["schemes"]
    }


def lifecycle() -> dict[str, Any]:
    """Return the life cycle: ``states``, ``events``, ``forbidden``, ``mappings``."""
    value: dict[str, Any] = _read("lifecycle.json")
    return value


def ecert_context() -> bytes:
    """Return our JSON-LD extension context as it is served."""
    return files(__name__).joinpath("example", "ecert-context-v1.jsonld").read_bytes()


def ecert_example() -> dict[str, Any]:
    """Return the fictional example e-certificate, each call a fresh copy."""
    value: dict[str, Any] = json.loads(
        files(__name__).joinpath("example", "ecert-example.json").read_bytes()
    )
    return value


@cache
def _standards_by_fold() -> dict[str, Standard]:
    return {_fold(name): standard for name, standard in standards().items()}


@cache
def _scopes_by_family() -> dict[str, str]:
    return {_fold(scope.title): scope.name for scope in sub_scopes().values()}


@lru_cache(maxsize=256)  # the same few standards, in every check
def family_and_edition(text: str) -> tuple[str, str]:
    """Return a standard's name without its year, and its edition, both folded: to compare, not to
    show. The edition is empty where the name has no year."""
    known = known_standard(text)
    name = text if known is None else known.name
    digit = _DIGIT.search(name)
    year = _YEAR.search(name, digit.end()) if digit else None
    return (_fold(name[: year.start()]), _fold(name[year.end() :])) if year else (_fold(name), "")


def _fold(text: str) -> str:
    return re.sub(r"[\s_:/.-]", "", text).upper()


def _read(name: str) -> Any:
    return json.loads(files(__name__).joinpath(name).read_bytes())
