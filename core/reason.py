"""What a reason is: a line, a code, an outcome, and one sentence in each language.

A sentence has three parts: what we found, what it means, what you can do. ``{…}`` places take
dates, registered names of members and codes of markets only, never certificate content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.outcome import Outcome

LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in one language; ``means`` and ``advice`` may be empty where a Yes speaks for
    itself."""

    found: str
    means: str = ""
    advice: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts there are."""
        return tuple(part for part in (self.found, self.means, self.advice) if part)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Args:
        line: the line it answers.
        code: stable machine value.
        outcome: the outcome it stands for.
        en, zh: the sentence in English and Chinese.
    """

    line: int
    code: str
    outcome: Outcome
    en: Words
    zh: Words
    _sentences: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sentences = {"en": " ".join(self.en.parts), "zh": "".join(self.zh.parts)}
        object.__setattr__(self, "_sentences", sentences)

    @property
    def defers(self) -> bool:
        """Whether it only sends the reader to another line, which says what to do."""
        return self.en.advice.startswith("See line")

    def sentence(self, language: str = "en", /, **places: str) -> str:
        """Return the sentence in a language with its places filled."""
        return self._sentences[language].format(**places)
