"""The rules of a record that need a dictionary, a check digit or more than one member.

Decides: registered identifiers by their scheme (python-stdnum, no look-up), the spelling of known
standards, the order of dates, addresses of the web.

What is deliberately *not* a rule, because it does not truly hold everywhere: an upper bound on the
time to expiry (cycles of three years are usual, five occur); the place of an audit before or after
the decision (surveillance comes later); the order of original date and decision (a first
certificate is decided on before its original date); any meaning of a certificate number. A standard
we do not know is accepted as it stands; a known one must be spelled as listed, because readers
compare it.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from core import codes
from core.errors import FormatError
from core.plaintext import Finding
from core.slot import INDEX_PATTERN, LIST_URL_PATTERN, Slot

if TYPE_CHECKING:
    from core.record import Dates, Identifier

URL_CHARS: Final = 2_000
URI_PATTERN: Final = r"(?:https?://|did:|urn:)[!#-;=?-\[\]_a-z~]+"  # nothing that runs when clicked
LINK_PATTERN: Final = (
    r"(?:https://[A-Za-z0-9.\[\]:-]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?)"
    r"(?:[/?#][!#-;=?-\[\]_a-z~]*)?"
)
MEDIA_TYPE_PATTERN: Final = r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*"
DIGEST_PATTERN: Final = r"zQm[1-9A-HJ-NP-Za-km-z]{44}|uEiA?[A-Za-z0-9_-]{43,44}"
SLOT_PATTERN: Final = f"{LIST_URL_PATTERN}#{INDEX_PATTERN}"


def standard_finding(text: str) -> Finding | None:
    """Return a fault if ``text`` is a known standard in another spelling than the listed one."""
    known = codes.known_standard(text)
    if known is None or known.name == text:
        return None
    return "standard_spelling", f"a known standard in another spelling; write {known.name}"


def slot_finding(text: str) -> Finding | None:
    """Return a fault if ``text``, of the form of a slot, lies outside every list."""
    try:
        Slot.parse(text)
    except FormatError:
        return "slot", "no slot of a status list"
    return None


def identifier_faults(identifier: "Identifier") -> Iterator[tuple[str, str, str]]:
    """Yield a fault if the value cannot be an identifier of its scheme."""
    check = _identifier_checks().get(identifier.scheme)
    if check is not None and not check(identifier.value):
        name = codes.identifier_schemes()[identifier.scheme].name
        yield "/value", "identifier_invalid", f"no valid identifier of this scheme: {name}"


def date_faults(dates: "Dates") -> Iterator[tuple[str, str, str]]:
    """Yield the faults in the order of a certificate's dates."""
    if dates.expiry <= dates.effective:
        yield "/expiry", "date_order", "must be later than the effective date"
    if dates.decision is not None and dates.decision > dates.effective:
        # ISO/IEC 17021-1 8.2.2 b: the effective date is not before the decision
        yield "/decision", "date_order", "must not be later than the effective date"
    if dates.original is not None and dates.original > dates.effective:
        yield "/original", "date_order", "must not be later than the effective date"


@cache
def _identifier_checks() -> dict[str, Callable[[str], bool]]:
    """Return the check of each scheme; stdnum is loaded only when there is something to check."""
    from stdnum import ean, lei
    from stdnum.br import cnpj
    from stdnum.cn import uscc
    from stdnum.eu import vat

    def spelled(module: object, form: str) -> Callable[[str], bool]:
        # stdnum forgives spaces and lower case; a record has one spelling
        valid: Callable[[str], bool] = module.is_valid  # type: ignore[attr-defined]
        return lambda value: re.fullmatch(form, value) is not None and valid(value)

    return {
        "uscc": spelled(uscc, r"[0-9A-Z]{18}"),
        "lei": spelled(lei, r"[0-9A-Z]{20}"),
        "gln": spelled(ean, r"[0-9]{13}"),
        "gtin": spelled(ean, r"[0-9]{8}|[0-9]{12,14}"),
        "vat": spelled(vat, r"[A-Z]{2}[0-9A-Z+*]{2,13}"),
        "cnpj": spelled(cnpj, r"[0-9A-Z]{12}[0-9]{2}"),
    }
