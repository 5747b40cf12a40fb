"""A POSLog: sales, returns, voids before and after, and what is no sale at all."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import pytest

from tests.unit.producers.imports.exports.build import imported, money, persons, rows_before_damage
from touchline.errors import WrongUsage
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.rows import xml_items
from touchline.producers.imports.rows.open import open_rows

ROOT: Final = '<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/" xmlns:own="urn:our-till" MajorVersion="6">'
SALE: Final = "<LineItem><Sale><ItemID>4</ItemID><ExtendedAmount>20.00</ExtendedAmount></Sale></LineItem>"
VOIDED_LINE: Final = SALE.replace("<LineItem>", '<LineItem VoidFlag="true">')
CARD: Final = "<LineItem><own:Membership><own:LoyaltyID>4711 0815</own:LoyaltyID></own:Membership></LineItem>"
CUSTOMER: Final = "<Customer><CustomerID>C-9</CustomerID></Customer>"


def back(amount: str = "5.00", receipt: str | None = None) -> str:
    link = ""
    if receipt is not None:
        link = (
            f'<TransactionLink ReasonCode="Return"><RetailStoreID>12</RetailStoreID><WorkstationID>3</WorkstationID>'
            f"<SequenceNumber>{receipt}</SequenceNumber></TransactionLink>"
        )
    return f"<LineItem><Return><ItemID>4</ItemID><ExtendedAmount>{amount}</ExtendedAmount>{link}</Return></LineItem>"


def receipt(
    number: int, *lines: str, total: str | None = "20.00", head: str = "", status: str = "", more: str = ""
) -> str:
    totals = '<Total TotalType="TransactionTaxAmount">1.00</Total>'
    totals += "" if total is None else f'<Total TotalType="TransactionGrandAmount">{total}</Total>'
    return (
        f"<Transaction {head}><RetailStoreID>12</RetailStoreID><WorkstationID>3</WorkstationID>"
        f"<SequenceNumber>{number}</SequenceNumber><BusinessDayDate>2026-03-01</BusinessDayDate>"
        "<BeginDateTime>2026-03-01T09:29:00</BeginDateTime><EndDateTime>2026-03-01T09:30:00</EndDateTime>"
        f"<CurrencyCode>EUR</CurrencyCode><RetailTransaction {status}>{''.join(lines)}{totals}{more}</RetailTransaction></Transaction>"
    )


def write(path: Path, *transactions: str) -> Path:
    path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{ROOT}\n' + "\n".join(transactions) + "\n</POSLog>\n")
    return path


def test_a_receipt_is_a_purchase_of_its_total_with_store_time_and_customer(tmp_path: Path) -> None:
    path = write(tmp_path / "log.xml", receipt(1, SALE, SALE, VOIDED_LINE, CARD, CUSTOMER, total="35.90"))
    events, verdicts, said = imported(path, "poslog", times=2)
    assert (list(events), verdicts.rejected, said) == (["12/3/2026-03-01/1"], 0, [])
    event = events["12/3/2026-03-01/1"]
    assert money(event) == (3590, "EUR", "12/3/2026-03-01/1", "purchase")
    assert (event["time"], event["place"], event["touchpoint"]) == (
        "2026-03-01T09:30:00.000000",
        "12",
        "store_purchase",
    )
    assert event["persons"] == persons(loyalty="47110815", customer="C-9")
    assert event["properties"] == {"workstation": "3", "business_day": "2026-03-01", "items": 2}


@pytest.mark.parametrize("total", ["-5.35", "5.35"])
def test_a_return_is_a_refund_of_the_receipt_that_it_names(tmp_path: Path, total: str) -> None:
    events = imported(write(tmp_path / "log.xml", receipt(2, back("5.00", "1"), total=total)), "poslog").events
    assert {key: money(one) for key, one in events.items()} == {
        "12/3/2026-03-01/2/return-1": (-535, "EUR", "12/3/2026-03-01/1", "refund")
    }
    assert events["12/3/2026-03-01/2/return-1"]["action"] == "refund"


def test_returns_of_several_receipts_and_a_purchase_are_together_the_total(tmp_path: Path) -> None:
    swap = receipt(3, SALE, back("5.00", "1"), back("2.00", "1"), back("3.00", "2"), total="11.00")
    only = receipt(4, back("5.00", "1"), back("3.00", "2"), total="-8.40")
    events = imported(write(tmp_path / "log.xml", swap, only), "poslog").events
    assert {key.removeprefix("12/3/2026-03-01/"): money(one)[::2] for key, one in events.items()} == {
        "3": (2100, "12/3/2026-03-01/3"),
        "3/return-1": (-700, "12/3/2026-03-01/1"),
        "3/return-2": (-300, "12/3/2026-03-01/2"),
        "4/return-1": (-500, "12/3/2026-03-01/1"),
        "4/return-2": (-340, "12/3/2026-03-01/2"),
    }


@pytest.mark.parametrize(("total", "flag"), [("-5.00", ""), ("5.00", ""), ("5.00", 'NegativeTotalFlag="true"')])
def test_where_more_came_back_than_was_bought_the_money_goes_back(tmp_path: Path, total: str, flag: str) -> None:
    events = imported(
        write(tmp_path / "log.xml", receipt(3, SALE, back("25.00", "1"), total=total, status=flag)), "poslog"
    ).events
    assert [money(one)[::2] for one in events.values()] == [(2000, "12/3/2026-03-01/3"), (-2500, "12/3/2026-03-01/1")]


def test_what_was_never_sold_has_no_event_and_is_counted(tmp_path: Path) -> None:
    control = "<Transaction><RetailStoreID>12</RetailStoreID><ControlTransaction/></Transaction>"
    events, verdicts, said = imported(
        write(
            tmp_path / "log.xml",
            receipt(1, SALE, head='CancelFlag="true"'),
            receipt(2, SALE, head='TrainingModeFlag="true"'),
            receipt(3, SALE, status='TransactionStatus="Suspended"'),
            receipt(4, SALE, status='TransactionStatus="Voided"'),
            receipt(5, VOIDED_LINE),
            control,
        ),
        "poslog",
    )
    assert (events, verdicts.rows) == ({}, 0)
    assert said == [
        f"{tmp_path / 'log.xml'}: not read: 1 cancelled receipts, 1 receipts of training, 1 receipts without goods, "
        "1 suspended receipts, 1 transactions of other kinds, 1 voided receipts"
    ]


POST_VOIDED: Final = 'TransactionStatus="PostVoided"'


def link(number: str, day: str = "") -> str:
    named = f"<BusinessDayDate>{day}</BusinessDayDate>" if day else ""
    return (
        "<TransactionLink ReasonCode='Voided'><RetailStoreID>12</RetailStoreID><WorkstationID>3</WorkstationID>"
        f"<SequenceNumber>{number}</SequenceNumber>{named}</TransactionLink>"
    )


def by_order(path: Path) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in imported(path, "poslog").events.values():
        amount, _, order, _ = money(one)
        sums[order] = sums.get(order, 0) + amount
    return sums


def test_a_receipt_that_is_voided_afterwards_leaves_no_money_of_its_order(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log.xml",
        receipt(1, SALE),
        receipt(2, VOIDED_LINE, status=POST_VOIDED, more=link("1")),
    )
    assert by_order(path) == {"12/3/2026-03-01/1": 0}
    assert money(imported(path, "poslog").events["12/3/2026-03-01/2"])[3] == "refund"


def test_a_return_that_is_voided_is_money_of_the_order_that_its_lines_name(tmp_path: Path) -> None:
    lines = back("30.00", "2")
    path = write(
        tmp_path / "log.xml",
        receipt(2, SALE, total="40.00"),
        receipt(7, lines, total="-30.00"),
        receipt(8, lines.replace("<LineItem>", "<LineItem VoidFlag='true'>"), total="30.00", status=POST_VOIDED, more=link("7")),
    )  # fmt: skip
    assert by_order(path) == {"12/3/2026-03-01/2": 4000}


@pytest.mark.parametrize("total", ["-20.00", "20.00"])
def test_an_exchange_that_is_voided_is_reversed_order_by_order(tmp_path: Path, total: str) -> None:
    lines = (SALE.replace("20.00", "10.00"), back("30.00", "2"))
    path = write(
        tmp_path / "log.xml",
        receipt(2, SALE, total="40.00"),
        receipt(7, *lines, total="-20.00"),
        receipt(8, *lines, total=total, status=POST_VOIDED, more=link("7")),
    )
    assert by_order(path) == {"12/3/2026-03-01/2": 4000, "12/3/2026-03-01/7": 0}
    events = imported(path, "poslog").events
    assert [money(events[f"12/3/2026-03-01/8{part}"])[0] for part in ("", "/void-2")] == [-1000, 3000]


def test_an_exchange_without_a_receipt_is_reversed_at_once(tmp_path: Path) -> None:
    lines = (SALE.replace("20.00", "10.00"), back("30.00"))
    path = write(
        tmp_path / "log.xml",
        receipt(7, *lines, total="-20.00"),
        receipt(8, *lines, total="-20.00", status=POST_VOIDED, more=link("7")),
    )
    assert money(imported(path, "poslog").events["12/3/2026-03-01/8"])[::2] == (2000, "12/3/2026-03-01/7")
    assert by_order(path) == {"12/3/2026-03-01/7": 0}


def test_a_second_link_of_a_void_is_the_receipt_that_its_returns_are_of(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log.xml",
        receipt(2, SALE, total="40.00"),
        receipt(7, back("30.00"), total="-30.00", more=link("2")),
        receipt(8, back("30.00"), total="30.00", status=POST_VOIDED, more=link("7") + link("2")),
    )
    assert by_order(path) == {"12/3/2026-03-01/2": 4000}


def test_a_line_that_was_voided_before_is_no_part_of_what_a_void_takes_back(tmp_path: Path) -> None:
    lines = (SALE, back("5.00", "1").replace("<LineItem>", "<LineItem VoidFlag='true'>"))
    path = write(tmp_path / "log.xml", receipt(7, *lines), receipt(8, *lines, status=POST_VOIDED, more=link("7")))
    assert by_order(path) == {"12/3/2026-03-01/7": 0}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (POST_VOIDED, "voids another one and names none (TransactionLink)"),
        ('TransactionStatus="own:VoidedByManager"', "has a TransactionStatus of a void that is not known"),
        ('TransactionStatus="Cancelled"', "has a TransactionStatus of a void that is not known"),
    ],
)
@pytest.mark.parametrize("lines", [(SALE,), ()])
def test_a_void_that_does_not_say_what_it_takes_back_is_refused_with_its_line_and_a_remedy(
    tmp_path: Path, status: str, told: str, lines: tuple[str, ...]
) -> None:
    path = write(tmp_path / "log.xml", receipt(1, SALE), receipt(2, *lines, status=status))
    events, verdicts, (said,) = imported(path, "poslog")
    assert ([money(one)[0] for key, one in events.items() if key.startswith("12/")], verdicts.rejected) == ([2000], 1)
    assert "line 4" in said
    assert told in said
    assert "TransactionLink with its SequenceNumber" in said


def test_a_transaction_that_only_voids_another_is_refused_for_it_has_no_money(tmp_path: Path) -> None:
    void = receipt(2, total=None, more=link("1")).replace("RetailTransaction", "PostVoidTransaction")
    practised = void.replace("<Transaction ", '<Transaction TrainingModeFlag="true" ')
    _, verdicts, (said, left_out) = imported(write(tmp_path / "log.xml", receipt(1, SALE), void, practised), "poslog")
    assert (verdicts.accepted, verdicts.rejected) == (1, 1)
    assert "a PostVoidTransaction does not say what the receipt came to that it voids" in said
    assert left_out.endswith("not read: 1 receipts of training")


@pytest.mark.parametrize("voided", ['TransactionStatus="VOIDED"', 'VoidFlag="true"'])
def test_however_a_till_writes_that_a_receipt_was_voided_it_is_no_revenue(tmp_path: Path, voided: str) -> None:
    path = write(tmp_path / "log.xml", receipt(1, SALE, status=voided), receipt(2, SALE, head='VoidFlag="1"'))
    events, _, said = imported(path, "poslog")
    assert (events, said) == ({}, [f"{path}: not read: 2 voided receipts"])


def test_a_void_by_sales_below_zero_is_refused_for_it_has_two_meanings(tmp_path: Path) -> None:
    below = SALE.replace("20.00", "-20.00")
    path = write(tmp_path / "log.xml", receipt(1, SALE), receipt(2, below, status=POST_VOIDED, more=link("1")))
    _, verdicts, said = imported(path, "poslog")
    assert (verdicts.accepted, verdicts.rejected) == (1, 1)
    assert "voids another by sales below zero" in said[0]


@pytest.mark.parametrize("kind", ["SaleForPickup", "SaleForDelivery", "StoredValueFundSale"])
def test_sales_of_other_kinds_are_sales(tmp_path: Path, kind: str) -> None:
    line = SALE.replace("<Sale>", f"<{kind}>").replace("</Sale>", f"</{kind}>")
    path = write(tmp_path / "log.xml", receipt(1, line), receipt(2, line, back("5.00", "1"), total="15.00"))
    assert [money(one)[0] for one in imported(path, "poslog").events.values()] == [2000, 2000, -500]


def test_lines_of_an_unknown_kind_beside_a_return_are_refused_by_their_name(tmp_path: Path) -> None:
    line = SALE.replace("<Sale>", "<Bundle>").replace("</Sale>", "</Bundle>")
    path = write(
        tmp_path / "log.xml",
        receipt(1, line, back("5.00", "9"), total="15.00"),
        receipt(2, line),
        receipt(3, line, SALE, total="40.00"),
    )
    events, verdicts, said = imported(path, "poslog")
    assert [money(one)[0] for key, one in events.items() if key.startswith("12/")] == [4000]
    assert verdicts.rejected == 2
    assert "write Bundle as one of Sale, SaleForPickup" in said[0]


@pytest.mark.parametrize("total", ["-5.00", "5.00"])
@pytest.mark.parametrize("numbers", [("1", "-5.00"), ("-1", "5.00"), ("-1", "-5.00")])
def test_a_sale_below_zero_came_back(tmp_path: Path, total: str, numbers: tuple[str, str]) -> None:
    quantity, amount = numbers
    line = f"<LineItem><Sale><Quantity>{quantity}</Quantity><ExtendedAmount>{amount}</ExtendedAmount></Sale></LineItem>"
    (one,) = imported(write(tmp_path / "log.xml", receipt(4, line, total=total)), "poslog").events.values()
    assert money(one) == (-500, "EUR", "12/3/2026-03-01/4", "refund")


def test_a_total_in_another_currency_than_the_transaction_is_in_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "log.xml", receipt(1, SALE))
    path.write_text(path.read_text().replace('GrandAmount">', 'GrandAmount" Currency="CHF">'))
    (one,) = imported(path, "poslog").events.values()
    assert money(one)[:2] == (2000, "CHF")


def test_a_number_that_begins_anew_is_another_order_and_a_link_may_name_its_day(tmp_path: Path) -> None:
    bought = receipt(1, SALE)
    next_day = bought.replace("Date>2026-03-01", "Date>2026-03-02")
    returned = receipt(2, back("5.00", "1"), total="-5.00").replace("Date>2026-03-01", "Date>2026-03-02")
    with_day = "</SequenceNumber><BusinessDayDate>2026-03-01</BusinessDayDate></TransactionLink>"
    named = returned.replace("</SequenceNumber></TransactionLink>", with_day)
    assert by_order(write(tmp_path / "log.xml", bought, next_day, named)) == {
        "12/3/2026-03-01/1": 1500,
        "12/3/2026-03-02/1": 2000,
    }
    assert by_order(write(tmp_path / "other.xml", bought, next_day, returned)) == {
        "12/3/2026-03-01/1": 2000,
        "12/3/2026-03-02/1": 1500,
    }


def test_a_receipt_without_a_total_or_a_number_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log.xml",
        receipt(1, SALE, total=None),
        receipt(2, SALE, total="lots"),
        receipt(3, SALE),
        receipt(3, back("5.00")),
        receipt(4, SALE, back("much")),
    )
    path.write_text(path.read_text().replace("<SequenceNumber>3</SequenceNumber>", ""))
    _, verdicts, said = imported(path, "poslog")
    assert (verdicts.accepted, verdicts.rejected) == (0, 6)
    told = [one.partition(": field id: missing_field (")[::2] for one in said]
    no_total, no_key = "the receipt has no total that is a number (TransactionGrandAmount)", "column key is empty"
    expected = [(3, no_total), (4, no_total), (5, no_key), (6, no_key), (7, no_total), (7, no_total)]
    for (where, what), (line, reason) in zip(told, expected, strict=True):
        assert where.endswith(f": line {line}")
        assert what.startswith(reason)


def test_a_log_that_breaks_off_gives_the_receipts_before(tmp_path: Path) -> None:
    path = write(tmp_path / "log.xml", receipt(1, SALE), receipt(2, SALE))
    path.write_text(path.read_text()[:-60])
    assert [row.number for row in rows_before_damage(path, "poslog", "is damaged: line 4: ")] == [3]


def test_a_compressed_log_is_read_and_one_that_is_cut_is_told(tmp_path: Path) -> None:
    whole = write(tmp_path / "log.xml", receipt(1, SALE)).read_bytes()
    path = tmp_path / "log.xml.gz"
    path.write_bytes(gzip.compress(whole))
    assert len(imported(path, "poslog").events) == 1
    path.write_bytes(gzip.compress(whole)[:-20])
    rows_before_damage(path, "poslog", "its compressed data break off")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f'<!DOCTYPE POSLog [<!ENTITY a "aa">]>{ROOT}<Transaction>&a;</Transaction></POSLog>',
            "declares a document type",
        ),
        (f'<!DOCTYPE POSLog SYSTEM "other.dtd">{ROOT}</POSLog>', "declares a document type"),
        (f"{ROOT}{'<a>' * 70}{'</a>' * 70}</POSLog>", "nests deeper than 64 elements"),
        ("<Invoices></Invoices>", "its root is no POSLog"),
        (f'<?xml version="1.0" encoding="UTF-99"?>{ROOT}</POSLog>', "names an encoding that is not read"),
        (f'<?xml version="1.0" encoding="Shift_JIS"?>{ROOT}</POSLog>', "names an encoding that is not read"),
    ],
)
def test_entities_depth_and_other_documents_are_refused_before_anything_is_sent(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "log.xml"
    path.write_text(text)
    with pytest.raises(WrongUsage, match=told):
        open_rows(path, ready_mapping("poslog"))


@pytest.mark.parametrize(
    "begins", ["<Transaction>" + "<LineItem/>" * 40, '<Transaction note="' + "x" * 400, "<!-- " + "x" * 400]
)
def test_what_does_not_end_does_not_fill_the_memory(
    tmp_path: Path, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_items, "ITEM_BYTES_MAX", 256)
    monkeypatch.setattr(xml_items, "_CHUNK", 32)
    path = tmp_path / "log.xml"
    path.write_text(f"{ROOT}\n{begins}")
    assert rows_before_damage(path, "poslog", "what begins in line 2 does not end within 16 MB") == []
