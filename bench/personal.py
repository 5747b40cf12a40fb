"""How well personal values are found, on a generated set, and what looking for them costs: precision, recall, µs.

The set is made from a seed: sentences and bare values, in three languages, with personal values or with what only looks like them (orders,
articles, parcels, moments, prices). Telephone numbers are libphonenumber's examples of 30 countries, in the forms that people write.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from touchline.producers.record import RecordMaker
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.personal.cards import has_luhn_digit
from touchline.schemas.personal.find import mask
from touchline.schemas.personal.kinds import KINDS, Kind
from touchline.schemas.sources import Source

SEED: Final = 20_260_301
TEXTS: Final = 20_000
EVENTS: Final = 20_000
MOMENT_US: Final = 1_772_366_400_000_000
COUNTRIES: Final = (
    "DE", "AT", "CH", "GB", "FR", "IT", "ES", "NL", "BE", "PL", "CZ", "DK", "SE", "NO", "FI", "PT", "IE", "US", "CA", "AU", "NZ",
    "IN", "JP", "BR", "MX", "ZA", "TR", "GR", "HU", "RO",
)  # fmt: skip
_NAMES: Final = ("jane.doe", "j_smith", "anna-lena.k", "info", "o.hara+shop", "m\u00fcller", "x", "sales.team2")
_HOSTS: Final = ("example.org", "mail.example.co.uk", "m\u00fcnchen.de", "post.example", "a-b.example.com")
_SAID: Final = (
    "please write to {}", "{}", "call me: {}", "Bitte melden Sie sich unter {}, danke", "my address is {} and I wait since Monday",
    "Kontakt {} bzw. abends", "merci de me contacter : {}", "({})", "nobody answered ({}). Again tomorrow!", "contact={};lang=de",
)  # fmt: skip
_BUSINESS: Final = (
    "my order {} never came", "{}", "Artikel {} war kaputt", "paid {} on Monday", "the parcel {} is lost", "waiting since {}",
    "ref {} please", "Rechnung {} stimmt nicht", "colis {} jamais re\u00e7u", "code {}, twice", "after {} nothing happened",
    "I got {} instead of {}",
)  # fmt: skip
_ISSUED: Final = (
    ("4", 16),
    ("51", 16),
    ("55", 16),
    ("2223", 16),
    ("34", 15),
    ("37", 15),
    ("36", 14),
    ("6011", 16),
    ("3530", 16),
    ("6212", 16),
)
_ACCOUNTS: Final = (
    ("DE", 18),
    ("AT", 16),
    ("CH", 17),
    ("NL", 0),
    ("GB", 0),
    ("FR", 23),
    ("ES", 20),
    ("BE", 12),
    ("NO", 11),
    ("PL", 24),
)


class Case(NamedTuple):
    """A text, the kinds that stand in it, and the country of its source."""

    text: str
    kinds: tuple[Kind, ...]
    country: str | None


def cases(count: int, seed: int = SEED) -> Iterator[Case]:
    """Half of them with one personal value, half without any."""
    random = Random(seed)
    for number in range(count):
        if number % 2:
            kind = random.choice(KINDS)
            country = random.choice(COUNTRIES)
            text = random.choice(_SAID).format(_personal(random, kind, country))
            yield Case(text, (kind,), country if kind == "phone" else random.choice((None, country)))
        else:
            template = random.choice(_BUSINESS)
            values = [_business(random) for _ in range(template.count("{}"))]
            yield Case(template.format(*values), (), random.choice((None, random.choice(COUNTRIES))))


def _personal(random: Random, kind: Kind, country: str) -> str:
    match kind:
        case "mail":
            return random.choice(("{}@{}", "{}@{}", "{}@{}", "{} (at) {}", "mailto:{}@{}")).format(
                random.choice(_NAMES), random.choice(_HOSTS)
            )
        case "phone":
            return phone_of(random, country)
        case "card":
            digits = card_of(random)
            groups = [digits[at : at + 4] for at in range(0, len(digits), 4)]
            return digits if len(digits) != 16 else random.choice((digits, " ".join(groups), "-".join(groups)))
        case "iban":
            account = iban_of(random)
            return random.choice((account, " ".join(account[at : at + 4] for at in range(0, len(account), 4))))
        case "ip":
            parts = (random.randint(11, 223), random.randrange(256), random.randrange(256), random.randint(1, 255))
            return (
                ".".join(map(str, parts))
                if random.random() < 0.8
                else f"2001:db8:{random.randrange(1, 65536):x}::{random.randrange(1, 65536):x}"
            )


def phone_of(random: Random, country: str) -> str:
    """A number of the country, as people write it there or from abroad."""
    from phonenumbers import PhoneNumberFormat, PhoneNumberType, example_number_for_type, format_number

    number = example_number_for_type(country, random.choice((PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)))
    assert number is not None
    form = random.choice((PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL))
    return str(format_number(number, form))


def card_of(random: Random) -> str:
    """A number as an issuer gives it."""
    begin, length = random.choice(_ISSUED)
    digits = begin + "".join(str(random.randrange(10)) for _ in range(length - len(begin) - 1))
    return next(digits + str(check) for check in range(10) if has_luhn_digit(digits + str(check)))


def iban_of(random: Random) -> str:
    """An account, with its check digits."""
    country, length = random.choice(_ACCOUNTS)
    digits = "".join(str(random.randrange(10)) for _ in range(length or (10 if country == "NL" else 14)))
    account = digits if length else ("ABNA" if country == "NL" else "NWBK") + digits
    number = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02}{account}"


def _business(random: Random) -> str:
    digits = "".join(str(random.randrange(10)) for _ in range(22))
    moment = random.randrange(1_600_000_000, 1_900_000_000)
    form: Callable[[], str] = random.choice(
        (
            lambda: digits[: random.randint(6, 12)],
            lambda: f"{random.choice(('A', 'PO-', 'SO', 'R-', 'INV-', '#'))}{digits[: random.randint(5, 12)]}",
            lambda: f"{digits[:3]}-{digits[3:10]}-{digits[10:17]}",
            lambda: str(moment),
            lambda: str(moment * 1_000 + 123),
            lambda: str(moment * 1_000_000),
            lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
            lambda: time.strftime(random.choice(("%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y", "%Y%m%d%H%M%S")), time.gmtime(moment)),
            lambda: f"{random.randrange(1, 99)},{digits[:3]},{digits[3:6]}.{digits[6:8]} USD",
            lambda: f"{random.randrange(1, 99)}.{digits[:3]}.{digits[3:6]},{digits[6:8]} \u20ac",
            lambda: ean_of(digits[:12]),
            lambda: f"1Z{digits[:3].translate(str.maketrans('0123456789', 'ABCDEFGHKX'))}{digits[3:16]}",
            lambda: f"003404{digits[:14]}",
            lambda: f"9400{digits[:18]}",
            lambda: f"RR{digits[:9]}DE",
            lambda: f"AB-{digits[:4]}-{digits[4:8]}",
            lambda: f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[15:18]}-{digits[:8]}beef",
            lambda: f"v{random.randrange(1, 20)}.{random.randrange(20)}.{random.randrange(900)}",
            lambda: f"978-3-{digits[:2]}-{digits[2:8]}-{digits[8]}",
            lambda: f"DE{digits[:9]}",
            lambda: f"{random.randrange(90)}.{digits[:6]},{random.randrange(180)}.{digits[6:12]}",
            lambda: f"{digits[:3]} x {digits[3:6]} x {digits[6:8]} mm",
        )
    )  # fmt: skip
    return form()


def ean_of(digits: str) -> str:
    """EAN-13 of twelve digits, with its check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def score(some: Iterator[Case], *, knows_country: bool = True) -> dict[str, dict[str, float]]:
    """Precision and recall by kind, with the counts that they are made of. Without `knows_country` no source declares one."""
    hits: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    present: Counter[str] = Counter()
    for case in some:
        found = mask(case.text, country=case.country if knows_country else None, is_comment=True)
        for kind in KINDS:
            is_in, is_found = kind in case.kinds, found.counts[kind] > 0
            present[kind] += is_in
            hits[kind] += is_in and is_found
            wrong[kind] += is_found and not is_in
    return {
        kind: {
            "in_texts": present[kind], "found": hits[kind], "false": wrong[kind],
            "recall": round(hits[kind] / present[kind], 4), "precision": round(hits[kind] / (hits[kind] + wrong[kind]), 4),
        }
        for kind in KINDS
    }  # fmt: skip


def costs(count: int) -> dict[str, float]:
    """CPU µs an event of `emit`'s work before Kafka: of events without properties, with usual ones, and with a comment."""
    maker = RecordMaker(PersonKeys("bench", bytes(32)), {"shop": Source(legal_basis="contract")}, lambda: MOMENT_US)
    plain = {
        "type": "touchline.touchpoint.v1", "source": "shop", "time": "2026-03-01T09:30:00Z", "touchpoint": "product_page",
        "place": "store-12",
    }  # fmt: skip
    usual = {
        "platform": "mobile web",
        "cohort": "2026-03",
        "lines": 3,
        "category": "garden furniture",
        "is_member": True,
    }
    answer = {
        **plain, "type": "touchline.answer.v1", "about": {"touchpoint": "product_page"}, "survey": "s", "question": "q", "kpi": "nps",
        "scope": "relational", "scale_min": 0, "scale_max": 10, "score": 9,
        "comment": "The chairs came after two days, very friendly staff. One screw was missing.",
    }  # fmt: skip
    del answer["touchpoint"]
    sides: dict[str, dict[str, Any]] = {"plain": plain, "properties": {**plain, "properties": usual}, "comment": answer}
    return {name: round(_us(maker, event, count), 2) for name, event in sides.items()}


def _us(maker: RecordMaker, event: dict[str, Any], count: int) -> float:
    events = [{**event, "id": f"e{number}"} for number in range(count)]
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for one in events:
            maker.make(one)
        best = min(best, time.process_time() - began)
    return best / count * 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both."""
    parser = argparse.ArgumentParser(prog="./run bench personal", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--texts", type=int, default=TEXTS, help=f"texts (default {TEXTS:,})")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"events (default {EVENTS:,})")
    given = parser.parse_args(arguments)
    found, cpu_us = score(cases(given.texts)), costs(given.events)
    found["phone, no country"] = score(cases(given.texts), knows_country=False)["phone"]
    if given.json:
        print(json.dumps({"found": found, "cpu_us_per_event": cpu_us}))
        return
    for kind, numbers in found.items():
        print(f"{kind:18}", numbers)
    print("CPU \u00b5s an event:", cpu_us)


if __name__ == "__main__":
    main()
