"""The code lists of the product: economies, sectors, standards, identifier schemes, life cycle.

Read from the JSON files beside this module, each once and only when asked for. Decides which codes
are known and how a known standard is spelled. Where a list comes from is said in its ``source``
member and in SOURCE.md. Nothing here is certificate content.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ECERT_CONTEXT_URL = "https://w3id.example/comity/ecert/v1"
"""Address of our JSON-LD extension context; its text is ``ecert_context()``."""


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


def _fold(text: str) -> str:
    return re.sub(r"[\s_:/.-]", "", text).upper()


def _read(name: str) -> Any:
    return json.loads(files(__name__).joinpath(name).read_bytes())
