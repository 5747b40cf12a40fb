"""Orders of Shopify with refunds: what was paid, what went back, and what was called off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.producers.imports.exports.build import imported, money, persons, rows_before_damage
from touchline.errors import WrongUsage
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.rows.open import open_rows

ORDER: dict[str, Any] = {
    "id": 5001,
    "name": "#1001",
    "created_at": "2026-03-01T09:30:00+01:00",
    "processed_at": "2026-03-01T09:30:05+01:00",
    "updated_at": "2026-03-04T08:00:00+01:00",
    "cancelled_at": None,
    "currency": "EUR",
    "total_price": "49.90",
    "financial_status": "partially_refunded",
    "email": "Ada@Example.com",
    "source_name": "web",
    "location_id": 77,
    "test": False,
    "customer": {"id": 91, "email": "ada@example.com"},
    "refunds": [
        {
            "id": 8001,
            "order_id": 5001,
            "created_at": "2026-03-04T08:00:00+01:00",
            "processed_at": "2026-03-04T08:00:00+01:00",
            "transactions": [
                {"kind": "refund", "status": "success", "amount": "10.00", "currency": "EUR"},
                {"kind": "refund", "status": "success", "amount": "2.50", "currency": "EUR"},
                {"kind": "refund", "status": "failure", "amount": "99.00", "currency": "EUR"},
            ],
        },
        {"id": 8002, "order_id": 5001, "created_at": "2026-03-05T08:00:00+01:00", "transactions": []},
    ],
}


def order(**changed: Any) -> dict[str, Any]:
    return {**ORDER, "refunds": [], "financial_status": "paid", **changed}


def write(path: Path, *orders: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"orders": list(orders)}), encoding="utf-8")
    return path


def test_an_order_is_a_purchase_and_each_refund_takes_back_what_went_back(tmp_path: Path) -> None:
    events, verdicts, said = imported(write(tmp_path / "orders.json", ORDER), "shopify")
    assert (verdicts.rejected, said) == (0, [])
    assert {key: money(one) for key, one in events.items()} == {
        "order/5001": (4990, "EUR", "5001", "purchase"),
        "refund/8001": (-1250, "EUR", "5001", "refund"),
    }
    bought, back = events["order/5001"], events["refund/8001"]
    assert bought["time"] == "2026-03-01T08:30:05.000000Z"
    assert back["time"] == "2026-03-04T07:00:00.000000Z"
    assert bought["persons"] == back["persons"] == persons(mail="ada@example.com", customer="91")
    assert (bought["touchpoint"], bought["action"], bought["place"]) == ("web_purchase", "purchase", "77")
    assert (back["touchpoint"], back["action"]) == ("web_refund", "refund")
    assert bought["revision"] == back["revision"] == 1772607600
    assert "simulated" not in bought


@pytest.mark.parametrize("status", ["pending", "authorized", "expired", "voided", None])
def test_an_order_that_nobody_paid_is_no_sale_until_somebody_does(tmp_path: Path, status: str | None) -> None:
    path = tmp_path / "orders.json"
    before = imported(write(path, order(financial_status=status)), "shopify").events["order/5001"]
    paid = imported(write(path, order(updated_at="2026-03-05T00:00:00Z")), "shopify").events["order/5001"]
    assert money(before) == (None, None, None, None)
    assert before["action"] == ("cancel" if status in ("expired", "voided") else "open")
    assert before["touchpoint"] == ("web_cancellation" if status in ("expired", "voided") else "web_order")
    assert before["revision"] < paid["revision"]
    assert money(paid) == (4990, "EUR", "5001", "purchase")


@pytest.mark.parametrize("status", ["paid", "partially_refunded", "refunded", "partially_paid"])
def test_an_order_that_was_paid_is_a_sale_though_it_was_called_off(tmp_path: Path, status: str) -> None:
    one = order(financial_status=status, cancelled_at="2026-03-05T00:00:00Z")
    assert money(imported(write(tmp_path / "o.json", one), "shopify").events["order/5001"])[0] == 4990


def test_of_an_order_that_is_partly_paid_what_was_paid_counts(tmp_path: Path) -> None:
    one = order(financial_status="partially_paid", total_outstanding="9.90")
    assert money(imported(write(tmp_path / "o.json", one), "shopify").events["order/5001"])[0] == 4000


def presented(currency: str, back_in: tuple[str, ...]) -> dict[str, Any]:
    prices = {
        "shop_money": {"amount": "49.90", "currency_code": "EUR"},
        "presentment_money": {"amount": "55.00", "currency_code": currency},
    }
    refunds = [
        {
            "id": 8001 + at,
            "created_at": "2026-03-04T08:00:00+01:00",
            "transactions": [{"kind": "refund", "status": "success", "amount": "11.00", "currency": one}],
        }
        for at, one in enumerate(back_in)
    ]
    return order(total_price_set=prices, refunds=refunds, financial_status="partially_refunded")


@pytest.mark.parametrize(("back_in", "paid"), [("USD", (5500, "USD")), ("EUR", (4990, "EUR"))])
def test_a_purchase_is_in_the_currency_of_its_refunds(tmp_path: Path, back_in: str, paid: tuple[int, str]) -> None:
    events = imported(write(tmp_path / "o.json", presented("USD", (back_in,))), "shopify").events
    assert [money(one)[:2] for one in events.values()] == [paid, (-1100, back_in)]


def test_a_refund_in_another_currency_than_the_order_has_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "o.json", presented("USD", ("GBP", "EUR")))
    events, verdicts, said = imported(path, "shopify")
    assert [money(events[one])[:2] for one in ("order/5001", "refund/8002")] == [(4990, "EUR"), (-1100, "EUR")]
    assert verdicts.rejected == 1
    assert "went back in GBP, and what was paid is in EUR" in said[0]
    assert "total_price_set" in said[0]


def test_zeros_behind_an_amount_are_no_question(tmp_path: Path) -> None:
    events = imported(write(tmp_path / "o.json", order(currency="JPY", total_price="5000.00")), "shopify").events
    assert money(events["order/5001"])[:2] == (5000, "JPY")


def test_an_order_of_a_test_is_simulated_and_one_without_customer_is_nobodys(tmp_path: Path) -> None:
    events = imported(write(tmp_path / "o.json", order(test=True, customer=None, email="")), "shopify").events
    assert events["order/5001"]["simulated"] is True
    assert "persons" not in events["order/5001"]


@pytest.mark.parametrize("form", ["wrapped", "array", "lines", "pretty", "pages"])
def test_each_way_to_write_orders_is_read(tmp_path: Path, form: str) -> None:
    orders = [order(id=number) for number in range(1, 4)]
    text = {
        "wrapped": json.dumps({"orders": orders}),
        "array": json.dumps(orders),
        "lines": "\n".join(map(json.dumps, orders)),
        "pretty": json.dumps({"orders": orders}, indent=2),
        "pages": "\n".join(json.dumps({"orders": [one]}) for one in orders),
    }[form]
    path = tmp_path / "orders.json"
    path.write_text(text)
    events, verdicts, _ = imported(path, "shopify", times=2)
    assert sorted(events) == ["order/1", "order/2", "order/3"]
    assert not verdicts.contested


def test_a_damaged_order_beside_others_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "orders.ndjson"
    good = json.dumps(order())
    path.write_text(f'{good}\n{{"id": 2, "created_at": \n{good.replace("5001", "3")}\n{{"id": 4}}\n')
    events, verdicts, said = imported(path, "shopify")
    assert sorted(events)[-2:] == ["order/3", "order/5001"]
    assert verdicts.rejected == 2
    assert "line 2: field id: missing_field (the object is no JSON: it is no JSON)" in said[0]
    assert "line 4: field id: missing_field (it is no order of the REST Admin API: it has no created_at)" in said[1]


def test_a_document_that_breaks_off_is_told_after_the_orders_before(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.json", order(id=1), order(id=2))
    path.write_text(path.read_text()[:-40])
    before = rows_before_damage(path, "shopify", "is damaged: it is no JSON")
    assert [row.cells and row.cells["number"] for row in before] == [1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[{"id": "gid://shop/Order/1", "__parentId": "x"}]', "an order of the GraphQL API"),
        ('{"visits": 3}', "it has no id"),
        ('{"id": ' + "[" * 2_000 + "]" * 2_000 + "}", "nests too deeply"),
        ('{"id": ' + "[" * 40 + "]" * 40 + "}", "nests too deeply"),
    ],
)
def test_what_is_no_order_is_told_before_anything_is_sent(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "orders.json"
    path.write_text(text)
    with pytest.raises(WrongUsage, match=told):
        open_rows(path, ready_mapping("shopify"))
