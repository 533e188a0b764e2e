"""Against the reference SD-JWT library from PyPI, which does less, on the same token and key."""

from __future__ import annotations

import json
from itertools import cycle, islice

from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from core.sdjwt import SdJwt
from tests.bench.check import whole_check
from tests.bench.measure import Result, in_turns, ratio
from tests.bench.world import world


def main(seconds: float) -> Result:
    """Verify one presentation with the peer, with our SD-JWT alone, and as a whole check."""
    result = Result("sdjwt", "one presentation with 7 disclosures, beside sd-jwt of PyPI")
    with world() as made:
        key = made.body.signer.public
        peers_key = JWK.from_json(json.dumps(key.jwk))
        texts = cycle([bundle.presentation for bundle in made.bundles])

        def ours(text: str = "") -> object:
            token = SdJwt.parse(text or next(texts))
            token.jws.verify(key)
            return token.process().claims

        def peers(text: str = "") -> object:
            verifier = SDJWTVerifier(text or next(texts), lambda *_: peers_key)
            return verifier.get_verified_payload()

        for text in islice(texts, 3):
            assert ours(text) == peers(text)
        result.samples = in_turns(
            {"PyPI sd-jwt": peers, "our SD-JWT part": ours, "our whole check": whole_check(made)},
            seconds=seconds,
        )
    peer = result.samples["PyPI sd-jwt"]
    part, whole = result.samples["our SD-JWT part"], result.samples["our whole check"]
    result.at_least("SD-JWT part, peer ÷ ours", ratio(peer, part), 1.6)
    result.at_least("whole check, peer's SD-JWT alone ÷ ours", ratio(peer, whole), 1.2)
    return result
