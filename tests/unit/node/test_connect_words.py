"""What is typed wrongly for ``comity node connect`` is named by its option."""

from pathlib import Path

import pytest

from core.errors import UsageError
from node.config import FILE_NAME
from node.setup import connect


@pytest.mark.parametrize(
    "origin", ["", "comity/1/0x12", "COMITY/1/0x" + "a" * 40, "1/0x" + "a" * 40]
)
def test_an_origin_that_is_none_is_refused_before_anything_is_written(
    tmp_path: Path, origin: str
) -> None:
    (tmp_path / FILE_NAME).write_text('endpoint = "http://localhost:8471"\n', "utf-8")
    with pytest.raises(UsageError, match=r"^--origin: expected comity/") as refused:
        connect(tmp_path, "http://127.0.0.1:1", origin)
    assert refused.value.hint
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]
