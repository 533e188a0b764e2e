"""The answer to one line of a report."""

from enum import StrEnum


class Outcome(StrEnum):
    """The answer to one line."""

    YES = "yes"
    CONDITION = "condition"
    NO = "no"
    COULD_NOT_BE_CHECKED = "could_not_be_checked"
    NOT_SHARED = "not_shared"
    NOT_ASKED = "not_asked"
