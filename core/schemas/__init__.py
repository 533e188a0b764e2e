"""JSON Schemas of our formats, for the makers of other systems.

Generated from the code, never edited: ``python -m core.schemas`` writes them beside this module,
and a test fails when a file differs from what the code says.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from core.acceptance import policy_schema
from core.record import record_schema

FOLDER: Final = Path(__file__).parent
SCHEMAS: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "policy.schema.json": policy_schema,
    "record.schema.json": record_schema,
}


def text(name: str) -> str:
    """Return the text of the schema file ``name`` as the code has it now."""
    return json.dumps(SCHEMAS[name](), ensure_ascii=False, indent=1) + "\n"


def write() -> None:
    """Write every schema file."""
    for name in SCHEMAS:
        (FOLDER / name).write_text(text(name), encoding="utf-8")
