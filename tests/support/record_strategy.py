"""Records as hypothesis makes them: every member, many scripts, and only what is valid."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

from core import codes
from core.record import AuditKind, Kind

TEXT = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"], max_codepoint=0xD7FF),
    min_size=1,
    max_size=40,
).map(lambda text: unicodedata.normalize("NFC", text))
_TAGS = st.sampled_from(["en", "zh", "zh-Hans", "pt-BR", "es-419", "sr-Latn-RS", "ar", "gsw"])
_TEXTS = st.dictionaries(_TAGS, TEXT, min_size=1, max_size=4)
_ECONOMIES = st.sampled_from(sorted(codes.economies()))
_DAYS = st.dates().map(lambda day: day.isoformat())
_LINKS = st.fixed_dictionaries(
    {"url": st.sampled_from(["https://a.example/x?y=1#z", "http://localhost:1/"])},
    optional={"name": TEXT, "media_type": st.just("text/html")},
)
_SITES = st.fixed_dictionaries(
    {"name": TEXT, "economy": _ECONOMIES}, optional={"address": TEXT, "scope": TEXT}
)


@st.composite
def dates(draw: st.DrawFn) -> dict[str, str]:
    days = sorted(draw(st.lists(st.dates(), min_size=4, max_size=4, unique=True)))
    built = dict(zip(("original", "decision", "effective", "expiry"), days, strict=True))
    for name in draw(st.sets(st.sampled_from(["original", "decision"]))):
        del built[name]
    return {name: day.isoformat() for name, day in built.items()}


RECORDS = st.fixed_dictionaries(
    {
        "kind": st.just(str(Kind.MANAGEMENT_SYSTEM)),
        "certificate_number": TEXT,
        "standard": st.sampled_from([*codes.standards(), "VDA 6.1:2016"]),
        "holder": st.fixed_dictionaries(
            {"names": _TEXTS, "economy": _ECONOMIES},
            optional={
                "address": _TEXTS,
                "identifier": st.fixed_dictionaries({"scheme": st.just("other"), "value": TEXT}),
            },
        ),
        "scope": _TEXTS,
        "dates": dates(),
        "revision": st.integers(0, 9999),
    },
    optional={
        "cycle": st.integers(0, 999),
        "sectors": st.lists(
            st.sampled_from(sorted(codes.sectors())), min_size=1, max_size=5, unique=True
        ),
        "sites": st.lists(_SITES, min_size=1, max_size=3),
        "accreditation": st.fixed_dictionaries(
            {"body": TEXT, "number": TEXT}, optional={"evidence": _LINKS}
        ),
        "approval_number": TEXT,
        "audits": st.lists(
            st.fixed_dictionaries(
                {"kind": st.sampled_from([str(kind) for kind in AuditKind]), "date": _DAYS}
            ),
            min_size=1,
            max_size=3,
        ),
        "certificate_link": _LINKS,
        "render": _LINKS,
        "evidence_root": st.just("A" * 43),
    },
)
