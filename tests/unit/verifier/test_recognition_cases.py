"""Recognition, case by case, written down by hand from the design, sections 4 and 6.

A case is what happened (accreditation | arrangement | policy | anything else), what was asked, and
what must come out: an outcome for each of the nine lines and the codes of lines 7, 8 and 9. The
words are those of ``tests/support/recognition.py``. Outcomes are Y yes, C condition, N no, ? could
not be checked, - not shared, . not asked. The certificate is for ISO 9001:2015, sector 19, and
registered on day 10; now is day 100.
"""

from __future__ import annotations

from typing import Any

import pytest

from core.report import Outcome, Report, Verdict
from tests.support.recognition import Scene, policy_of

LETTERS = {
    Outcome.YES: "Y",
    Outcome.CONDITION: "C",
    Outcome.NO: "N",
    Outcome.COULD_NOT_BE_CHECKED: "?",
    Outcome.NOT_SHARED: "-",
    Outcome.NOT_ASKED: ".",
}
IN = "ab+MSC@1 home+MSC@1"
P = "plain@2"
ALL = "YYYYY.YYY accredited in_effect accepts"
NO_LADDER = "no_accreditation ladder_broken"
NOT_FOR_IT = "market_scope refuses_scope"

# fmt: off
# (accreditation, arrangement, policy, anything else, asked, expected)
WINDOW = [
    ("grant@1", IN, P, "", "", ALL),
    ("", IN, P, "", "", f"YYYYY.NNN accreditation_none {NO_LADDER}"),
    ("grant@1<50", IN, P, "", "", f"YYYYY.NNN accreditation_ended {NO_LADDER}"),
    ("grant@1<50", IN, P, "", "at=49", ALL),
    ("grant@1<50", IN, P, "", "at=50", f"YYYYY.NNN accreditation_ended {NO_LADDER}"),
    ("grant@1<200", IN, P, "", "", ALL),
    ("grant@1<50 grant@40", IN, P, "", "", ALL),
    ("grant@1<50 grant@60", IN, P, "", "", ALL),
    ("grant@1<50 grant@60", IN, P, "", "at=55", f"YYYYY.NNN accreditation_ended {NO_LADDER}"),
    ("grant@1<50 grant@60>50", IN, P, "", "", ALL),
    ("grant@1<50 grant@60>50", IN, P, "", "at=55",
     "YYYYY.CYY accredited_declared_later in_effect accepts"),
    ("grant@20", IN, P, "", "", "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@20", IN, P, "", "at=15", f"YYYYY.NNN accreditation_not_yet {NO_LADDER}"),
    ("grant@20>5", IN, P, "", "", ALL),
    ("grant@20>5", IN, P, "", "at=15", "YYYYY.CYY accredited_declared_later in_effect accepts"),
    ("grant@20>5", IN, P, "", "at=25", ALL),
    ("grant@1>150", IN, P, "", "", f"YYYYY.NNN accreditation_not_yet {NO_LADDER}"),
    ("grant@5>30", IN, P, "", "", "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@5>30", IN, P, "", "at=20", f"YYYYY.NNN accreditation_not_yet {NO_LADDER}"),
    ("grant@1>-300", IN, P, "", "", ALL),
    ("grant@1<10 grant@30", IN, P, "", "", "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@1", IN, P, "", "at=5", "YY?Y?.YYY accredited in_effect accepts"),
]
COVERAGE = [
    ("grant@1:9001", IN, P, "", "", ALL),
    ("grant@1:9001:2015", IN, P, "", "", ALL),
    ("grant@1:9001:2008", IN, P, "", "", f"YYYYY.NNN accreditation_other_standard {NO_LADDER}"),
    ("grant@1:14001", IN, P, "", "", f"YYYYY.NNN accreditation_other_standard {NO_LADDER}"),
    ("grant@1:14001;9001", IN, P, "", "", ALL),
    ("grant@1:9001=19", IN, P, "", "", ALL),
    ("grant@1:9001=03,19", IN, P, "", "", ALL),
    ("grant@1:9001=03", IN, P, "", "", f"YYYYY.NNN accreditation_other_sector {NO_LADDER}"),
    ("grant@1:9001=19", IN, P, "sectors=19,28", "",
     "YYYYY.CYY accredited_in_part in_effect accepts"),
    ("grant@1:9001=19", IN, P, "sectors=19,28", "sector=19",
     "YYYYYYYYY accredited in_effect accepts"),
    ("grant@1:9001=19", IN, P, "sectors=19,28", "sector=28",
     f"YYYYYYNNN accreditation_other_sector {NO_LADDER}"),
    ("grant@1:9001", IN, P, "", "fields=none", ALL),
    ("grant@1:9001=19", IN, P, "", "fields=none",
     "YYYYY.-YY accreditation_sectors_not_shared in_effect accepts"),
    ("grant@1:9001=19", IN, P, "", "fields=none sector=19",
     "YYYYY-YYY accredited in_effect accepts"),
    ("grant@1:9001=19", IN, P, "sectors=", "",
     "YYYYY.CYY accredited_sectors_not_stated in_effect accepts"),
    ("grant@1:9001", IN, P, "sectors=", "", ALL),
    ("grant@1:9001", IN, P, "sectors=", "sector=19", "YYYYYCYYY accredited in_effect accepts"),
    ("grant@1:9001=03,19 reduce@40:9001=03", IN, P, "", "",
     f"YYYYY.NNN accreditation_other_sector {NO_LADDER}"),
    ("grant@1:9001=03,19 reduce@40:9001=03", IN, P, "", "at=30", ALL),
    ("grant@1:9001=03,19 reduce@40:9001=19", IN, P, "", "", ALL),
    ("grant@1:9001=03,19 reduce@60>20:14001", IN, P, "", "at=30",
     f"YYYYY.NNN accreditation_other_standard {NO_LADDER}"),
    ("grant@1<50 reduce@20:9001", IN, P, "", "", f"YYYYY.NNN accreditation_ended {NO_LADDER}"),
    ("grant@1<50 reduce@20:9001", IN, P, "", "at=30", ALL),
    ("grant@1 reduce@20<50:9001", IN, P, "", "", f"YYYYY.NNN accreditation_ended {NO_LADDER}"),
    ("grant@1:9001=03 grant@40:9001=03,19", IN, P, "", "",
     "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@1:9001=03 grant@40:9001=03,19", IN, P, "", "at=30",
     f"YYYYY.NNN accreditation_other_sector {NO_LADDER}"),
    ("grant@1:9001=19 grant@40:9001=03,19", IN, P, "", "", ALL),
    # Hiding the sectors, or stating none, must not answer better than showing them.
    ("grant@1:9001=03 grant@40:9001", IN, P, "", "fields=none",
     "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@1:9001=03 grant@40:9001", IN, P, "sectors=", "",
     "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@1:9001=03 grant@40>5:9001", IN, P, "", "fields=none at=30",
     "YYYYY.CYY accredited_declared_later in_effect accepts"),
    ("grant@1 suspend@20 reduce@25:9001=03 restore@30", IN, P, "", "",
     f"YYYYY.NNN accreditation_other_sector {NO_LADDER}"),
    ("grant@1:14001", IN, P, "standard=ISO 14001:2015", "", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("grant@1:14001", IN, "wide@2", "standard=ISO 14001:2015", "", ALL),
    ("grant@1:14001", IN, "environment@2", "standard=ISO 14001:2015", "", ALL),
    ("grant@1", IN, "wide@2", "standard=VDA 6.1:2016", "",
     f"YYYYY.NNN accreditation_other_standard {NO_LADDER}"),
    ("grant@1", IN, P, "standard=VDA 6.1:2016", "",
     f"YYYYY.NNN accreditation_other_standard {NOT_FOR_IT}"),
]
SUSPENSION = [
    ("grant@1 suspend@20", IN, P, "", "", f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@1 suspend@20", IN, P, "", "at=19", ALL),
    ("grant@1 suspend@20", IN, P, "", "at=20", f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@1 suspend@20 restore@30", IN, P, "", "", ALL),
    ("grant@1 suspend@20 restore@30", IN, P, "", "at=25",
     f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@1 suspend@20 restore@30", IN, P, "", "at=30", ALL),
    ("grant@1 suspend@20<40", IN, P, "", "", f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@1 suspend@20>40", IN, P, "", "at=30", ALL),
    ("grant@1 suspend@20>40", IN, P, "", "", f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@1 suspend@20>150", IN, P, "", "", ALL),
    ("grant@1 suspend@60>20", IN, P, "", "at=30", f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@1 suspend@60>20", IN, P, "", "at=15", ALL),
    ("grant@1 suspend@20 restore@60>25", IN, P, "", "at=30",
     "YYYYY.CYY accredited_declared_later in_effect accepts"),
    ("grant@1 suspend@20 restore@60>25", IN, P, "", "", ALL),
    ("grant@1 suspend@5 restore@30", IN, P, "", "", "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@1 withdraw@20", IN, P, "", "", f"YYYYY.NNN accreditation_withdrawn {NO_LADDER}"),
    ("grant@1 withdraw@20", IN, P, "", "at=15", ALL),
    ("grant@1 withdraw@20 grant@30", IN, P, "", "", ALL),
    ("grant@1 withdraw@20 grant@30", IN, P, "", "at=25",
     f"YYYYY.NNN accreditation_withdrawn {NO_LADDER}"),
    ("grant@1 suspend@20 withdraw@30", IN, P, "", "at=25",
     f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@5>20 suspend@8>15", IN, P, "", "at=17",
     f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
]
STANDING = [
    ("grant@1", IN, P, "ab.suspended@20", "",
     f"YYYYY.NNN accreditation_body_suspended {NO_LADDER}"),
    ("grant@1", IN, P, "ab.suspended@20", "at=15", ALL),
    ("grant@1", IN, P, "ab.suspended@20 ab.restored@30", "", ALL),
    ("grant@1", IN, P, "ab.suspended@20 ab.restored@30", "at=25",
     f"YYYYY.NNN accreditation_body_suspended {NO_LADDER}"),
    ("grant@1", IN, P, "ab.expelled@20", "", f"YYYYY.NNN accreditation_body_expelled {NO_LADDER}"),
    ("grant@1", IN, P, "ab.suspended@5 ab.restored@30", "",
     "YYYYY.CYY accredited_since in_effect accepts"),
    ("grant@1", IN, P, "cb.suspended@20", "", "YYCYY.YYY accredited in_effect accepts"),
    ("grant@1", IN, P, "cb.suspended@20", "at=15", ALL),
    ("grant@1", IN, P, "cb.suspended@20 cb.restored@30", "", ALL),
    ("grant@1", IN, P, "cb.suspended@20 cb.restored@30", "at=25",
     "YYCYY.YYY accredited in_effect accepts"),
    ("grant@1", IN, P, "cb.expelled@20", "", "YYCYY.YYY accredited in_effect accepts"),
    ("grant@1", IN, P, "cb.suspended@5", "", "YYNYY.YYY accredited in_effect accepts"),
    ("grant@1", IN, P, "cb.expelled@5", "", "YYNYY.YYY accredited in_effect accepts"),
    ("grant@1", IN, P, "cb.suspended@5 cb.restored@8", "", ALL),
    ("grant@1", IN, P, "home.suspended@20", "",
     "YYYYY.YNN accredited party_suspended ladder_broken"),
    ("grant@1", IN, P, "home.expelled@20", "", "YYYYY.YNN accredited party_expelled ladder_broken"),
    ("grant@1", IN, P, "home.expelled@20", "at=15", ALL),
    ("grant@1", IN, P, "authority.expelled@20", "", ALL),
    ("grant@1", IN, P, "alert.cb@20", "", "YYCYY.YYY accredited in_effect accepts"),
    ("grant@1", IN, P, "alert.cb@20 lift@30", "", ALL),
    ("grant@1", IN, P, "alert.cb@20 authority.expelled@30", "", ALL),
    ("grant@1", IN, P, "alert.ab@20", "", "YYYYY.CYY accredited_with_alert in_effect accepts"),
    ("grant@1", IN, P, "alert.ab@20", "at=15", "YYYYY.CYY accredited_with_alert in_effect accepts"),
    ("grant@1", IN, P, "alert.home@20", "", "YYYYY.YCY accredited with_alert accepts"),
]
ARRANGEMENT = [
    ("grant@1", "", P, "", "", "YYYYY.YNN accredited not_party ladder_broken"),
    ("grant@1", "ab+MSC@1", P, "", "", "YYYYY.YNN accredited unilateral ladder_broken"),
    ("grant@1", "home+MSC@1", P, "", "", "YYYYY.YNN accredited unilateral ladder_broken"),
    ("grant@1", "ab+MSC/QMS@1 home+MSC/QMS@1", P, "", "", ALL),
    ("grant@1", "ab+MSC@1 home+MSC/QMS@1", P, "", "", ALL),
    ("grant@1", "ab+MSC/EMS@1 home+MSC@1", P, "", "",
     "YYYYY.YNN accredited other_scope ladder_broken"),
    ("grant@1", "ab+MSC@1 home+MSC/EMS@1", P, "", "",
     "YYYYY.YNN accredited other_scope ladder_broken"),
    ("grant@1", "ab+MSC@1 home+MSC@20>150", P, "", "",
     "YYYYY.YNN accredited not_yet ladder_broken"),
    ("grant@1", "ab+MSC@1 home+MSC@20", P, "", "", ALL),
    ("grant@1", "ab+MSC@1 home+MSC@20", P, "", "at=15",
     "YYYYY.YNN accredited not_yet ladder_broken"),
    ("grant@1", "ab+MSC@1 home+MSC@20>5", P, "", "at=15",
     "YYYYY.YCY accredited declared_later accepts"),
    ("grant@1", "ab+MSC@1 home+MSC@20>5", P, "", "at=25", ALL),
    ("grant@1", IN, "second@2", "", "", "YYYYY.YNN accredited not_party ladder_broken"),
    ("", "cb+MSC@1 home+MSC@1", "direct@2", "", "",
     "YYYYY..YY accreditation_not_needed in_effect accepts"),
    ("", "home+MSC@1", "direct@2", "", "",
     "YYYYY..NN accreditation_not_needed unilateral ladder_broken"),
    ("grant@1", IN, "direct@2", "", "",
     "YYYYY..NN accreditation_not_needed unilateral ladder_broken"),
    ("", "cb+MSC@1 home+MSC@1", "direct@2", "cb.suspended@20", "",
     "YYCYY..NN accreditation_not_needed party_suspended ladder_broken"),
    ("grant@1", IN, "both@2", "", "", ALL),
    ("grant@1 suspend@20", f"{IN} cb+MSC@1", "both@2", "", "",
     "YYYYY..YY accreditation_not_needed in_effect accepts"),
    ("grant@1", "", "own@2", "", "", "YYYYY.YYY accredited own_accreditation accepts"),
    ("grant@1 suspend@20", "", "own@2", "", "", f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
    ("grant@1", IN, "foreign@2", "", "", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("ab2.grant@1", "ab2+MSC@1 home+MSC@1", P, "", "", ALL),
    ("grant@1 ab2.grant@1", "ab2+MSC@1 home+MSC@1", P, "", "", ALL),
    ("grant@1 suspend@20 ab2.grant@1", f"{IN} ab2+MSC@1", P, "", "", ALL),
    ("grant@1 suspend@20 ab2.grant@1", IN, P, "", "",
     "YYYYY.YNN accredited unilateral ladder_broken"),
    ("grant@1", "ab+MSC@1 home2+MSC@1", "homes@2", "", "", ALL),
    ("grant@1", "ab+MSC@1 home2+MSC@1", P, "", "", "YYYYY.YNN accredited unilateral ladder_broken"),
]
PARTY = [
    ("grant@1", f"{IN} ab-MSC@20", P, "", "", "YYYYY.YNN accredited left ladder_broken"),
    ("grant@1", f"{IN} ab-MSC@20", P, "", "at=15", ALL),
    ("grant@1", f"{IN} ab-MSC@20>150", P, "", "", ALL),
    ("grant@1", f"{IN} ab-MSC@60>20", P, "", "at=30", "YYYYY.YNN accredited left ladder_broken"),
    ("grant@1", f"{IN} ab-MSC/QMS@20", P, "", "", "YYYYY.YNN accredited left ladder_broken"),
    ("grant@1", f"{IN} ab-MSC/EMS@20", P, "", "", ALL),
    ("grant@1", f"{IN} ab-MSC@20 ab+MSC@30", P, "", "", ALL),
    ("grant@1", f"{IN} ab-MSC@20 ab+MSC@30", P, "", "at=25",
     "YYYYY.YNN accredited left ladder_broken"),
    ("grant@1", f"{IN} ab-MSC@20 ab+MSC/QMS@30", P, "", "", ALL),
    ("grant@1", f"{IN} home-MSC@20", P, "", "", "YYYYY.YNN accredited home_left ladder_broken"),
    ("grant@1", f"{IN} home-MSC@20 home2+MSC@1", "homes@2", "", "", ALL),
    ("grant@1", f"{IN} ab!MSC@20", P, "", "", "YYYYY.YNN accredited suspended ladder_broken"),
    ("grant@1", f"{IN} ab!MSC@20", P, "", "at=15", ALL),
    ("grant@1", f"{IN} ab!MSC@20>40", P, "", "at=30", ALL),
    ("grant@1", f"{IN} ab!MSC/QMS@20", P, "", "", "YYYYY.YNN accredited suspended ladder_broken"),
    ("grant@1", f"{IN} ab!MSC/EMS@20", P, "", "", ALL),
    ("grant@1", f"{IN} ab!MSC@20 ab^MSC@30", P, "", "", ALL),
    ("grant@1", f"{IN} ab!MSC@20 ab^MSC@30", P, "", "at=25",
     "YYYYY.YNN accredited suspended ladder_broken"),
    ("grant@1", f"{IN} ab!MSC/QMS@20 ab^MSC@30", P, "", "",
     "YYYYY.YNN accredited suspended ladder_broken"),
    ("grant@1", f"{IN} ab!MSC@20 ab^MSC@60>25", P, "", "at=30",
     "YYYYY.YCY accredited declared_later accepts"),
    ("grant@1", f"{IN} ab!MSC@20 ab-MSC@30 ab+MSC@40", P, "", "",
     "YYYYY.YNN accredited suspended ladder_broken"),
    ("grant@1", f"{IN} home!MSC@20", P, "", "",
     "YYYYY.YNN accredited home_suspended ladder_broken"),
    ("grant@1 suspend@20", f"{IN} ab-MSC@20", P, "", "",
     f"YYYYY.NNN accreditation_suspended {NO_LADDER}"),
]
POLICY = [
    ("grant@1", IN, "", "", "", "YYYYY.Y?? accredited no_policy no_policy"),
    ("", IN, "", "", "", "YYYYY.N?? accreditation_none no_policy no_policy"),
    ("grant@1", IN, "plain@2>50", "", "at=30", "YYYYY.Y?? accredited no_policy no_policy"),
    ("grant@1", IN, "plain@2>50", "", "at=60", ALL),
    ("grant@1", IN, "plain:1@2 nothing:2@50", "", "", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("grant@1", IN, "plain:1@2 nothing:2@50", "", "at=30", ALL),
    ("grant@1", IN, "nothing:1@2 plain:2@50", "", "", ALL),
    ("grant@1", IN, "nothing:1@2 plain:2@50", "", "at=30", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("grant@1", IN, "plain:2@2 nothing:1@50", "", "", ALL),
    ("grant@1", IN, "plain:1@2 nothing:1@50", "", "", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("grant@1", IN, "plain@50>20", "", "at=30", "YYYYY.YYC accredited in_effect declared_later"),
    ("grant@1", IN, "plain@50>20", "", "", ALL),
    ("grant@1", IN, "plain:0@2", "", "", "YYYYY.Y?? accredited no_policy no_policy"),
    ("grant@1", IN, "garbage@2", "", "", "YYYYY.Y?? accredited no_policy policy_unreadable"),
    ("grant@1", IN, "plain@2 garbage@50", "", "",
     "YYYYY.Y?? accredited no_policy policy_unreadable"),
    ("", IN, "plain@2 garbage@50", "", "",
     "YYYYY.??? accreditation_policy_open no_policy policy_unreadable"),
    ("grant@1", IN, "garbage@2 plain@50", "", "", ALL),
    ("grant@1", IN, P, "authority.suspended@1", "", "YYYYY.Y?? accredited no_policy no_policy"),
    ("grant@1", IN, "conditions@2", "", "",
     "YYYYY.YYC accredited in_effect accepts_with_conditions"),
    ("grant@1", IN, "either@2", "", "", ALL),
    ("grant@1", IN, "either@2", "sectors=28", "",
     "YYYYY.YYC accredited in_effect accepts_with_conditions"),
    ("grant@1", IN, "edition@2", "", "", ALL),
    ("grant@1", IN, "older@2", "", "", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("grant@1", IN, "sector19@2", "", "", ALL),
    ("grant@1", IN, "sector03@2", "", "", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("grant@1", IN, "sector19@2", "sectors=19,28", "",
     "YYYYY.YYC accredited in_effect accepts_in_part"),
    ("grant@1", IN, "sector19@2", "sectors=19,28", "sector=19",
     "YYYYYYYYY accredited in_effect accepts"),
    ("grant@1", IN, "sector19@2", "sectors=19,28", "sector=28",
     f"YYYYYYYNN accredited {NOT_FOR_IT}"),
    ("grant@1", IN, "sector19@2", "", "fields=none",
     "YYYYY.YY- accredited in_effect sectors_not_shared"),
    ("grant@1", IN, "sector19@2", "sectors=", "", "YYYYY.YYC accredited in_effect accepts_in_part"),
    ("grant@1", IN, "", "", "local=plain", ALL),
    ("grant@1", IN, P, "", "local=nothing", f"YYYYY.YNN accredited {NOT_FOR_IT}"),
    ("grant@1", IN, "nothing@2", "", "local=conditions",
     "YYYYY.YYC accredited in_effect accepts_with_conditions"),
    ("grant@1", IN, "garbage@2", "", "local=plain", ALL),
    ("grant@1", IN, P, "", "market=XC", "YYYYY.Y?? accredited no_policy no_policy"),
]
SIGNATURE = [
    ("grant@1", IN, "es256@2", "", "", ALL),
    ("grant@1", IN, "ed25519@2", "", "", "YYYYY.YYN accredited in_effect refuses_algorithm"),
    ("grant@1", IN, "keyhsm@2", "", "", "YYYYY.YYN accredited in_effect refuses_key_assurance"),
    ("grant@1", IN, "keyhsm@2", "hsm@5", "", ALL),
    ("grant@1", IN, "keyhsm@2", "hsm@20", "",
     "YYYYY.YYN accredited in_effect refuses_key_assurance"),
    ("grant@1", IN, "keyhsm@2", "qualified@5", "", ALL),
    ("grant@1", IN, "keyhsm@2", "hsm@5 file@8", "",
     "YYYYY.YYN accredited in_effect refuses_key_assurance"),
    ("grant@1", IN, "keyhsm@2", "hsm@5 file@20", "", ALL),
    ("grant@1", IN, "keyqualified@2", "hsm@5", "",
     "YYYYY.YYN accredited in_effect refuses_key_assurance"),
    ("grant@1", IN, "keyqualified@2", "hsm@5 qualified@8", "", ALL),
    ("grant@1", "ab+MSC@1", "keyhsm@2", "", "",
     "YYYYY.YNN accredited unilateral refuses_key_assurance"),
    ("grant@1", IN, "fresh@2", "", "", ALL),
    ("grant@1", IN, "fresh@2", "", "late=60", "YYYYY.YY? accredited in_effect evidence_too_old"),
    ("grant@1", IN, P, "", "late=700",
     "YY?Y?.??? accreditation_not_checked not_checked not_checked"),
    ("grant@1", IN, "showsectors@2", "", "", ALL),
    ("grant@1", IN, "showsectors@2", "", "fields=none",
     "YYYYY.YY- accredited in_effect disclosure_missing"),
    ("grant@1", IN, "showsites@2", "", "", ALL),
    ("grant@1", IN, "showsites@2", "", "fields=site-1",
     "YYYYY.YY- accredited in_effect disclosure_missing"),
    ("grant@1", IN, "shownames@2", "", "", "YYYYY.YYN accredited in_effect disclosure_absent"),
]
SCOPE = [
    ("grant@1", IN, P, "", "standard=ISO 9001", "YYYYYYYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "standard=iso 9001:2015", "YYYYYYYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "standard=ISO 9001:2008", "YYYYYNYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "standard=ISO 14001", "YYYYYNYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "sector=03", "YYYYYNYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "site=plant 1", "YYYYYYYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "site=2 Example Road Shenzhen",
     "YYYYYYYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "site=Plant 9", "YYYYYNYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "fields=site-1 site=Office", "YYYYY-YYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "fields=site-1 site=Plant 1", "YYYYYYYYY accredited in_effect accepts"),
    ("grant@1", IN, P, "", "fields=none site=Plant 1 standard=ISO 9001",
     "YYYYY-YYY accredited in_effect accepts"),
]
# fmt: on
CASES = [
    *WINDOW,
    *COVERAGE,
    *SUSPENSION,
    *STANDING,
    *ARRANGEMENT,
    *PARTY,
    *POLICY,
    *SIGNATURE,
    *SCOPE,
]  # fmt: skip


def _words(text: str) -> dict[str, str]:
    """Return ``name=value`` pairs; a value may have spaces, a name not."""
    found: dict[str, str] = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if equals:
            last = name
            found[name] = value
        else:
            found[last] += f" {part}"
    return found


def _scene(*happened: str) -> Scene:
    made: dict[str, Any] = {}
    events: list[str] = []
    for part in happened:
        if "=" in part and "@" not in part:
            words = _words(part)
            made |= {"standard": words["standard"]} if "standard" in words else {}
            if "sectors" in words:
                made["sectors"] = tuple(filter(None, words["sectors"].split(","))) or None
        else:
            events.append(part)
    return Scene(**made).play(*events)


def _ask(scene: Scene, asked: str) -> Report:
    words: dict[str, Any] = _words(asked)
    for name in ("at", "late"):
        if name in words:
            words[name] = int(words[name])
    if "fields" in words:
        words["fields"] = (words["fields"],)
    if "local" in words:
        words["local"] = policy_of(words["local"])
    return scene.ask(**words)


def _told(report: Report) -> str:
    letters = "".join(LETTERS[check.outcome] for check in report.checks)
    seven, eight, nine = (check.code for check in report.checks[6:])
    return f"{letters} {seven} {eight.removeprefix('arrangement_')} {nine.removeprefix('market_')}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: " | ".join(filter(None, case[:5])))
def test_the_answer_is_the_one_written_down(case: tuple[str, ...]) -> None:
    *happened, asked, expected = case
    report = _ask(_scene(*happened), asked)
    assert _told(report) == expected
    assert Report.parse(report.dump()) == report
    assert (report.verdict is Verdict.VERIFIED) is (set(expected.split()[0]) <= set("Y."))


def test_there_are_enough_cases_and_no_two_alike() -> None:
    assert len({case[:5] for case in CASES}) == len(CASES) >= 120
