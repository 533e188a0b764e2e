"""The network as text for a terminal: who is accepted where, then all that the ledger shows.

The same words as the page. Everything a member wrote is one line, without what a terminal obeys.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from core.codes import economy_name
from core.outcome import Outcome
from verifier.acceptors import Acceptor
from verifier.checks.case import moment
from verifier.network import Network
from verifier.render import SIGNS, age, printable

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.YES: "Yes",
    Outcome.CONDITION: "Yes, with a condition",
    Outcome.NO: "No",
    Outcome.COULD_NOT_BE_CHECKED: "Could not be checked",
}
THROUGH: Final[Mapping[str, str]] = {
    "accreditation": "accreditation and arrangement",
    "own_accreditation": "accreditation by the market's own body",
    "direct": "an arrangement between the bodies themselves",
}
RUNGS: Final[Mapping[str, str]] = {
    "certification_body": "Certification body",
    "accreditation_body": "Accreditation body",
    "arrangement": "Arrangement",
    "home_body": "The market's body",
    "market": "Market",
}


def network_text(network: Network, now: datetime) -> str:
    """Return the network as lines of text."""
    names = names_of(network)
    lines = [evidence_words(network, now), ""]
    if network.question.standard is not None:
        lines += [question_words(network), *_accepted(network.acceptors), ""]
    for title, items in _sections(network.listing, names):
        lines += [f"{title} ({len(items)})", *(f"  {row}" for rows in items for row in rows), ""]
    return "\n".join(map(printable, lines)).rstrip()


def names_of(network: Network) -> dict[int, str]:
    """Return the members' names by number."""
    return {one["member"]: one["name"] for one in network.listing["members"]}


def named(names: Mapping[int, str], number: int) -> str:
    """Return a member's name with its number, which no other member can have."""
    return f"{names[number]} ({number})" if number in names else f"member {number}"


def evidence_words(network: Network, now: datetime) -> str:
    """Return where this rests: ledger, block, age."""
    told = f"{network.origin}, block {network.head.block}, {age(moment(network.head.time), now)}"
    if network.when.usable:
        return told
    return f"{told}: too old, or ahead of this clock, to say who is accepted"


def question_words(network: Network) -> str:
    """Return the question as a sentence."""
    asked = network.question
    words = [f"Who may certify {asked.standard}"]
    if asked.sector is not None:
        words.append(f"sector {asked.sector}")
    words.append(f"for {economy_name(asked.market)}" if asked.market else "for each market")
    at = moment(network.when.at)
    words.append(f"as of {at:%Y-%m-%d %H:%M} UTC" if network.when.is_past else "now")
    return " ".join(words) + "?"


def sectors_words(one: Acceptor) -> str:
    """Return the sectors of an answer."""
    if one.sectors is None:
        return "all sectors"
    return f"sector{'s' if len(one.sectors) > 1 else ''} {', '.join(one.sectors)}"


def coverage_words(coverage: Mapping[str, Any]) -> str:
    """Return the coverage of an accreditation."""
    parts = (
        f"{standard}: {'all sectors' if held == 'all' else ', '.join(held)}"
        for standard, held in coverage.items()
    )
    return "; ".join(parts)


def _accepted(found: Sequence[Acceptor]) -> Iterator[str]:
    if not found:
        yield "  nobody: no certification body, or no market with a policy"
    for one in found:
        since = f", since {one.since.date()}" if one.since is not None else ""
        until = f", until {one.until.date()}" if one.until is not None else ""
        yield (
            f"  {SIGNS[one.outcome]} {one.name} ({one.body}): {one.standard}, "
            f"{sectors_words(one)}, in {one.market}: {OUTCOMES[one.outcome]}{since}{until}"
        )
        if one.through is not None:
            yield f"      by {THROUGH[one.through]}: {' → '.join(r.name for r, _ in one.rungs)}"
        if one.why_not:
            yield f"      {one.why_not}"
        for condition in one.conditions:
            for language, words in condition.text.items():
                yield f"      {condition.id} ({language}): {words}"


def _sections(
    listing: Mapping[str, Any], names: Mapping[int, str]
) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each title with its items, and each item as its rows: what is counted are items."""
    yield "Members", [[_member(one)] for one in listing["members"]]
    yield "Keys", [[_key(one, names)] for one in listing["keys"]]
    yield "Accreditations", [[_accreditation(one, names)] for one in listing["accreditations"]]
    yield "Arrangements", [list(_arrangement(one, names)) for one in listing["arrangements"]]
    yield (
        "Open proposals",
        [
            [f"{one['proposal']}  to {one['asks']}  ({len(one['yes'])} of {one['needed']} needed)"]
            for one in listing["proposals"]
        ],
    )
    yield (
        "Acceptance policies in force",
        [
            [
                (
                    f"{one['economy']}  version {stated['version']}, "
                    f"since {_day(stated['effective_at'])}"
                    f"{', this verifier’s own' if one['in_force']['source'] == 'local' else ''}"
                )
            ]
            for one in listing["policies"]
            if one["in_force"] and (stated := one["in_force"]["policy"])
        ],
    )
    for title, name in (("Open alerts", "alerts"), ("Notices", "notices")):
        yield (
            title,
            [
                [
                    (
                        f"{one['notice']}  {_day(one['published_at'])}  {one['kind']} by "
                        f"{named(names, one['publisher'])}: {one['title'] or 'text not at hand'}"
                    )
                ]
                for one in listing[name]
            ],
        )


def _member(one: Mapping[str, Any]) -> str:
    return (
        f"{one['member']}  {one['name']} ({one['economy']}), {_words(one['roles'])}: "
        f"{one['standing']} since {_day(one['since'])}"
        f"{', account stopped' if one['stopped'] else ''}"
        f"{', cosigner' if one['cosigner'] else ''}  {one['endpoint']}"
    )


def _key(one: Mapping[str, Any], names: Mapping[int, str]) -> str:
    revoked = f", revoked {_day(one['revoked_at'])}" if one["revoked_at"] else ""
    return (
        f"{named(names, one['member'])}  {one['purpose']}  {one['thumbprint']}  "
        f"{one['assurance']}, since {_day(one['added_at'])}{revoked}"
    )


def _accreditation(one: Mapping[str, Any], names: Mapping[int, str]) -> str:
    until = f" until {_day(one['until'])}" if one["until"] else ""
    return (
        f"{named(names, one['accreditation_body'])} → {named(names, one['certification_body'])}  "
        f"{one['scope']}  {_words([one['state']])} since {_day(one['since'])}{until}"
        f"  {coverage_words(one['coverage'])}"
    )


def _arrangement(one: Mapping[str, Any], names: Mapping[int, str]) -> Iterator[str]:
    yield f"{one['title']}, kept by {named(names, one['keeper'])}"
    for bound in one["in_effect"]:
        parties = ", ".join(named(names, party["member"]) for party in bound["parties"])
        yield f"  {bound['scope']}: {'unilateral, ' if bound['unilateral'] else ''}{parties}"


def _words(words: Sequence[str]) -> str:
    return ", ".join(word.replace("_", " ") for word in words)


def _day(instant: str | None) -> str:
    return instant[:10] if instant else "–"
