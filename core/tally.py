"""How the votes on a proposal are counted, exactly as the contract counts them.

Over the members that may vote at one moment, the subject left out: more than two thirds of them
must say yes, and more than half of their economies must be among those that do. Who may vote, and
whether there still is time, is for those to say who ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """The count of one proposal.

    Args:
        voters: economy of every member that may vote.
        ballots: whether a member that voted said yes; others than voters do not count.
    """

    voters: Mapping[int, str]
    ballots: Mapping[int, bool]

    @property
    def in_favour(self) -> list[int]:
        """The voters that said yes."""
        return [member for member in self.voters if self.ballots.get(member) is True]

    @property
    def against(self) -> list[int]:
        """The voters that said no."""
        return [member for member in self.voters if self.ballots.get(member) is False]

    @property
    def silent(self) -> list[int]:
        """The voters that have not voted."""
        return [member for member in self.voters if member not in self.ballots]

    @property
    def needed(self) -> int:
        """How many must say yes."""
        return 2 * len(self.voters) // 3 + 1

    @property
    def economies_in_favour(self) -> list[str]:
        """The economies of those that said yes."""
        return sorted({self.voters[member] for member in self.in_favour})

    @property
    def economies_needed(self) -> int:
        """From how many economies."""
        return len(set(self.voters.values())) // 2 + 1

    @property
    def passes(self) -> bool:
        """Whether enough have said yes."""
        enough = len(self.in_favour) >= self.needed
        return enough and len(self.economies_in_favour) >= self.economies_needed
