"""Everything that can be done to a proof bundle by whoever holds its bytes.

A mutation is a name and a function that gives the changed bytes, so that a long list of them costs
nothing until it is run. Three kinds: of the bytes, of the JSON members, and of what the members
mean (bits of the token's own parts, steps of the path, disclosures, parts of another bundle), for
most of what is done to the bytes ends at the first parser.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from itertools import combinations, product
from typing import Any

from core.bundle import Bundle
from core.encoding import b64url, b64url_decode, canonical_json

Mutation = tuple[str, Callable[[], bytes]]
Json = dict[str, Any]

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_PARTS = (
    ("ledger",), ("token",), ("disclosures",), ("leaf", "salt"), ("leaf", "index"),
    ("leaf", "path"), ("anchor", "member"), ("anchor", "root"), ("anchor", "position"),
)  # fmt: skip


def other_signature(token: str) -> str:
    """Return the token with its ES256 signature (r, s) as (r, n - s), which verifies as well."""
    signed, _, signature = token.rpartition(".")
    raw = b64url_decode(signature)
    other = (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    return f"{signed}.{b64url(raw[:32] + other)}"


def of_bytes(bundle: Bundle) -> Iterator[Mutation]:
    """Every bit turned, every cut at either end, every byte left out or doubled."""
    raw = bundle.dump()
    for place in range(len(raw)):
        for bit in range(8):
            yield f"bit {place}.{bit}", partial(_turned, raw, place, bit)
        yield f"end cut at {place}", partial(_slices, raw, (0, place))
        yield f"start cut at {place + 1}", partial(_slices, raw, (place + 1, len(raw)))
        yield f"byte {place} left out", partial(_slices, raw, (0, place), (place + 1, len(raw)))
        yield f"byte {place} doubled", partial(_slices, raw, (0, place + 1), (place, len(raw)))


def of_members(bundle: Bundle) -> Iterator[Mutation]:
    """Every member dropped, doubled, renamed, moved, or replaced by a value of another kind."""
    good = bundle.to_json()
    for path in ((), ("leaf",), ("anchor",)):
        names = list(_at(good, path))
        for name in names:
            yield f"drop {path} {name}", partial(_edited, good, path, _drop, name)
            yield f"rename {path} {name}", partial(_edited, good, path, _rename, name)
            yield f"double {path} {name}", partial(_doubled, good, path, name)
            for i, odd in enumerate((None, True, 0, -1, 2**53 - 1, "", "A", [], {}, [[]], 1.5)):
                what = f"replace {path} {name} {i}"
                yield what, partial(_edited, good, path, _put, name, odd)
        for one, two in combinations(names, 2):
            yield f"swap {path} {one} {two}", partial(_edited, good, path, _swap, one, two)
            yield f"order {path} {one} {two}", partial(_reordered, good, path, one, two)


def of_bits_inside(bundle: Bundle) -> Iterator[Mutation]:
    """Canonical bundles in which one bit of header, payload, signature, a disclosure, salt or root
    is turned below its base64url."""
    good = bundle.to_json()
    token, separator, rest = bundle.presentation.partition("~")
    parts = [*token.split("."), *[part for part in rest.split("~") if part]]
    for number, part in enumerate(parts):
        for place, bit in product(range(len(b64url_decode(part))), range(8)):
            yield (
                f"part {number} bit {place}.{bit}",
                partial(_with_part, good, parts, separator, number, place, bit),
            )
    for path, name in (("leaf", "salt"), ("anchor", "root")):
        for bit in range(256):
            yield f"{name} bit {bit}", partial(_edited, good, (path,), _flip, name, bit)


def of_meaning(bundle: Bundle) -> Iterator[Mutation]:
    """Canonical bundles with other numbers, another path, other disclosures or signature."""
    good = bundle.to_json()
    token, separator, rest = bundle.presentation.partition("~")
    yield from _of_numbers(good)
    yield from _of_path(good)
    if separator:
        yield from _of_disclosures(good, token, rest.split("~")[:-1])
    yield (
        "the other signature",
        partial(_presented, good, other_signature(token) + separator + rest),
    )


def of_two(one: Bundle, two: Bundle) -> Iterator[Mutation]:
    """Every mixture of the parts of two bundles."""
    first, second = _taken_apart(one), _taken_apart(two)
    for choice in product((False, True), repeat=len(_PARTS)):
        if any(choice):
            yield f"mixture {choice}", partial(_mixed, first, second, choice)


def _of_numbers(good: Json) -> Iterator[Mutation]:
    for path, name in ((("leaf",), "index"), (("anchor",), "size"), (("anchor",), "member")):
        value = _at(good, path)[name]
        others = {value ^ 1 << bit for bit in range(33)} | {value + 1, value - 1, -value, 0}
        for other in sorted(others - {value}):
            yield f"{name} {other}", partial(_edited, good, path, _put, name, other)
    block, index = good["anchor"]["position"]
    for step in (1, -1, 2, 100, 2**40):
        for position in ([block + step, index], [block, index + step], [index, block]):
            what = f"position {position}"
            yield what, partial(_edited, good, ("anchor",), _put, "position", position)
    chain, _, address = good["ledger"].removeprefix("comity/").partition("/")
    for ledger in (f"comity/{int(chain) + 1}/{address}", f"comity/{chain}/0x{'0' * 40}"):
        yield f"ledger {ledger}", partial(_edited, good, (), _put, "ledger", ledger)


def _of_path(good: Json) -> Iterator[Mutation]:
    path = good["leaf"]["path"]
    nothing = b64url(bytes(32))
    for i in range(len(path)):
        for what, steps in (
            ("left out", path[:i] + path[i + 1 :]),
            ("doubled", path[: i + 1] + path[i:]),
            ("emptied", [*path[:i], nothing, *path[i + 1 :]]),
            ("added", [*path[:i], nothing, *path[i:]]),
        ):
            yield f"step {i} {what}", partial(_edited, good, ("leaf",), _put, "path", steps)
        for k in range(i):
            steps = list(path)
            steps[i], steps[k] = steps[k], steps[i]
            yield f"steps {k} {i} swapped", partial(_edited, good, ("leaf",), _put, "path", steps)


def _of_disclosures(good: Json, token: str, shown: list[str]) -> Iterator[Mutation]:
    def presented(what: str, disclosures: list[str]) -> Mutation:
        return f"disclosures {what}", partial(_presented, good, "~".join([token, *disclosures, ""]))

    yield presented("reversed", shown[::-1])
    yield presented("not closed", [*shown, ""])
    yield "without the last sign", partial(_presented, good, "~".join([token, *shown]))
    for i, own in enumerate(shown):
        yield presented(f"without {i}", shown[:i] + shown[i + 1 :])
        yield presented(f"only {i}", [own])
        for k in range(len(shown) + 1):
            yield presented(f"{i} again at {k}", [*shown[:k], own, *shown[k:]])
        for k in range(i):
            yield presented(f"{k} and {i} left out", [d for d in shown if d not in (own, shown[k])])
            swapped = list(shown)
            swapped[i], swapped[k] = swapped[k], swapped[i]
            yield presented(f"{k} and {i} swapped", swapped)
            merged = [*shown[:k], shown[k] + own, *shown[k + 1 : i], *shown[i + 1 :]]
            yield presented(f"{k} and {i} merged", merged)
        salt, *rest = json.loads(b64url_decode(own))
        for other in (
            [salt[::-1], *rest],
            [salt, *rest[:-1], "x"],
            [salt, "_sd", rest[-1]],
            [salt],
        ):
            made = b64url(json.dumps(other, ensure_ascii=False).encode())
            yield presented(f"{i} invented {len(other)}", [*shown[:i], made, *shown[i + 1 :]])


def _turned(raw: bytes, place: int, bit: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]


def _slices(raw: bytes, *places: tuple[int, int]) -> bytes:
    return b"".join(raw[start:end] for start, end in places)


def _at(value: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        value = value[name]
    return value


def _edited(good: Json, path: tuple[str, ...], edit: Callable[..., None], *how: Any) -> bytes:
    value = deepcopy(good)
    edit(_at(value, path), *how)
    return canonical_json(value)


def _drop(members: Json, name: str) -> None:
    del members[name]


def _rename(members: Json, name: str) -> None:
    members[f"{name}2"] = members.pop(name)


def _put(members: Json, name: str, value: Any) -> None:
    members[name] = value


def _swap(members: Json, one: str, two: str) -> None:
    members[one], members[two] = members[two], members[one]


def _flip(members: Json, name: str, bit: int) -> None:
    members[name] = b64url(_turned(b64url_decode(members[name]), bit >> 3, bit & 7))


def _doubled(good: Json, path: tuple[str, ...], name: str) -> bytes:
    """Return the bundle with one member twice, in the place where canonical order has it."""
    member = canonical_json({name: _at(good, path)[name]})[1:-1]
    return canonical_json(good).replace(member, member + b"," + member, 1)


def _reordered(good: Json, path: tuple[str, ...], one: str, two: str) -> bytes:
    value = deepcopy(good)
    members = _at(value, path)
    names = sorted(members)
    i, k = names.index(one), names.index(two)
    names[i], names[k] = names[k], names[i]
    ordered = {name: members.pop(name) for name in names}
    members.update(ordered)
    top = value if path else ordered
    if path:
        top = {name: value[name] for name in sorted(value)}
    return json.dumps(top, separators=(",", ":"), ensure_ascii=False).encode()


def _with_part(
    good: Json, parts: list[str], separator: str, number: int, place: int, bit: int
) -> bytes:
    changed = list(parts)
    changed[number] = b64url(_turned(b64url_decode(parts[number]), place, bit))
    token, disclosures = ".".join(changed[:3]), changed[3:]
    closed = "~".join([token, *disclosures, ""]) if separator else token
    return _presented(good, closed)


def _presented(good: Json, presentation: str) -> bytes:
    return canonical_json({**good, "presentation": presentation})


def _taken_apart(bundle: Bundle) -> Json:
    value = bundle.to_json()
    token, separator, rest = value.pop("presentation").partition("~")
    return {**value, "token": token, "disclosures": separator + rest}


def _mixed(first: Json, second: Json, choice: tuple[bool, ...]) -> bytes:
    value = deepcopy(first)
    for path, is_second in zip(_PARTS, choice, strict=True):
        if is_second:
            _at(value, path[:-1])[path[-1]] = _at(second, path[:-1])[path[-1]]
    value["presentation"] = value.pop("token") + value.pop("disclosures")
    return canonical_json(value)
