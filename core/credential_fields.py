"""The fields of an e-certificate that its holder may hide, in one table.

Decides which members are selectively disclosable, how each is called in ``--fields``, on screen
and in reports, and under which heading it is chosen. No member that UNTP requires is among them,
nor certificate number, standard, effective date, expiry date or revision, so every choice of
fields remains a valid Digital Conformity Credential that says what it is about. Refuses names that
are not in the table and fields that a certificate does not have.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.errors import UsageError
from core.sdjwt import Path

_SUBJECT: Final = ("credentialSubject",)
_HOLDER: Final = (*_SUBJECT, "issuedToParty")
_CERTIFICATION: Final = (*_SUBJECT, "certification")

FIELDS_MEMBER: Final = "selectiveField"
"""Member of the certification, never hidden, that names the fields the body made hideable: without
it a reader could not tell a field that is held back from one there never was."""

ALL: Final = "all"
NONE: Final = "none"


class Group(StrEnum):
    """Under which heading a field is chosen."""

    IDENTITY = "identity"
    SCOPE = "scope"
    SITES = "sites"
    DATES = "dates"
    AUDIT = "audit"


GROUP_TITLES: Final[Mapping[Group, str]] = {
    Group.IDENTITY: "Identity",
    Group.SCOPE: "Scope",
    Group.SITES: "Sites",
    Group.DATES: "Dates",
    Group.AUDIT: "Audit",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field that can be hidden.

    Attributes:
        name: stable, as in ``--fields``.
        title: English, as on screen.
        group: heading it is chosen under.
        path: where it stands in the claims.
        item: for a list whose entries are hidden one by one, what one is called (``site`` gives
            ``site-1``, ``site-2`` …); empty for a field that is hidden as a whole.
    """

    name: str
    title: str
    group: Group
    path: Path
    item: str = ""


FIELDS: Final = (
    Field("registered-id", "Registered identifier", Group.IDENTITY, (*_HOLDER, "registeredId")),
    Field("id-scheme", "Register", Group.IDENTITY, (*_HOLDER, "idScheme")),
    Field("holder-names", "Name in other scripts", Group.IDENTITY, (*_CERTIFICATION, "holderName")),
    Field("holder-address", "Address", Group.IDENTITY, (*_CERTIFICATION, "holderAddress")),
    Field("holder-country", "Economy", Group.IDENTITY, (*_CERTIFICATION, "holderCountry")),
    Field(
        "certificate-link", "Certificate file", Group.IDENTITY, (*_SUBJECT, "conformityCertificate")
    ),
    Field("render", "Layout", Group.IDENTITY, ("renderMethod",)),
    Field("scope", "Scope of certification", Group.SCOPE, (*_CERTIFICATION, "scopeStatement")),
    Field("sectors", "Sectors", Group.SCOPE, (*_CERTIFICATION, "sectorCode")),
    Field("sites", "Sites", Group.SITES, (*_CERTIFICATION, "site"), "site"),
    Field("original-date", "First certified", Group.DATES, (*_CERTIFICATION, "originalIssueDate")),
    Field("decision-date", "Decided", Group.DATES, (*_CERTIFICATION, "certificationDecisionDate")),
    Field("assessments", "Audits", Group.AUDIT, (*_SUBJECT, "conformityAssessment"), "assessment"),
    Field("authorisation", "Accreditation", Group.AUDIT, (*_SUBJECT, "authorisation")),
    Field(
        "accreditation-number",
        "Accreditation number",
        Group.AUDIT,
        (*_CERTIFICATION, "accreditationNumber"),
    ),
    Field(
        "approval-number",
        "Approval of the certification body",
        Group.AUDIT,
        (*_CERTIFICATION, "issuerApprovalNumber"),
    ),
)

_UNNAMED: Final = frozenset(field.name for field in FIELDS if not field.name.startswith("holder-"))
"""What an e-certificate without ``FIELDS_MEMBER``, such as the example, may hide."""

_ALWAYS: Final = (
    ("certificate-number", "Certificate number", (*_CERTIFICATION, "certificateNumber")),
    ("standard", "Standard", (*_CERTIFICATION, "standard")),
    ("holder", "Certified organization", (*_HOLDER, "name")),
    ("issuer", "Certification body", ("issuer", "name")),
    ("effective-date", "In force from", (*_CERTIFICATION, "effectiveDate")),
    ("expiry-date", "In force until", (*_CERTIFICATION, "expiryDate")),
    ("revision", "Revision", (*_CERTIFICATION, "revision")),
    ("cycle", "Certification cycle", (*_CERTIFICATION, "cycle")),
)

TITLES: Final[Mapping[str, str]] = {name: title for name, title, _ in _ALWAYS} | {
    field.name: field.title for field in FIELDS
}
"""English title of everything ``shown`` can show."""

_ITEM_TITLES: Final = {"site": "Site", "assessment": "Audit"}

_PLACES: Final = tuple((name, path) for name, _, path in _ALWAYS) + tuple(
    (field.name, field.path) for field in FIELDS
)
_PARENTS: Final = tuple(dict.fromkeys(path[:-1] for _, path in _PLACES))
_SHOWN: Final = tuple((name, _PARENTS.index(path[:-1]), str(path[-1])) for name, path in _PLACES)
"""What can be shown: its name, which of ``_PARENTS`` holds it, and its member there."""
_HIDEABLE: Final = tuple(
    (field, _PARENTS.index(field.path[:-1]), str(field.path[-1])) for field in FIELDS
)
_NAMED: Final = (*_CERTIFICATION, FIELDS_MEMBER)
ARRAYS: Final = frozenset(field.path for field in FIELDS if field.item)
"""Where the lists stand whose entries are hidden one by one."""
_CONTAINERS: Final = (dict, list)


def title_of(name: str) -> str:
    """Return the English title of a field by its name, also of one entry such as ``site-2``."""
    item, _, number = name.rpartition("-")
    if name not in TITLES and item in _ITEM_TITLES:
        return f"{_ITEM_TITLES[item]} {number}"
    return TITLES.get(name, name)


def field_paths(claims: Mapping[str, Any]) -> dict[str, Path]:
    """Return, by name, where each field stands that these claims have and that can be hidden."""
    paths: dict[str, Path] = {}
    for field in FIELDS:
        value = _at(claims, field.path)
        if value is None:
            continue
        if not field.item:
            paths[field.name] = field.path
        elif isinstance(value, list):
            paths |= {f"{field.item}-{i + 1}": (*field.path, i) for i in range(len(value))}
    return paths


def disclosure_frame(claims: Mapping[str, Any]) -> frozenset[Path]:
    """Return the paths that issuing hides behind digests."""
    return frozenset(field_paths(claims).values())


def paths_by_name(paths: Iterable[Path]) -> dict[str, Path]:
    """Return the paths that are of fields, by the field's name, in the order of the table."""
    present = set(paths)
    named: dict[str, Path] = {}
    for field in FIELDS:
        if not field.item:
            if field.path in present:
                named[field.name] = field.path
            continue
        places = sorted(
            place
            for *parent, place in present
            if tuple(parent) == field.path and isinstance(place, int)
        )
        named |= {f"{field.item}-{i + 1}": (*field.path, i) for i in places}
    return named


def selective_members(claims: Mapping[str, Any]) -> list[str]:
    """Return the names for ``FIELDS_MEMBER``: the fields these claims have that hide as a whole.

    Entries of lists are not named: each leaves its place in the list when it is hidden.
    """
    return [
        field.name for field in FIELDS if not field.item and _at(claims, field.path) is not None
    ]


def choose(names: Iterable[str], available: Mapping[str, Path]) -> frozenset[Path]:
    """Return the paths that ``--fields`` asks to share.

    Args:
        names: field names; ``sites`` and ``assessments`` mean all entries, ``all`` everything,
            ``none`` nothing.
        available: what the certificate has, from ``field_paths`` or ``Credential.fields``.

    Raises:
        UsageError: a name that is in no certificate, or not in this one.
    """
    chosen: set[Path] = set()
    items = {field.name: field.item for field in FIELDS if field.item}
    for name in names:
        if name == ALL:
            chosen.update(available.values())
        elif name in available:
            chosen.add(available[name])
        elif name in items:
            chosen.update(
                path for known, path in available.items() if _item_of(known) == items[name]
            )
        elif name != NONE:
            raise _unknown_field(name, available)
    return frozenset(chosen)


def not_shared(
    claims: Mapping[str, Any], hidden: Mapping[Path, int], gaps: Mapping[Path, Iterable[int]]
) -> tuple[str, ...]:
    """Return the names of the fields that the body signed and the exporter holds back.

    Args:
        claims: what is disclosed.
        hidden: number of unresolved digests in each object and array.
        gaps: for arrays, which of the signed places are held back.
    """
    signed = _at(claims, _NAMED)
    named = signed if isinstance(signed, list) else _UNNAMED
    parents = [_object_at(claims, path) if path in hidden else None for path in _PARENTS]
    held: list[str] = []
    explained: dict[Path, int] = {}
    for field, place, member in _HIDEABLE:
        if field.item:
            places = sorted(gaps.get(field.path, ()))
            held += [f"{field.item}-{i + 1}" for i in places]
            explained[field.path] = len(places)
            continue
        parent = parents[place]
        if parent is not None and parent.get(member) is None and field.name in named:
            held.append(field.name)
            path = _PARENTS[place]
            explained[path] = explained.get(path, 0) + 1
    if any(count > explained.get(path, 0) for path, count in hidden.items()):
        held.append("other")
    return tuple(held)


def shown(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be shown of processed claims, by field name.

    Values are as signed, but without the ``type`` members that only machines need.
    """
    parents = [_object_at(claims, path) for path in _PARENTS]
    found = {}
    for name, place, member in _SHOWN:
        value = parents[place].get(member)
        if value or (value is not None and type(value) not in _CONTAINERS):
            found[name] = value if type(value) is str else _plain(value)
    return found


def summary(disclosed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return ``shown`` as lines for a person: (title, text)."""
    lines: list[tuple[str, str]] = []
    for name, value in disclosed.items():
        title = TITLES.get(name, name)
        entries = value if isinstance(value, list) and value and _is_object(value[0]) else [value]
        for n, entry in enumerate(entries, start=1):
            numbered = f"{title.removesuffix('s')} {n}" if len(entries) > 1 else title
            lines.append((numbered, _sentence(entry)))
    return lines


def _sentence(value: Any) -> str:
    """Return a value as one line: languages named, members of objects in order."""
    if isinstance(value, dict):
        wanted = [value[name] for name in _TELLING if name in value]
        if wanted:
            return ", ".join(map(str, wanted))
        return " · ".join(f"{name}: {_sentence(below)}" for name, below in value.items())
    if isinstance(value, list):
        return ", ".join(map(_sentence, value))
    return str(value)


_TELLING: Final = (
    "siteName",
    "siteAddress",
    "siteCountry",
    "siteScope",
    "name",
    "assessmentDate",
    "linkName",
    "linkURL",
)
"""Members of sites, audits, schemes and links that say something to a person, in order."""


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _plain(below) for name, below in value.items() if name != "type"}
    return [_plain(below) for below in value] if kind is list else value


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _at(claims: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(claims, dict):  # of JSON; asking for any Mapping costs ten times as much
            return None
        claims = claims.get(step)
    return claims


def _object_at(claims: Any, path: Path) -> dict[str, Any]:
    """Return the object at a path; where there is none, one without members."""
    found = _at(claims, path)
    return found if isinstance(found, dict) else {}


def _item_of(name: str) -> str:
    stem, _, number = name.rpartition("-")
    return stem if number.isdecimal() else ""


def _unknown_field(name: str, available: Mapping[str, Path]) -> UsageError:
    known = {field.name for field in FIELDS} | {field.item for field in FIELDS if field.item}
    shareable = ", ".join([*available, ALL, NONE])
    if name in known or _item_of(name) in known:
        return UsageError(
            "field_absent", "this certificate has no such field to share", f"it has: {shareable}"
        )
    return UsageError("field_unknown", "there is no such field", f"choose from: {shareable}")
