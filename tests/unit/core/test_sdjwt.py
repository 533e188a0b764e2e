import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import limits
from core.crypto.jose import sign_compact
from core.encoding import b64url, compact_json
from core.errors import FormatError, LimitError, ProofError, Refused
from core.sdjwt import Disclosure, Path, SdJwt
from core.sdjwt_binding import KeyBinding, sd_hash
from core.sdjwt_issue import issue
from tests.support.tokens import CountedRandomness, ed25519_signer

SIGNER = ed25519_signer("sd-jwt")
CLAIMS: dict[str, Any] = {
    "iss": "https://node.example",
    "subject": {
        "scope": {"en": "LED drivers", "zh": "LED驱动电源"},
        "site": [{"name": "Plant 1", "country": "CN"}, {"name": "Office"}, "none"],
        "cycle": 1,
    },
}
SCOPE: Path = ("subject", "scope")
SITE: Path = ("subject", "site")
FRAME: set[Path] = {SCOPE, (*SCOPE, "zh"), (*SITE, 0), (*SITE, 0, "country"), (*SITE, 2)}


def _issue(
    claims: dict[str, Any] = CLAIMS,
    frame: set[Path] = FRAME,
    random: Callable[[int], bytes] | None = None,
) -> SdJwt:
    header = {"typ": "vc+sd-jwt"}
    return SdJwt.parse(
        issue(claims, frame, header, SIGNER, "assertion", random or CountedRandomness())
    )


def _refusal(act: Callable[[], object], error: type[Exception]) -> str:
    with pytest.raises(error) as refused:
        act()
    return str(refused.value.code)  # type: ignore[attr-defined]


# ---------------------------------------------------------------- issuing


def test_an_issued_token_says_what_went_in_and_hides_what_was_framed() -> None:
    token = _issue()
    token.jws.verify(SIGNER.public)
    opened = token.process()
    assert opened.claims == CLAIMS
    assert opened.disclosed.keys() == FRAME
    assert not opened.hidden
    assert token.payload["_sd_alg"] == "sha-256"
    signed = token.jws.payload.decode()
    for text in ("LED", "驱动", "Plant", "CN", "none"):
        assert text not in signed
    assert "Office" in signed


def test_the_claims_given_are_not_changed() -> None:
    before = json.dumps(CLAIMS)
    token = _issue()
    token.claims()
    assert json.dumps(CLAIMS) == before


def test_every_salt_is_fresh_and_has_128_bits() -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return len(asked).to_bytes(size)

    token = _issue(random=random)
    assert asked == [16] * len(FRAME)
    assert len({part.salt for part in token.disclosures}) == len(FRAME)


def test_a_source_of_randomness_that_repeats_itself_is_noticed() -> None:
    token = _issue(random=bytes)
    assert _refusal(token.claims, ProofError) == "salt_repeated"


def test_the_order_of_digests_says_nothing() -> None:
    claims = {name: name for name in "abcdefgh"}
    token = _issue(claims, {(name,) for name in claims})
    assert token.payload["_sd"] == sorted(token.payload["_sd"])
    assert [part.name for part in token.disclosures] == list(claims)


def test_an_empty_frame_hides_nothing() -> None:
    token = _issue(frame=set())
    assert token.disclosures == ()
    assert token.claims() == CLAIMS
    assert token.dump().endswith("~")


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("nothing",),
        ("iss", "x"),
        (*SITE, 3),
        (*SITE, -1),
        (*SITE, "0"),
        (*SCOPE, 0),
    ],
)
def test_a_frame_that_names_nothing_is_refused(path: Path) -> None:
    assert _refusal(lambda: _issue(frame={path}), Refused) == "no_such_claim"


@pytest.mark.parametrize("name", ["_sd", "_sd_alg", "..."])
def test_claims_with_reserved_names_are_refused(name: str) -> None:
    for claims in ({name: []}, {"a": [{"b": {name: 1}}]}):
        assert _refusal(lambda claims=claims: _issue(claims, set()), Refused) == "reserved_name"  # type: ignore[misc]


def test_nothing_is_issued_that_could_not_be_read() -> None:
    deep: dict[str, Any] = {}
    for _ in range(limits.JSON_DEPTH):
        deep = {"a": deep}
    many = {"list": list(range(limits.DISCLOSURES + 1))}
    for claims, frame in (
        (deep, set()),
        ({"a": "a" * limits.JWS_PAYLOAD_BYTES}, set()),
        ({"a": "a" * limits.DISCLOSURE_BYTES}, {("a",)}),
        (many, {("list", number) for number in many["list"]}),
    ):
        with pytest.raises(LimitError):
            _issue(claims, frame)
    for value in (float("nan"), 2**53, "\ud800"):
        with pytest.raises(FormatError):
            _issue({"a": value}, set())


# ---------------------------------------------------------------- presenting


def test_a_presentation_shows_what_was_chosen_and_the_parents_it_needs() -> None:
    token = _issue()
    shown = token.select({(*SITE, 0, "country")})
    assert shown.claims() == {
        "iss": "https://node.example",
        "subject": {"site": [{"name": "Plant 1", "country": "CN"}, {"name": "Office"}], "cycle": 1},
    }
    assert shown.jws is token.jws
    assert shown.process().disclosed.keys() == {(*SITE, 0), (*SITE, 0, "country")}


def test_choosing_a_parent_leaves_hidden_what_is_hidden_inside_it() -> None:
    shown = _issue().select({SCOPE})
    assert shown.claims()["subject"]["scope"] == {"en": "LED drivers"}
    assert shown.hidden() == {SCOPE: 1, SITE: 2}


def test_what_is_hidden_is_counted_where_it_stands() -> None:
    nothing = _issue().select(set())
    assert nothing.disclosures == ()
    assert nothing.hidden() == {("subject",): 1, SITE: 2}
    assert nothing.claims()["subject"]["site"] == [{"name": "Office"}]


def test_a_path_means_the_same_whatever_is_left_out() -> None:
    shown = _issue().select({(*SITE, 2)})
    assert shown.claims()["subject"]["site"] == [{"name": "Office"}, "none"]
    assert shown.process().disclosed.keys() == {(*SITE, 2)}
    assert shown.select({(*SITE, 2)}) == shown


def test_a_predicate_chooses_like_a_set() -> None:
    token = _issue()
    assert token.select(lambda path: path[:2] == SITE) == token.select(
        {(*SITE, 0), (*SITE, 0, "country"), (*SITE, 2)}
    )
    assert token.select(lambda _path: True).dump() == token.dump()


@pytest.mark.parametrize("path", [("iss",), (*SITE, 1), (*SITE, 7), ("nothing",)])
def test_a_path_without_a_disclosure_cannot_be_chosen(path: Path) -> None:
    assert _refusal(lambda: _issue().select({path}), Refused) == "not_disclosable"


def test_disclosures_are_shown_in_no_text_form_of_a_token() -> None:
    token = _issue()
    for text in (repr(token), repr(token.process()), str(token.disclosures[0])):
        assert "Plant" not in text
        assert "LED" not in text
        assert token.disclosures[0].salt not in text


# ---------------------------------------------------------------- reading


_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=4).filter(
    lambda name: name not in {"_sd", "_sd_alg", "..."}
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("aé:{[…", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=12,
)


def _paths(value: Any, path: Path = ()) -> list[Path]:
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    found = []
    for step, inner in children:
        found += [(*path, step), *_paths(inner, (*path, step))]
    return found


def _without(value: Any, hidden: set[Path], path: Path = ()) -> Any:
    if isinstance(value, dict):
        return {
            name: _without(inner, hidden, (*path, name))
            for name, inner in value.items()
            if (*path, name) not in hidden
        }
    if isinstance(value, list):
        return [
            _without(inner, hidden, (*path, position))
            for position, inner in enumerate(value)
            if (*path, position) not in hidden
        ]
    return value


@given(st.dictionaries(_NAMES, _VALUES, max_size=4), st.data())
def test_any_claims_any_frame_any_selection(claims: dict[str, Any], data: st.DataObject) -> None:
    paths = _paths(claims)
    some = st.sets(st.sampled_from(paths)) if paths else st.just(set())
    frame = data.draw(some)
    token = _issue(claims, frame)
    signed = json.dumps(token.payload)
    assert SdJwt.parse(token.dump()) == token
    assert token.claims() == claims
    chosen = {path for path in data.draw(some) if path in frame}
    shown = token.select(chosen)
    assert SdJwt.parse(shown.dump()) == shown
    needed = {path[:length] for path in chosen for length in range(1, len(path) + 1)}
    assert shown.claims() == _without(claims, frame - needed)
    assert shown.process().disclosed.keys() == frame & needed
    assert json.dumps(token.payload) == signed  # what is opened may share parts with it


def test_disclosures_of_the_specification_read_as_stated() -> None:
    """RFC 9901 4.2.1 to 4.2.3: two spellings of one claim, and their digests."""
    spaced = Disclosure.parse(
        "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    )
    assert (spaced.salt, spaced.name, spaced.value) == (
        "_26bc4LT-ac6q2KI6cBW5es",
        "family_name",
        "Möbius",
    )
    assert spaced.digest == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    element = Disclosure.parse("WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0")
    assert (element.name, element.value) == (None, "FR")
    assert element.digest == "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs"


def test_made_and_read_disclosures_are_equal() -> None:
    for name in (None, "scope"):
        made = Disclosure.make(b64url(bytes(16)), {"en": "é", "n": 1}, name)
        assert Disclosure.parse(made.dump()) == made


def test_a_token_of_too_many_bytes_is_refused_before_it_is_read() -> None:
    for text in ("a" * (limits.PRESENTATION_BYTES + 1), "~" * (limits.PRESENTATION_BYTES + 1)):
        assert _refusal(lambda text=text: SdJwt.parse(text), FormatError) == "too_large"  # type: ignore[misc]
    long = "a" * (limits.DISCLOSURE_BYTES + 1)
    assert _refusal(lambda: Disclosure.parse(long), FormatError) == "too_large"


def test_every_cut_and_every_changed_character_is_refused() -> None:
    text = _issue(frame={SCOPE, (*SITE, 0)}).dump()

    def judge(changed: str) -> object:
        token = SdJwt.parse(changed)
        claims = token.claims()
        token.jws.verify(SIGNER.public)
        return claims

    assert judge(text) == CLAIMS
    tildes = {position + 1 for position, letter in enumerate(text) if letter == "~"}
    for length in range(len(text)):
        if length in tildes:  # a cut after a whole part is a presentation with fewer disclosures
            continue
        with pytest.raises((FormatError, ProofError)):
            judge(text[:length])
    for position, letter in enumerate(text):
        other = "A" if letter != "A" else "B"
        with pytest.raises((FormatError, ProofError)):
            judge(text[:position] + other + text[position + 1 :])


# ---------------------------------------------------------------- key binding


def _bound(token: SdJwt, typ: str = "kb+jwt", **changes: Any) -> SdJwt:
    claims = {
        "iat": 1_790_000_000,
        "aud": "https://buyer.example",
        "nonce": "n-1",
        "sd_hash": sd_hash(token),
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    binding = sign_compact({"typ": typ}, compact_json(kept), SIGNER, "assertion")
    return SdJwt.parse(token.dump() + binding)


def test_a_key_binding_is_read_and_bound_to_these_disclosures() -> None:
    shown = _issue().select({SCOPE})
    bound = _bound(shown)
    assert bound.key_binding is not None
    binding = KeyBinding.parse(bound.key_binding)
    assert binding.dump() == bound.key_binding
    assert (binding.issued_at, binding.audience, binding.nonce) == (
        1_790_000_000,
        "https://buyer.example",
        "n-1",
    )
    binding.jws.verify(SIGNER.public)
    binding.require_bound_to(bound)
    assert bound.without_key_binding() == shown.dump()
    assert bound.select({SCOPE}).key_binding is None
    for other in (_issue(), _issue().select(set())):
        assert _refusal(lambda other=other: binding.require_bound_to(other), ProofError) == (  # type: ignore[misc]
            "sd_hash_mismatch"
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"iat": None},
        {"iat": "1790000000"},
        {"iat": True},
        {"iat": 1.5},
        {"aud": None},
        {"aud": ["https://buyer.example"]},
        {"nonce": 1},
        {"sd_hash": None},
    ],
)
def test_a_key_binding_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    binding = _bound(_issue(), **changes).key_binding
    assert binding is not None
    assert _refusal(lambda: KeyBinding.parse(binding), FormatError) == "key_binding_form"
