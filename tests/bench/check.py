"""The check itself, beside the bare cost of its one signature and its hashes."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from itertools import cycle, islice

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from core.bundle import Bundle
from core.credential import Credential
from core.report import Question
from tests.bench.measure import Result, in_turns, ratio
from tests.bench.world import CERTIFICATES, MARKET, World, world
from verifier.verify import check


def whole_check(made: World) -> Callable[[], object]:
    """A check as a verifier does it: from the file's bytes, with a snapshot of its own."""
    documents = cycle([bundle.dump() for bundle in made.bundles])

    def run() -> object:
        with made.store.snapshot() as evidence:
            return check(next(documents), evidence, now=made.now).verdict

    return run


def written_check(made: World, question: Question) -> Callable[[], object]:
    """A whole check with its report written out, ladder and all."""
    documents = cycle([bundle.dump() for bundle in made.bundles])

    def run() -> object:
        with made.store.snapshot() as evidence:
            return check(next(documents), evidence, question=question, now=made.now).dump()

    return run


def bare_signature(made: World) -> Callable[[], object]:
    """One ES256 verification with the key at hand and the signature in its place."""
    x, y = (_number(made.body.signer.public.jwk[name]) for name in ("x", "y"))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    method = ec.ECDSA(hashes.SHA256())
    signed = cycle([_signed(bundle) for bundle in made.bundles])

    def run() -> None:
        signature, content = next(signed)
        key.verify(signature, content, method)

    return run


def bare_hashes(made: World) -> Callable[[], object]:
    """The hashes of one check: its disclosures, its token, its leaf and its path."""
    parts = cycle(
        [(bundle.presentation.encode().split(b"~")[:-1], bundle.leaf) for bundle in made.bundles]
    )

    def run() -> bytes:
        (token, *disclosures), leaf = next(parts)
        for disclosure in disclosures:
            urlsafe_b64encode(sha256(disclosure).digest())
        node = sha256(b"comity/leaf/v1" + leaf.salt + sha256(token).digest()).digest()
        for sibling in leaf.path:
            node = sha256(b"\x01" + sibling + node).digest()
        return node

    return run


def main(seconds: float) -> Result:
    """Measure the whole check, its parts, and what nobody can save."""
    result = Result("check", "one check: example, 7 disclosures, batch of 131,072, ledger on disk")
    with world() as made:
        signature, hashing = bare_signature(made), bare_hashes(made)
        documents = cycle([bundle.dump() for bundle in made.bundles])
        presentations = cycle([bundle.presentation for bundle in made.bundles])
        credentials = cycle(list(map(Credential.parse, islice(presentations, CERTIFICATES))))
        with made.store.snapshot() as evidence:
            report = check(next(documents), evidence, now=made.now)
        result.samples = in_turns(
            {
                "whole check": whole_check(made),
                "with its report written": written_check(made, Question()),
                "the same in a market": written_check(made, Question(market=MARKET)),
                "bare signature and hashes": lambda: (signature(), hashing()),
                "bare signature": signature,
                "bare hashes": hashing,
                "read the bundle": lambda: Bundle.parse(next(documents)),
                "read the credential": lambda: Credential.parse(next(presentations)),
                "show its fields": lambda: next(credentials).disclosed(),
                "write the report": report.dump,
            },
            seconds=seconds,
        )
    whole = result.samples["whole check"]
    result.at_least("checks per second, one process", 1 / whole.minimum, 4000, "/s")
    plain, market = (
        result.samples[name] for name in ("with its report written", "the same in a market")
    )
    result.at_most("check in a market ÷ without", ratio(market, plain), 1.25)
    bare = result.samples["bare signature and hashes"]
    result.at_most("whole check ÷ its signature and hashes", ratio(whole, bare), 3)
    return result


def _signed(bundle: Bundle) -> tuple[bytes, bytes]:
    """Return the signature of a credential, as OpenSSL wants it, and what is signed."""
    jws = Credential.parse(bundle.presentation).jws
    half = len(jws.signature) // 2
    r, s = (int.from_bytes(part) for part in (jws.signature[:half], jws.signature[half:]))
    return encode_dss_signature(r, s), jws.signing_input


def _number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
