"""What a text in a record may be made of.

Refuses text that has a second spelling or does not show what it holds: not in Unicode normal form
C, control and invisible characters, marks that turn the direction of reading, spaces at the ends,
emptiness. Never repeats the text.
"""

import re
import unicodedata
from typing import Any

Finding = tuple[str, str]
"""Code and message of one fault whose place is known to the caller."""

# Control characters and line or paragraph separators, half characters, and what is invisible
# without a use in names: zero-width space, word joiner and kin, byte order mark, annotation marks,
# tags. The joiners U+200C and U+200D stay, several scripts need them.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    "\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# Embeddings, overrides and isolates (Unicode TR 36): they make text read otherwise than stored.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


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
    if _CONTROL.search(value):
        return "control_character", "has a control or invisible character, such as a line break"
    if _DIRECTION.search(value):
        return "direction_mark", "has a mark that changes the direction in which text is read"
    if not unicodedata.is_normalized("NFC", value):
        return "not_nfc", "is not in Unicode normal form C"
    if value != value.strip():
        return "edge_space", "starts or ends with a space"
    return None
