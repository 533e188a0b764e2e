"""Worked examples that are installed with the product.

Acceptance policies of five economies, under user-assigned codes of ISO 3166-1, so that nobody takes
them for real law. Members and arrangements in them are numbered as in the demonstration. Each shows
one idea; ``comity policy new --from XA`` starts from one.
"""

from functools import cache
from importlib.resources import files

from core.acceptance import Acceptance


@cache
def policies() -> dict[str, Acceptance]:
    """Return the example policies by the economy's code, unsigned."""
    found = (
        Acceptance.read(file.read_bytes())
        for file in files(__name__).joinpath("policies").iterdir()
    )
    return {policy.economy: policy for policy in sorted(found, key=lambda policy: policy.economy)}
