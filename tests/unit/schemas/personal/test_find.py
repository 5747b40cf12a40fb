"""Personal values in a text are found in the forms in which people write them; what only looks like one stays."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import example, given, strategies as st

from bench.personal import COUNTRIES, card_of, cases, ean_of, iban_of, phone_of, score
from touchline.schemas.personal.find import LEAST_LENGTH, glance, mask, mask_number, may_hold
from touchline.schemas.personal.kinds import KINDS, Kind
from touchline.schemas.personal.names import Says, said_by

BEFORE = st.sampled_from(["", "hello ", "(", "Kontakt: ", "\n", "a, "])
AFTER = st.sampled_from(["", " please", ")", ", thanks", "\n", ". Bye"])
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,9}([._+-][a-z0-9]{1,9}){0,2}", fullmatch=True)
HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,5})?(\.[a-z]{2,5}){1,2}", fullmatch=True)


def is_looked_at(text: str) -> bool:
    return len(text) >= LEAST_LENGTH and glance(text) is not None and may_hold(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mail jane.doe@example.org please", "mail [mail] please"),
        ("Jane.Doe@EXAMPLE.ORG", "[mail]"),
        ("<jane@example.org>, j\u00f6rg@m\u00fcnchen.de", "<[mail]>, [mail]"),
        ('"jane doe"@example.org', "[mail]"),
        ("write to jane%40example.org", "write to [mail]"),
        ("jane (at) example.com now", "[mail] now"),
        ("jane\uff20example.org", "[mail]"),
        ("https://example.org/x?email=jane@example.org&b=1", "https://example.org/x?email=[mail]&b=1"),
        ("mailto:jane@example.org?subject=hi", "mailto:[mail]?subject=hi"),
        ("jane@[192.0.2.7]", "[mail]"),
        ("o'hara@example.org and 'jane@example.org'", "[mail] and '[mail]'"),
        ('{"email":"jane@example.org"}', '{"email":"[mail]"}'),
        ("*jane@example.org*", "*[mail]*"),
        ("a" * 300 + "@example.org", "[mail]"),
        ("jane@example.org-4711", "[mail]-4711"),
        ("call me on 0171 2345678 tomorrow", "call me on [phone] tomorrow"),
        ("+49 170 1234567", "[phone]"),
        ("x=+491701234567;", "x=[phone];"),
        ("ring +49 (0)30 12345678, thanks", "ring [phone], thanks"),
        ("my number is (415) 555-2671", "my number is [phone]"),
        ("06 12 34 56 78 merci", "[phone] merci"),
        ("06.12.34.56.78 merci", "[phone] merci"),
        ("0049 170 1234567 bitte", "[phone] bitte"),
        ("tel: 030/1234567 or 0171-7654321", "tel: [phone] or [phone]"),
        ("+1 415 555 2671/ +49 170 1234567", "[phone]/ [phone]"),
        ("meine Nummer ist 01712345678", "meine Nummer ist [phone]"),
        ("my order number is 01712345678", "my order number is 01712345678"),
        ("bin erreichbar unter 01712345678", "bin erreichbar unter [phone]"),
        ("call \u0660\u0661\u0667\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668", "call [phone]"),
        ("4111 1111 1111 1111 12/27", "[card] 12/27"),
        ("card 4111111111111111", "card [card]"),
        ("card no.5555 5555 5555 4444", "card no.[card]"),
        ("Tel.0171/2345678", "Tel.[phone]"),
        ("5500-0000-0000-0004", "[card]"),
        ("378282246310005 and 3782 822463 10005", "[card] and [card]"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card]"),
        ("DE89 3704 0044 0532 0130 00 bitte", "[iban] bitte"),
        ("de89370400440532013000", "[iban]"),
        ("GB29 NWBK 6016 1331 9268 19.", "[iban]."),
        ("NO93 8601 1117 947", "[iban]"),
        ("my ip is 203.0.113.77.", "my ip is [ip]."),
        ("ip 1.2.3.4", "ip [ip]"),
        ("from 2001:db8::77 hm", "from [ip] hm"),
        ("::ffff:203.0.113.77", "[ip]"),
        ("fe80::1ff:fe23:4567:890a%eth0", "[ip]"),
        ("jane@example.org, +49 170 1234567, 4111111111111111", "[mail], [phone], [card]"),
    ],
)  # fmt: skip
def test_what_people_write_is_masked_and_the_mask_says_what_was_there(text: str, masked: str) -> None:
    assert is_looked_at(text)
    assert mask(text, is_comment=True).text == masked


SURVIVORS = [
    "order 4500012345 of 2026-01-31 09:30:00 came late", "4006381333931 EAN", "20260131093000", "1769851800000", "1769851800000000",
    "1.234.567,89 EUR", "EUR 12,345,678.90 paid", "CHF 1'234'567.00", "I paid 1 234 567 and 89", "1Z999AA10123456784",
    "00340434161094022115", "9400 1000 0000 0000 0000 00", "RR123456789DE", "011-0038944-2402465", "AB-1234-5678 0012-3456-789",
    "123e4567-e89b-12d3-a456-426614174000", "06294647-4294-4492-a244-06294647beef", "01.02.2026 10 30 waiting", "31/01/2026 09:30",
    "lat 52.520008 lon 13.404954", "tracking 1Z 999 AA1 01 2345 6784", "IMEI 356938035643809", "Mo-Fr 09:00-18:00",
    "Chrome/120.0.6099.71 Safari/537.36", "GA1.2.1234567890.1769851800", "fb.1.1769851800000.1234567890",
    "version 12.10.20.30", "1.2.3.4", "1.2.3.4.5", "300.1.2.3", "10.0.0.0/8", "Face::Bee std::vector 10:15:00", "aa:bb:cc:dd:ee:ff",
    "Bestellung 0012 345678 kam nie", "order no 0171 2345678 hm", "size 10 20 30 40 50 60 70", "between 0800 and 1700 tomorrow",
    "room 0123 456 ok",
    "978-3-16-148410-0", "DE123456789", "Rechnung DE810101921 stimmt nicht", "52.520008, 13.404954", "100 x 200 x 30 mm",
    "logo@2x.png react@18.2.0 @handle", "meet @ noon", "jane@localhost", "[mail] [phone] [card] [iban] [ip]", "4111111111111112",
    "DE89370400440532013001",
    "k1:" + "0123456789abcdef" * 4, "100%", "5 of 10, 8/10, 24/7", "call about order 4500012345",
]  # fmt: skip


@pytest.mark.parametrize("country", [None, "DE", "US", "GB", "FR"])
@pytest.mark.parametrize("text", SURVIVORS)
def test_what_only_looks_personal_stays(text: str, country: str | None) -> None:
    assert mask(text, country=country).text == text
    if country is None:
        assert mask(text, is_comment=True).text == text


@given(NAMES, HOSTS, BEFORE, AFTER)
def test_every_mail_address_goes_whole(name: str, host: str, before: str, after: str) -> None:
    text = f"{before}{name}@{host}{after}"
    found = mask(text)
    if host.rpartition(".")[2] in ("css", "js", "pdf", "png", "jpg", "gif", "svg", "webp", "html", "json"):
        return
    assert found.text == f"{before}[mail]{after}"
    assert found.counts == {"mail": 1}


@given(st.sampled_from(COUNTRIES), st.integers(0, 999), BEFORE, AFTER)
def test_telephone_numbers_of_a_source_with_a_country_go_however_they_are_written_there(
    country: str, seed: int, before: str, after: str
) -> None:
    number = phone_of(Random(seed), country)
    assert mask(f"{before}{number}{after}", country=country, is_comment=True).text == f"{before}[phone]{after}"


@given(st.integers(), BEFORE, AFTER, st.sampled_from(["", " ", "-"]))
def test_every_card_number_goes_and_one_with_another_check_digit_stays(
    seed: int, before: str, after: str, between: str
) -> None:
    digits = card_of(Random(seed))
    written = between.join(digits[at : at + 4] for at in range(0, len(digits), 4))
    assert mask(f"{before}{written}{after}").text == f"{before}[card]{after}"
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert mask(wrong).text == wrong
    assert mask_number(int(digits), KINDS, Says.NOTHING) == "[card]"
    assert mask_number(int(wrong), KINDS, Says.NOTHING) is None


@given(st.integers(), BEFORE, AFTER, st.booleans(), st.booleans())
def test_every_iban_goes_and_one_with_other_check_digits_stays(
    seed: int, before: str, after: str, is_grouped: bool, is_lower: bool
) -> None:
    account = iban_of(Random(seed))
    written = " ".join(account[at : at + 4] for at in range(0, len(account), 4)) if is_grouped else account
    written = written.lower() if is_lower else written
    assert mask(f"{before}{written}{after}").text == f"{before}[iban]{after}"
    wrong = f"{account[:2]}{(int(account[2:4]) + 1) % 97:02}{account[4:]}"
    assert mask(wrong, kinds=["iban"]).text == wrong


@given(st.integers(0, 10**12 - 1), st.sampled_from(["", "A", "PO-", "INV-", "R", "#"]))
def test_numbers_of_orders_survive(number: int, prefix: str) -> None:
    for text in (f"{prefix}{number}", f"order {prefix}{number} is late"):
        assert mask(text).text == text


@given(st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)))
def test_moments_survive_in_every_usual_form(moment: datetime) -> None:
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    forms = [
        "%Y-%m-%d",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S",
        "%d.%m.%Y %H:%M",
        "%d/%m/%Y",
        "%m/%d/%Y %H:%M",
        "%Y%m%d%H%M%S",
    ]
    texts = [moment.strftime(form) for form in forms] + [str(seconds * factor) for factor in (1, 1_000, 1_000_000)]
    for text in texts:
        assert mask(text).text == text
        assert mask(f"since {text} I wait").text == f"since {text} I wait"
        assert mask(text, country="DE").text == text
    for factor in (1, 1_000, 1_000_000):
        assert mask_number(seconds * factor, KINDS, Says.NOTHING) is None


@given(st.decimals(0, 10**9, places=2), st.sampled_from(["EUR", "\u20ac", "USD"]))
def test_prices_survive(amount: object, currency: str) -> None:
    english = f"{amount:,}"
    german = english.translate(str.maketrans(",.", ".,"))
    for text in (english, german, str(amount), f"{english} {currency}", f"paid {german} {currency} twice"):
        assert mask(text).text == text


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
@example("003110000000")
@example("003210000000")
def test_numbers_of_articles_survive(digits: str) -> None:
    ean = ean_of(digits)
    for text in (ean, f"the article {ean} broke", f"0{ean}", f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"):
        assert mask(text, says=said_by("ean")).text == text
    assert mask_number(int(ean), KINDS, Says.NOTHING) is None


@given(st.integers(0, 10**22 - 1), st.sampled_from([12, 14, 15, 16, 18, 20, 22]))
def test_bare_numbers_survive_in_fields_that_number_things(number: int, length: int) -> None:
    text = f"{number:022}"[:length]
    for name in ("order_number", "trackingNumber", "Session-ID", "sku", "transaction_id", "Bestellnummer"):
        assert mask(text, says=said_by(name)).text == text
        assert mask_number(int(text), KINDS, said_by(name)) is None


@given(
    st.text(alphabet="0123456789 +-/().@:ab\u00e9%", max_size=80), st.sampled_from([None, "DE", "ES"]), st.booleans()
)
def test_masking_again_changes_nothing_and_any_text_can_be_masked(
    text: str, country: str | None, is_comment: bool
) -> None:
    once = mask(text, country=country, is_comment=is_comment).text
    assert mask(once, country=country, is_comment=is_comment).text == once
    if not is_looked_at(text):
        assert once == text


@given(st.integers(0, 10_000))
def test_what_the_first_look_passes_over_holds_nothing(seed: int) -> None:
    for case in cases(40, seed):
        if not is_looked_at(case.text):
            assert mask(case.text, country=case.country, is_comment=True).text == case.text


def test_kinds_that_may_stay_stay() -> None:
    text = "jane@example.org, +49 170 1234567"
    kinds: list[Kind] = ["phone"]
    assert mask(text, kinds).text == "jane@example.org, [phone]"


def test_the_name_of_a_field_says_that_digits_are_a_telephone_number() -> None:
    for name in ("phone", "mobile_number", "Telefon", "customerPhone"):
        assert mask("0171 2345678", says=said_by(name)).text == "[phone]"
        assert mask_number(491701234567, KINDS, said_by(name)) == "[phone]"
    for name in ("phone_model", "mobile_app_version", "place"):
        assert mask("0171 2345678", says=said_by(name)).text == "0171 2345678"


def test_of_the_generated_set_nearly_all_is_found_and_nearly_nothing_wrongly() -> None:
    for kind, numbers in score(cases(6_000)).items():
        assert numbers["recall"] >= 0.995, kind
        assert numbers["precision"] >= 0.995, kind


@pytest.mark.parametrize(
    "text",
    ["@" * 10_000, "a@" * 5_000, "0 " * 5_000, "00 1 " * 2_000, "1.1" * 3_333, "+1 " * 3_333, "a" * 9_990 + "@x.de", "4111 " * 2_000,
     "DE89 " * 2_000, "::" * 5_000, "(at)" * 2_500, "call " * 2_000, "0171 2345678 " * 700],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began_s = time.process_time()
    mask(text, country="DE", is_comment=True)
    assert time.process_time() - began_s < 1.5
