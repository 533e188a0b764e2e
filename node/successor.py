"""Whether one certificate may take another's place.

Decides by both records and the event. Refuses what would get round the life cycle: a scope that is
"reduced" to something more, a change of scope that prolongs, a renewal that does not, a gap in
which neither certificate would be in force, an expired certificate brought back in another cycle.
What a record may say besides is the body's affair; a correction may change anything.
"""

from datetime import date, datetime
from typing import Final

from core.record import Record, Site
from node.allowed import end_of, start_of
from node.lifecycle import CertificateState, Change, against

_KEEPS_EXPIRY: Final = frozenset({Change.REDUCE_SCOPE, Change.EXTEND_SCOPE})
_ANNIVERSARY_DAYS: Final = 1  # "last day" is written as the day itself or the one before


def require_successor(
    change: Change,
    state: CertificateState,
    old: Record,
    new: Record,
    *,
    effective_at: datetime,
    now: datetime,
) -> None:
    """Raise ``Refused`` unless ``new`` may take the place of ``old``.

    Args:
        state: where the old certificate stands.
        effective_at: from when.
    """
    _require_name(old, new)
    if old.dump() | _name_of(new) == new.dump():
        raise against("nothing_changed")
    if end_of(new.dates) <= now:
        raise against("successor_expired")
    if start_of(new.dates.effective) > effective_at:
        raise against("successor_not_in_force")
    if change in (Change.RENEW, Change.RESTORE) and new.dates.expiry <= old.dates.expiry:
        raise against("renewal_not_later")
    if state is CertificateState.EXPIRED and not _keeps_cycle(old.dates.expiry, new.dates.expiry):
        raise against("cycle_not_kept")
    if change in _KEEPS_EXPIRY and new.dates.expiry > old.dates.expiry:
        raise against("validity_extended")
    if change is Change.REDUCE_SCOPE and not _is_within(old, new):
        raise against("scope_not_reduced")


def _require_name(old: Record, new: Record) -> None:
    if new.certificate_number != old.certificate_number:
        return
    if new.revision == old.revision:
        raise against("successor_is_itself")
    if new.revision != old.revision + 1:
        raise against("revision_not_next")


def _name_of(record: Record) -> dict[str, object]:
    """Return the members that differ between any two certificates."""
    dumped = record.dump()
    names = ("certificate_number", "revision", "predecessor")
    return {name: dumped[name] for name in names if name in dumped}


def _keeps_cycle(old: date, new: date) -> bool:
    """Return whether an expiry is an anniversary of another (ISO/IEC 17021-1 9.6.3.2.5)."""
    years = (new.year - 1, new.year, new.year + 1)
    anniversaries = (_in_year(old, year) for year in years if 1 <= year <= date.max.year)
    return any(abs((new - day).days) <= _ANNIVERSARY_DAYS for day in anniversaries)


def _in_year(day: date, year: int) -> date:
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year)


def _is_within(old: Record, new: Record) -> bool:
    """Return whether sectors and sites are among the old ones, as far as those were listed."""
    sectors = not old.sectors or set(new.sectors) <= set(old.sectors)
    sites = not old.sites or {_place(site) for site in new.sites} <= {_place(s) for s in old.sites}
    dropped = (bool(old.sectors) and not new.sectors) or (bool(old.sites) and not new.sites)
    return sectors and sites and not dropped


def _place(site: Site) -> tuple[str, str, str | None]:
    return (site.name, site.economy, site.address)
