"""The bodies of the demonstration and the registers they import. All of it is fictional.

Three certification bodies issue; two accreditation bodies and an authority say who recognises whom.
Members are numbered in this order, and the example policies count on it. Every row of a register is
made from its number and the year alone, so that two runs import the same.
"""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoBody:
    """One body.

    Args:
        key: its folder and process name.
        name, local_name, language: registered name in English and in its own language.
        economy: ISO 3166-1 alpha-2, or a user-assigned code of no real economy.
        role: what it is.
        prefix: how its certificate numbers begin; numbers carry no meaning to the product.
        rows: how many certificates its register has.
        cities, trades, suffix: what its fictional organizations are made from.
    """

    key: str
    name: str
    local_name: str
    language: str
    economy: str
    role: str = "certification_body"
    prefix: str = ""
    rows: int = 0
    cities: tuple[str, ...] = ()
    suffix: str = ""


BODIES = (
    DemoBody(
        "north", "North Certification (example)", "北方认证（示例）", "zh", "CN",
        prefix="01526Q3", rows=80, cities=("Shenzhen", "Ningbo", "Suzhou", "Qingdao"),
        suffix="Co., Ltd. (example)",
    ),
    DemoBody(
        "rhein", "Rhein Zertifizierung (example)", "Rhein Zertifizierung (Beispiel)", "de", "DE",
        prefix="RZ-QM-", rows=60, cities=("Köln", "Mainz", "Düsseldorf", "Wesel"),
        suffix="GmbH (example)",
    ),
    DemoBody(
        "sul", "Sul Certificadora (example)", "Sul Certificadora (exemplo)", "pt", "BR",
        prefix="SUL/", rows=60, cities=("Curitiba", "Joinville", "Caxias do Sul", "Blumenau"),
        suffix="Ltda. (example)",
    ),
)  # fmt: skip
RECOGNISERS = (
    DemoBody(
        "sino", "Eastern Accreditation (example)", "东方认可（示例）", "zh", "CN",
        "accreditation_body",
    ),
    DemoBody(
        "xenia", "Xenia Accreditation (example)", "Akreditado Xenia (ekzemplo)", "eo", "XA",
        "accreditation_body",
    ),
    DemoBody(
        "market", "Xenia Market Authority (example)", "Merkata Aŭtoritato Xenia (ekzemplo)", "eo",
        "XA", "authority",
    ),
)  # fmt: skip
EVERYBODY = BODIES + RECOGNISERS

_TRADES = (
    ("19", "LED drivers", "Design and manufacture of LED drivers"),
    ("17", "fasteners", "Manufacture of steel fasteners"),
    ("18", "pumps", "Design, manufacture and service of water pumps"),
    ("12", "coatings", "Development and production of industrial coatings"),
    ("14", "seals", "Manufacture of rubber seals"),
)


def number_of(body: DemoBody, row: int) -> str:
    """Return the certificate number of a row, from 1."""
    return f"{body.prefix}{row:04d}R1M"


def write_register(body: DemoBody, file: Path, today: date) -> None:
    """Write the body's register as CSV with the documented header, in force for three years."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADER)
        for row in range(1, body.rows + 1):
            writer.writerow(_row(body, row, _first_day(today)))


_HEADER = (
    "certificate_number", "revision", "cycle", "standard", "holder_name_en", "holder_address",
    "holder_economy", "scope_en", "sectors", "accreditation_body", "accreditation_number",
    "decision_date", "effective_date", "expiry_date", "original_date",
    "site_1_name", "site_1_address", "site_1_economy",
)  # fmt: skip


def _first_day(today: date) -> date:
    """Return the latest second of March that is not after today."""
    return date(today.year if today >= date(today.year, 3, 2) else today.year - 1, 3, 2)


def _row(body: DemoBody, row: int, first: date) -> tuple[str, ...]:
    sector, product, scope = _TRADES[row % len(_TRADES)]
    city = body.cities[row % len(body.cities)]
    return (
        number_of(body, row), "0", "1", "ISO 9001:2015",
        f"{city} {product.title()} {row} {body.suffix}", f"{row} Example Road, {city}",
        body.economy, scope, sector, "Example National Accreditation Body", f"C{900 + row % 90}-M",
        f"{first.year}-02-27", f"{first}", f"{first.year + 3}-03-01", f"{first.year - 3}-03-02",
        "Plant 1", f"{row} Example Road, {city}", body.economy,
    )  # fmt: skip
