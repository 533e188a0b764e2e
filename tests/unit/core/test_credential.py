"""Both envelopes are read back as issued; what is not ours, or not whole, is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core import codes
from core.credential import (
    Credential,
    Envelope,
    claims,
    issue_plain,
    issue_selective,
)
from core.credential_fields import (
    FIELDS,
    FIELDS_MEMBER,
    GROUP_TITLES,
    choose,
    disclosure_frame,
    field_paths,
    summary,
    title_of,
)
from core.encoding import b64url, compact_json
from core.errors import FormatError, ProofError, Refused, UsageError
from core.record import Record
from core.sdjwt import SdJwt
from tests.support.certificates import ENDPOINT, ISSUER, SLOT, full_record, least_record
from tests.support.tokens import CountedRandomness, ed25519_signer, es256_signer

SIGNER = es256_signer("north")
FULL = Record.parse(full_record())
LEAST = Record.parse(least_record())
CLAIMS = claims(FULL, ISSUER, SLOT)


def selective(value: dict[str, Any] = CLAIMS) -> Credential:
    return Credential.parse(issue_selective(value, SIGNER, CountedRandomness()))


# ------------------------------------------------------------ claims


def test_claims_are_those_of_the_example_but_for_what_would_leak() -> None:
    example = codes.ecert_example()
    built = copy.deepcopy(CLAIMS)
    identity = example["id"]
    # the example's identifiers repeat members that can be hidden; ours must not
    holder = {"id": f"{identity}#holder"}
    example["credentialSubject"]["issuedToParty"] |= holder
    example["credentialSubject"]["conformityAssessment"][0]["assessedOrganisation"] |= holder
    authorisation = example["credentialSubject"]["authorisation"][0]
    authorisation["name"] = "Accreditation of North Certification (example)"
    authorisation["endorsementEvidence"]["linkName"] = "Accreditation credential"
    subject = built["credentialSubject"]
    for added in ("holderName", "holderAddress", "holderCountry", FIELDS_MEMBER):
        del subject["certification"][added]
    subject["certification"]["site"][1]["siteScope"] = "design"
    del subject["conformityAssessment"][1]
    assert built == example


def test_claims_are_deterministic_and_a_reissue_has_another_id() -> None:
    assert claims(FULL, ISSUER, SLOT) == CLAIMS
    least = claims(LEAST, ISSUER, SLOT)
    assert least["id"] == f"{ENDPOINT}/ecert/DE-4711%2F26/2"


def test_claims_of_the_least_record_say_nothing_that_is_not_in_it() -> None:
    subject = claims(LEAST, ISSUER, SLOT)["credentialSubject"]
    assert subject["assessmentLevel"] == "no-endorsement"
    assert subject["name"] == "Management system certificate"
    assert subject["referenceProfile"]["id"] == f"{ENDPOINT}/standards/VDA%206.1%3A2016"
    assert subject["issuedToParty"]["name"] == "Muster GmbH (Beispiel)"
    assert subject["certification"] == {
        "type": ["ManagementSystemCertification"],
        "certificateNumber": "DE-4711/26",
        "standard": "VDA 6.1:2016",
        "effectiveDate": "2026-01-01",
        "expiryDate": "2028-12-31",
        "revision": 2,
        "scopeStatement": {"de": "Herstellung von Beispielen"},
        "holderCountry": "DE",
        FIELDS_MEMBER: ["holder-country", "scope"],
    }


def test_our_context_defines_every_member_of_a_certification() -> None:
    terms = json.loads(codes.ecert_context())["@context"]
    known = terms["ManagementSystemCertification"]["@context"].keys() | {"type"}
    certification = CLAIMS["credentialSubject"]["certification"]
    assert certification.keys() <= known
    for site in certification["site"]:
        assert site.keys() <= terms["Site"]["@context"].keys() | {"type"}


# ------------------------------------------------------------ fields


def test_the_example_has_just_fourteen_fields_to_hide() -> None:
    example = codes.ecert_example()
    assert set(field_paths(example)) == {
        "registered-id", "id-scheme", "certificate-link", "render", "scope", "sectors",
        "site-1", "site-2", "original-date", "decision-date", "assessment-1", "authorisation",
        "accreditation-number", "approval-number",
    }  # fmt: skip
    assert len(disclosure_frame(example)) == 14


NEVER = {
    ("@context",), ("type",), ("id",), ("issuer",), ("validFrom",), ("validUntil",), ("name",),
    ("credentialStatus",), ("credentialSubject",),
    *(("credentialSubject", name) for name in (
        "type", "id", "name", "assessorLevel", "assessmentLevel", "attestationType",
        "issuedToParty", "referenceScheme", "certification",
    )),
    *(("credentialSubject", "issuedToParty", name) for name in ("type", "id", "name")),
    *(("credentialSubject", "certification", name) for name in (
        "type", "certificateNumber", "standard", "effectiveDate", "expiryDate", "revision",
        FIELDS_MEMBER,
    )),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "title"),
    [("sites", "Sites"), ("site-2", "Site 2"), ("assessment-1", "Audit 1"), ("other-1", "other-1")],
)
def test_every_field_and_every_entry_has_words_for_a_person(name: str, title: str) -> None:
    assert title_of(name) == title


def test_what_must_never_be_hidden_is_no_field() -> None:
    assert NEVER.isdisjoint(field.path for field in FIELDS)
    assert NEVER.isdisjoint(disclosure_frame(CLAIMS))
    assert {field.group for field in FIELDS} == set(GROUP_TITLES)
    assert len({field.name for field in FIELDS}) == len({field.path for field in FIELDS}) == 16


def test_nothing_that_can_be_hidden_is_repeated_where_it_cannot() -> None:
    shown = json.dumps(Credential.parse(selective().share(["none"])).claims(), ensure_ascii=False)
    for secret in (
        "91440300MA5EXAMP0C", "深圳", "1 Example Road", "LED", "Plant 1", "2023-03-02",
        "2026-02-27", "2026-02-12", "C999-M", "CNCA-R", "Accreditation", ".pdf", "ecert-v1.html",
    ):  # fmt: skip
        assert secret not in shown, secret


def test_choosing_takes_names_lists_all_and_none() -> None:
    available = selective().fields
    assert available == field_paths(CLAIMS)
    assert choose(["none"], available) == frozenset()
    assert choose(["all"], available) == disclosure_frame(CLAIMS)
    site = ("credentialSubject", "certification", "site")
    assert choose(["sites"], available) == {(*site, 0), (*site, 1)}
    assert choose(["site-2", "site-2"], available) == {(*site, 1)}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("site-3", "field_absent"),
        ("holder", "field_unknown"),
        ("certificate-number", "field_unknown"),
        ("", "field_unknown"),
        ("Scope", "field_unknown"),
    ],
)
def test_a_field_that_is_not_there_is_named_with_those_that_are(name: str, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        selective().share([name])
    assert caught.value.code == code
    assert "site-2" in caught.value.hint


def test_a_share_shows_what_was_chosen_and_names_what_is_held_back() -> None:
    full = selective()
    assert full.not_shared == ()
    shared = Credential.parse(full.share(["scope", "site-2"]))
    assert shared.token == full.token
    assert shared.not_shared == tuple(n for n in full.fields if n not in {"scope", "site-2"})
    shown = shared.disclosed()
    assert shown["scope"] == full_record()["scope"]
    assert [site["siteName"] for site in shown["sites"]] == ["Office"]
    assert "registered-id" not in shown
    assert shown["certificate-number"] == "01526Q30012R1M"
    assert list(shared.fields) == ["scope", "site-2"]
    again = Credential.parse(shared.share(["site-2"]))
    assert list(again.fields) == ["site-2"]
    assert Credential.parse(full.share(["all"])).dump() == full.dump()


def test_a_field_that_never_was_is_not_called_held_back() -> None:
    least = selective(claims(LEAST, ISSUER, SLOT))
    assert Credential.parse(least.share(["none"])).not_shared == ("holder-country", "scope")


def test_a_hidden_claim_that_is_no_field_of_ours_is_told() -> None:
    frame = {*disclosure_frame(CLAIMS), ("credentialSubject", "certification", "cycle")}
    token = sign_with_frame(CLAIMS, frame)
    head = token.split("~")[0] + "~"
    assert Credential.parse(head).not_shared[-1] == "other"


def test_the_summary_has_a_line_for_everything_shown() -> None:
    lines = dict(summary(selective().disclosed()))
    assert lines["Certificate number"] == "01526Q30012R1M"
    assert lines["Site 2"] == "Office, 2 Example Road, Shenzhen, CN"
    assert lines["Audit 1"] == "Recertification audit, 2026-02-12"
    assert lines["Sectors"] == "19"
    assert lines["Register"] == "Unified Social Credit Code (GB 32100)"
    assert "zh: LED驱动电源的设计和生产" in lines["Scope of certification"]


# ------------------------------------------------------------ envelopes


@pytest.mark.parametrize("signer", [SIGNER, ed25519_signer("north")])
def test_both_envelopes_come_back_as_they_went_with_one_slot(signer: Any) -> None:
    tokens = [
        issue_selective(CLAIMS, signer, CountedRandomness()),
        issue_plain(CLAIMS, signer),
    ]
    read = [Credential.parse(token) for token in tokens]
    assert [one.envelope for one in read] == [Envelope.SELECTIVE, Envelope.PLAIN]
    for token, credential in zip(tokens, read, strict=True):
        assert credential.dump() == token
        assert credential.claims() == CLAIMS
        assert credential.slot == SLOT
        assert credential.token == token.split("~")[0]
        assert credential.algorithm == signer.algorithm
        assert credential.algorithm_accepted
        assert credential.issuer_did == credential.kid_did == "did:web:node.north-cert.example"
        assert credential.kid_thumbprint == signer.public.thumbprint
        assert credential.valid_from == datetime(2026, 3, 2, tzinfo=UTC)
        assert credential.valid_until == datetime(2029, 3, 1, 23, 59, 59, tzinfo=UTC)
        assert credential.certificate_number == "01526Q30012R1M"
        credential.jws.verify(signer.public)
        with pytest.raises(ProofError):
            credential.jws.verify(es256_signer("another").public)
    assert read[1].not_shared == ()
    with pytest.raises(FormatError):
        read[1].share(["all"])


def test_headers_say_what_the_formats_say() -> None:
    kid = f"did:web:node.north-cert.example#{SIGNER.thumbprint}"
    plain = Credential.parse(issue_plain(CLAIMS, SIGNER))
    assert plain.jws.header == {"alg": "ES256", "typ": "vc+jwt", "cty": "vc", "kid": kid}
    assert selective().jws.header == plain.jws.header | {"typ": "vc+sd-jwt"}
    status = json.loads(plain.jws.payload)["credentialStatus"]
    assert type(status["statusListIndex"]) is int
    assert status["statusPurpose"] == "suspension"


def test_no_certificate_content_stands_in_a_printed_credential() -> None:
    assert "01526" not in repr(selective())
    assert "Shenzhen" not in repr(selective())


def sign(
    value: dict[str, Any], header: dict[str, Any] | None = None, alg: str | None = None
) -> str:
    """Sign any claims under any header, as only a body gone wrong could."""
    kid = f"did:web:node.north-cert.example#{SIGNER.thumbprint}"
    head = {"alg": alg or "ES256", "typ": "vc+jwt", "cty": "vc", "kid": kid, **(header or {})}
    head = {name: part for name, part in head.items() if part is not None}
    text = f"{b64url(compact_json(head))}.{b64url(compact_json(value))}"
    return f"{text}.{b64url(SIGNER.sign(text.encode(), use='assertion'))}"


def sign_with_frame(value: dict[str, Any], frame: set[tuple[Any, ...]]) -> str:
    from core.sdjwt_issue import issue

    header = {
        "typ": "vc+sd-jwt",
        "cty": "vc",
        "kid": f"did:web:node.north-cert.example#{SIGNER.thumbprint}",
    }
    return issue(value, frame, header, SIGNER, "assertion", CountedRandomness())


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"typ": "JWT"}, "token_type"),
        ({"typ": "vc+sd-jwt"}, "token_type"),
        ({"typ": "dc+sd-jwt"}, "token_type"),
        ({"typ": None}, "token_type"),
        ({"cty": None}, "token_type"),
        ({"kid": None}, "kid_form"),
        ({"kid": "key-1"}, "kid_form"),
        ({"kid": "did:web:node.north-cert.example#key-1"}, "base64url"),
        ({"kid": "did:web:Node.north-cert.example#" + "A" * 43}, "kid_form"),
        ({"kid": "did:key:z6Mk#" + "A" * 43}, "kid_form"),
        ({"kid": "../../etc/passwd"}, "kid_form"),
        ({"kid": "did:web:node.other.example#" + "A" * 43}, "kid_issuer"),
        ({"iat": 1}, "unknown_member"),
    ],
)
def test_a_header_that_is_not_ours_is_no_certificate(header: dict[str, Any], code: str) -> None:
    with pytest.raises(FormatError) as caught:
        Credential.parse(sign(CLAIMS, header))
    assert caught.value.code == code


@pytest.mark.parametrize("header", [{"jku": "https://x"}, {"jwk": {}}, {"crit": ["b64"]}])
def test_a_header_that_attacks_is_read_and_fails_the_signature(header: dict[str, Any]) -> None:
    with pytest.raises(ProofError):
        Credential.parse(sign(CLAIMS, header)).jws.verify(SIGNER.public)


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "es256"])
def test_an_algorithm_that_proves_nothing_is_read_and_not_accepted(alg: str) -> None:
    credential = Credential.parse(sign(CLAIMS, alg=alg))
    assert not credential.algorithm_accepted
    with pytest.raises(ProofError):
        credential.jws.verify(SIGNER.public)


def edited(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    built = copy.deepcopy(CLAIMS)
    change(built)
    return built


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c.update(vc={}), "credential_claims"),
        (lambda c: c.update(vp={}), "credential_claims"),
        (lambda c: c.update(exp=1), "credential_claims"),
        (lambda c: c.update(iss="did:web:node.other.example"), "kid_issuer"),
        (lambda c: c.pop("validFrom"), "not_an_instant"),
        (lambda c: c.pop("validUntil"), "not_an_instant"),
        (lambda c: c.update(validUntil="2029-03-01"), "not_an_instant"),
        (lambda c: c.update(validUntil="2029-03-01T23:59:59+00:00"), "not_an_instant"),
        (lambda c: c.update(validUntil="2030-03-01T23:59:59Z"), "dates_disagree"),
        (lambda c: c.update(validFrom="2026-03-02T00:00:01Z"), "dates_disagree"),
        (lambda c: c.pop("credentialStatus"), "credential_status"),
        (lambda c: c.update(credentialStatus=[c["credentialStatus"]]), "credential_status"),
        (lambda c: c["credentialStatus"].update(statusPurpose="revocation"), "credential_status"),
        (lambda c: c["credentialStatus"].update(extra=1), "credential_status"),
        (lambda c: c["credentialStatus"].update(id="https://x.example/1#1"), "credential_status"),
        (lambda c: c["credentialStatus"].update(statusListIndex=131072), "status_index"),
        (lambda c: c["credentialStatus"].update(statusListIndex=-1), "slot"),
        (lambda c: c["credentialStatus"].update(statusListIndex=True), "credential_status"),
        (lambda c: c["credentialStatus"].update(statusListIndex="048213"), "slot"),
        (
            lambda c: c["credentialStatus"].update(statusListCredential="ftp://x/1"),
            "status_list_url",
        ),
        (lambda c: c["@context"].append("https://x.example"), "credential_form"),
        (lambda c: c["type"].reverse(), "credential_form"),
        (lambda c: c.update(issuer="did:web:node.north-cert.example"), "credential_form"),
        (lambda c: c["issuer"].pop("id"), "not_text"),
        (lambda c: c["issuer"].update(id="did:key:z6Mk"), "kid_issuer"),
        (lambda c: c["credentialSubject"].pop("certification"), "credential_form"),
        (lambda c: c["credentialSubject"]["issuedToParty"].pop("name"), "not_text"),
        (
            lambda c: c["credentialSubject"]["certification"].update(certificateNumber="x" * 61),
            "too_large",
        ),
        (
            lambda c: c["credentialSubject"]["certification"].update(revision="0"),
            "credential_form",
        ),
    ],
)
def test_claims_that_are_not_ours_are_no_certificate_and_never_issued(
    change: Callable[[dict[str, Any]], Any], code: str
) -> None:
    value = edited(change)
    with pytest.raises(FormatError) as caught:
        Credential.parse(sign(value))
    assert caught.value.code == code
    for issue in (issue_plain, lambda v, s: issue_selective(v, s, CountedRandomness())):
        with pytest.raises((FormatError, Refused, KeyError, TypeError)):
            issue(value, SIGNER)


def test_an_index_as_text_is_read_as_w3c_writes_it() -> None:
    value = edited(lambda c: c["credentialStatus"].update(statusListIndex="48213"))
    assert Credential.parse(sign(value)).slot == SLOT


def test_iss_is_accepted_where_it_is_the_issuer() -> None:
    value = edited(lambda c: c.update(iss="did:web:node.north-cert.example"))
    assert Credential.parse(sign(value)).issuer_did == "did:web:node.north-cert.example"


@pytest.mark.parametrize(
    "path",
    [
        ("validUntil",),
        ("credentialStatus",),
        ("issuer",),
        ("issuer", "name"),
        ("credentialStatus", "statusPurpose"),
        ("credentialSubject",),
        ("credentialSubject", "issuedToParty", "name"),
        ("credentialSubject", "certification", "standard"),
        ("credentialSubject", "certification", "expiryDate"),
    ],
)
def test_what_is_never_hidden_may_not_come_as_a_disclosure(path: tuple[str, ...]) -> None:
    with pytest.raises(FormatError):
        Credential.parse(sign_with_frame(CLAIMS, {path}))


def test_a_disclosure_added_changed_or_doubled_is_read_and_refused_with_the_claims() -> None:
    full = selective()
    other = selective(claims(LEAST, ISSUER, SLOT)).dump().split("~")[1]
    parts = full.dump().split("~")
    for text in (
        "~".join([*parts[:-1], other, ""]),
        "~".join([parts[0], parts[1], parts[1], ""]),
        "~".join([parts[0], other, *parts[2:]]),
    ):
        credential = Credential.parse(text)
        for ask in (credential.claims, credential.disclosed, lambda c=credential: c.not_shared):
            with pytest.raises(ProofError):
                ask()


def test_key_binding_is_not_expected() -> None:
    text = selective().dump()
    with pytest.raises(FormatError) as caught:
        Credential.parse(text + text.split("~")[0])
    assert caught.value.code == "key_binding"


def test_the_sd_jwt_reader_agrees_with_ours() -> None:
    text = selective().dump()
    assert SdJwt.parse(text).claims() == CLAIMS


def test_a_signer_is_asked_for_an_assertion_only() -> None:
    class Wary:
        algorithm = SIGNER.algorithm
        thumbprint = SIGNER.thumbprint

        def sign(self, signing_input: bytes, *, use: Any) -> bytes:
            assert use == "assertion"
            return SIGNER.sign(signing_input, use=use)

    issue_plain(CLAIMS, Wary())
