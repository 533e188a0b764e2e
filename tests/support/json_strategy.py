"""JSON and text as hypothesis makes them: anything, and good values with something done to them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["type", "...", "_sd", "2026-03-02", "did:web:localhost", "AA", "0x"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["...", "_sd", "_sd_alg", "type", "name", "id"])
            | st.text(st.characters(codec="utf-8"), max_size=4),
            below,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn, original: Any) -> Any:
    """Return ``original`` with a few members replaced, removed or added."""
    value = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        place = value
        for _ in range(draw(st.integers(0, 5))):
            below = list(place.values()) if isinstance(place, dict) else place
            deeper = [item for item in below if isinstance(item, dict | list) and item]
            if not deeper:
                break
            place = draw(st.sampled_from(deeper))
        if isinstance(place, dict) and place:
            name = draw(st.sampled_from(sorted(place)) | st.text(max_size=4))
            if draw(st.booleans()):
                place[name] = draw(JSON)
            else:
                place.pop(name, None)
        elif isinstance(place, list) and place:
            place[draw(st.integers(0, len(place) - 1))] = draw(JSON)
    return value


@st.composite
def edited(draw: st.DrawFn, original: str) -> str:
    """Return a text with a few characters changed, left out, doubled or moved."""
    text = original
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        fresh = draw(st.text("AQgw-_.~#:=/%+ 0xé\n", max_size=4) | st.text(max_size=2))
        text = text[:start] + draw(st.sampled_from([fresh, "", text[start:end] * 2])) + text[end:]
    return text
