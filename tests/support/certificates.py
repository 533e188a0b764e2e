"""A record that says everything a record can say, its issuer, and its slot: all made up."""

from __future__ import annotations

from typing import Any

from core.issuer import Issuer, Slot
from core.record import Identifier, Record

ENDPOINT = "https://node.north-cert.example"
SLOT = Slot(f"{ENDPOINT}/status/7", 48213)
ISSUER = Issuer.at(
    ENDPOINT,
    "North Certification (example)",
    (Identifier(scheme="uscc", value="91110105MA00TAMP75"),),
)
DIGEST = "zQmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51"


def full_record() -> dict[str, Any]:
    """Return a record with every member, each call a fresh one."""
    return {
        "kind": "management_system",
        "certificate_number": "01526Q30012R1M",
        "standard": "ISO 9001:2015",
        "standard_uri": "https://www.iso.org/standard/62085.html",
        "scheme": {
            "name": "Management-system certification to ISO/IEC 17021-1",
            "uri": "https://www.iso.org/committee/54998.html",
        },
        "holder": {
            "names": {
                "en": "Shenzhen Sample Export Co., Ltd. (example)",
                "zh-Hans": "深圳样品出口有限公司（示例）",
            },
            "economy": "CN",
            "identifier": {"scheme": "uscc", "value": "91440300MA5EXAMP0C"},
            "address": {"en": "1 Example Road, Shenzhen", "zh-Hans": "深圳市示例路1号"},
        },
        "scope": {
            "en": "Design and manufacture of LED drivers",
            "zh": "LED驱动电源的设计和生产",
        },
        "dates": {
            "original": "2023-03-02",
            "decision": "2026-02-27",
            "effective": "2026-03-02",
            "expiry": "2029-03-01",
        },
        "revision": 0,
        "cycle": 1,
        "sectors": ["19"],
        "sites": [
            {
                "name": "Plant 1",
                "economy": "CN",
                "address": "1 Example Road, Shenzhen",
                "scope": "manufacture",
            },
            {"name": "Office", "economy": "CN", "address": "2 Example Road, Shenzhen"},
        ],
        "accreditation": {
            "body": "Example National Accreditation Body",
            "number": "C999-M",
            "body_uri": "did:web:node.ab.example",
            "level": "authority-globalmra",
            "evidence": {
                "url": "https://node.ab.example/accreditation/C999-M",
                "name": "Accreditation credential",
                "media_type": "application/vc+jwt",
                "digest": DIGEST,
            },
        },
        "approval_number": "CNCA-R-2002-999",
        "audits": [
            {"kind": "recertification", "date": "2026-02-12"},
            {"kind": "special", "date": "2026-02-20"},
        ],
        "predecessor": {"slot": f"{ENDPOINT}/status/3#811", "member": 2},
        "certificate_link": {
            "url": f"{ENDPOINT}/pdf/01526Q30012R1M.pdf",
            "name": "Certificate PDF",
            "media_type": "application/pdf",
            "digest": DIGEST,
        },
        "render": {
            "url": f"{ENDPOINT}/render/ecert-v1.html",
            "name": "Certificate, A4",
            "media_type": "text/html",
            "digest": DIGEST,
        },
        "evidence_root": "A" * 43,
    }


def least_record() -> dict[str, Any]:
    """Return a record with nothing but what is required."""
    return {
        "kind": "management_system",
        "certificate_number": "DE-4711/26",
        "standard": "VDA 6.1:2016",
        "holder": {"names": {"de": "Muster GmbH (Beispiel)"}, "economy": "DE"},
        "scope": {"de": "Herstellung von Beispielen"},
        "dates": {"effective": "2026-01-01", "expiry": "2028-12-31"},
        "revision": 2,
    }


def parsed(record: dict[str, Any]) -> Record:
    """Return the record."""
    return Record.parse(record)
