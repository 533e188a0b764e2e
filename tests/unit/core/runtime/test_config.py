"""Settings from file and environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from core.errors import FormatError, UsageError
from core.runtime.config import Section, Settings


class _Anchoring(Section):
    interval: int = Field(default=30, gt=0)
    """Seconds between two batches."""


class _Example(Settings):
    name: str = "node"
    """What it is called."""
    hosts: list[str] = Field(default=["localhost"])
    """Names it answers to."""
    anchoring: _Anchoring = _Anchoring()
    """How it anchors."""


def _load(tmp_path: Path, text: str = "", **environment: str) -> _Example:
    file = tmp_path / "node.toml"
    file.write_text(text)
    return _Example.load(file, "COMITY_EX_", environment)


def test_the_environment_lies_over_the_file_over_the_defaults(tmp_path: Path) -> None:
    text = 'name = "file"\n[anchoring]\ninterval = 10\n'
    assert _load(tmp_path, text).anchoring.interval == 10
    loaded = _load(
        tmp_path,
        text,
        COMITY_EX_ANCHORING__INTERVAL="5",
        COMITY_EX_HOSTS="a.example, b.example",
        OTHER="x",
    )
    assert (loaded.name, loaded.anchoring.interval) == ("file", 5)
    assert loaded.hosts == ["a.example", "b.example"]
    assert _Example.load(None, "COMITY_EX_", {}) == _Example()


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ('nmae = "x"', {}),
        ("[anchoring]\nintervall = 1", {}),
        ("[anchoring]\ninterval = 0", {}),
        ("", {"COMITY_EX_NMAE": "x"}),
        ("", {"COMITY_EX_ANCHORING__INTERVALL": "1"}),
        ("", {"COMITY_EX_NAME": "x", "COMITY_EX_NAME__Y": "x"}),
    ],
)
def test_a_key_or_value_not_known_is_refused(
    tmp_path: Path, text: str, environment: dict[str, str]
) -> None:
    with pytest.raises(UsageError):
        _load(tmp_path, text, **environment)


def test_a_refused_value_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        _load(tmp_path, "", COMITY_EX_ANCHORING__INTERVAL="hunter2")
    assert "hunter2" not in refused.value.message
    assert "anchoring.interval" in refused.value.message


def test_no_toml_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as broken:
        _load(tmp_path, 'secret = "hunter2')
    assert "hunter2" not in broken.value.message
    with pytest.raises(UsageError):
        _Example.load(tmp_path / "missing.toml", "COMITY_EX_", {})


def test_a_field_without_description_is_no_setting() -> None:
    with pytest.raises(TypeError):
        type("Bad", (Section,), {"__annotations__": {"x": int}, "x": 1, "__module__": __name__})
