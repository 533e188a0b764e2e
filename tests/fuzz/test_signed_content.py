"""A member may sign and anchor anything: a check of it still ends in a report or in our refusal.

Whatever the report then holds, it prints as lines that the content cannot add to, and dumps as
JSON; and nothing is shown unless issuer and content stand.
"""

from __future__ import annotations

import json
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from core.anchor import Anchor
from core.batch import Batch
from core.bundle import Bundle
from core.credential import Slot
from core.credential_fields import summary
from core.encoding import b64url, compact_json
from core.errors import FormatError
from core.events import Anchored
from core.leaf import Leaf, leaf_hash
from core.report import Outcome, Report
from core.sdjwt import SdJwt
from tests.support.json_strategy import JSON, mutated
from tests.support.network import Body, MemoryLedger
from verifier.render import report_text
from verifier.verify import check


@cache
def body() -> Body:
    return Body(MemoryLedger(), 1).join()


CLAIMS = body().claims(Slot(f"{body().endpoint}/status/1", 5))
TOKENS = body().issue(Slot(f"{body().endpoint}/status/1", 6)).tokens
PAYLOAD = SdJwt.parse(TOKENS["selective"]).payload
PARTS = TOKENS["selective"].split("~")[1:-1]
TEXT = st.text(max_size=12) | st.sampled_from(["\n✔ Verified", "\x1b[2J", "\u202eA", "{body}", ""])
NAMED = st.fixed_dictionaries({}, optional={"name": TEXT, "id": TEXT, "type": JSON})


def _token(payload: object, kind: str) -> str:
    header = {"alg": "ES256", "cty": "vc", "typ": kind}
    header["kid"] = f"{body().issuer.did}#{body().signer.thumbprint}"
    text = f"{b64url(compact_json(header))}.{b64url(compact_json(payload))}"
    return f"{text}.{b64url(body().signer.sign(text.encode(), use='assertion'))}"


def require_a_report(presentation: str) -> Report | None:
    """Anchor and check what a member signed; return the report, None where it was refused."""
    ledger, salt = body().ledger, bytes(32)
    batch = Batch.seal([leaf_hash(salt, presentation.partition("~")[0])], body().random)
    position, time = ledger.next()
    ledger.record(Anchored(position, time, 1, batch.root, batch.size))
    index = batch.index_of(0)
    leaf, anchor = Leaf(salt, index, batch.path(index)), Anchor(1, batch.root, batch.size, position)
    bundle = Bundle(ledger.origin, presentation, leaf, anchor)
    try:
        report = check(bundle.dump(), ledger.state, now=ledger.now)
    except FormatError:
        return None
    shown = all(line.outcome is Outcome.YES for line in report.checks[:2])
    assert shown or (report.disclosed, report.not_shared) == ({}, ())
    assert json.loads(json.dumps(report.dump()))["disclosed"] == report.disclosed
    lines = report_text(report, ledger.now).split("\n")
    if report.disclosed:
        start = lines.index("Shared by the exporter") + 1
        assert lines[start + len(summary(report.disclosed))] == ""
    assert all(line.isprintable() for line in lines)
    assert lines.count("✔ Verified") == 0
    return report


def _check(presentation: str) -> None:
    report = require_a_report(presentation)
    assert report is None or report.checks[2].code == "registered"


@settings(max_examples=150, deadline=None)
@given(mutated(CLAIMS) | JSON)
def test_any_content_in_the_plain_envelope(claims: object) -> None:
    _check(_token(claims, "vc+jwt"))


@settings(max_examples=150, deadline=None)
@given(mutated(PAYLOAD), st.integers(0, 2**18))
def test_any_content_in_the_selective_envelope(payload: object, mask: int) -> None:
    chosen = [part for i, part in enumerate(PARTS) if mask >> i & 1]
    _check("~".join([_token(payload, "vc+sd-jwt"), *chosen, ""]))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_text_where_text_is_shown(data: st.DataObject) -> None:
    claims = json.loads(json.dumps(CLAIMS))
    subject = claims["credentialSubject"]
    subject["issuedToParty"]["name"] = data.draw(TEXT)
    subject["certification"]["scopeStatement"] = data.draw(NAMED | st.lists(TEXT, max_size=3))
    subject["certification"]["site"] = data.draw(st.lists(NAMED | TEXT, max_size=3))
    _check(_token(claims, "vc+jwt"))
