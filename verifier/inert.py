"""Texts that others wrote, so that whoever shows them obeys nothing in them.

Decides which characters stay: those that print. Control characters, marks that turn the direction
of reading, half characters and what is invisible go, so that a text can neither add a line that
looks like one of ours nor break the document that holds it. What makes a document of them (HTML,
XML, JSON) escapes them itself; nothing here is ever a link, and no address is fetched.
"""

from verifier.render import printable


def inert_line(text: str, most: int) -> str:
    """Return one line of at most ``most`` characters; an ellipsis says that it was longer."""
    line = printable(text[: 4 * most]).strip()
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def inert_text(text: str) -> str:
    """Return a text with its line ends."""
    return "\n".join(printable(line).rstrip() for line in text.splitlines()).strip("\n")
