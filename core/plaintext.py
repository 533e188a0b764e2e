"""What a text in a record may be made of.

Refuses text that has a second spelling or does not show what it holds: not in Unicode normal form
C, control and invisible characters, marks that turn the direction of reading, spaces at the ends,
emptiness. Never repeats the text.
"""

import unicodedata
from typing import Any

Finding = tuple[str, str]
"""Code and message of one fault whose place is known to the caller."""

# Embeddings, overrides and isolates (Unicode TR 36): they make text read otherwise than stored.
_DIRECTION = frozenset(chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
# Invisible without a use in names: zero-width space, word joiner and kin, byte order mark,
# annotation marks. The joiners U+200C and U+200D stay, several scripts need them.
_INVISIBLE = frozenset(
    chr(c) for c in (0x200B, *range(0x2060, 0x2065), 0xFEFF, *range(0xFFF9, 0xFFFC))
)
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def text_finding(value: Any, max_chars: int) -> Finding | None:
    """Return what is wrong with ``value`` as a text of at most ``max_chars`` characters."""
    if not isinstance(value, str):
        return "not_text", "expected text"
    if not value:
        return "empty_text", "empty; leave the member out where there is nothing to say"
    if len(value) > max_chars:
        return "too_long", f"longer than {max_chars} characters"
    if value.isascii() and value.isprintable() and value[0] != " " != value[-1]:
        return None
    return _unicode_finding(value)


def _unicode_finding(value: str) -> Finding | None:
    if any(
        unicodedata.category(c) in _CONTROL_CATEGORIES
        or c in _INVISIBLE
        or 0xE0000 <= ord(c) <= 0xE007F
        for c in value
    ):
        return "control_character", "has a control or invisible character, such as a line break"
    if not _DIRECTION.isdisjoint(value):
        return "direction_mark", "has a mark that changes the direction in which text is read"
    if not unicodedata.is_normalized("NFC", value):
        return "not_nfc", "is not in Unicode normal form C"
    if value != value.strip():
        return "edge_space", "starts or ends with a space"
    return None
