"""Configuration: one TOML file, overridden by the environment, checked before anything starts.

Decides how settings are read. Refuses a key nobody documented, in the file as in the environment
(a typo must not silently leave a default in force), a field without a description, and never
quotes a value in an error: a setting may be a secret.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import FormatError, UsageError

NESTING = "__"


class Section(BaseModel):
    """A group of settings: immutable, and every field says what it means."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **arguments: Any) -> None:
        super().__pydantic_init_subclass__(**arguments)
        for name, field in cls.model_fields.items():
            if not field.description:
                raise TypeError(f"{cls.__name__}.{name} has no description")


class Settings(Section):
    """All settings of one process; ``load`` reads them."""

    @classmethod
    def load(
        cls, file: Path | None, prefix: str, environment: Mapping[str, str] = os.environ
    ) -> Self:
        """Read the file, lay the environment over it, and check both.

        Args:
            file: a TOML file; None for the environment and the defaults alone.
            prefix: of the environment's names, such as ``COMITY_NODE_``; the rest is the field
                in capitals, with ``__`` between a section and its field.
            environment: where names are looked up.

        Raises:
            FormatError: the file is no TOML.
            UsageError: there is no such file, or a key or value is refused.
        """
        values = _from_file(file) if file is not None else {}
        _lay_over(values, _from_environment(cls, prefix, environment))
        try:
            return cls.model_validate(values)
        except ValidationError as refused:
            first = refused.errors(include_input=False, include_url=False, include_context=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            source = file.name if file is not None else "the environment"
            raise UsageError(
                "configuration_refused",
                f"{source}: {key}: {first['msg']}",
                hint=f"the settings known here are: {', '.join(cls.model_fields)}",
            ) from None


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError("configuration_missing", f"there is no file {file}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        where = str(broken).rpartition("(")[2].rstrip(")")
        raise FormatError("not_toml", f"{file.name}: not TOML ({where})") from None


def _from_environment(
    model: type[BaseModel], prefix: str, environment: Mapping[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in sorted(environment):
        if not name.startswith(prefix):
            continue
        path = name.removeprefix(prefix).lower().split(NESTING)
        place = values
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise UsageError(
                    "configuration_refused", f"{name}: {part} is a setting, not a section"
                )
        place[path[-1]] = _split_list(model, path, environment[name])
    return values


def _split_list(model: type[BaseModel], path: list[str], text: str) -> str | list[str]:
    """Return a list where the field is one: in the environment its items stand between commas."""
    current: Any = model
    for part in path:
        field = current.model_fields.get(part) if hasattr(current, "model_fields") else None
        if field is None:
            return text
        current = field.annotation
    is_sequence = getattr(current, "__origin__", None) in (list, tuple) and bool(get_args(current))
    return [item.strip() for item in text.split(",") if item.strip()] if is_sequence else text


def _lay_over(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        else:
            below[key] = value
