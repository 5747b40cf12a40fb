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
    return {**ORDER, "refunds": [], **changed}


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


def test_an_order_that_was_called_off_unpaid_is_no_sale(tmp_path: Path) -> None:
    off = order(id=1, cancelled_at="2026-03-02T00:00:00Z", financial_status="pending")
    voided = order(id=2, financial_status="voided")
    open_one = order(id=3, financial_status="pending")
    events = imported(write(tmp_path / "orders.json", off, voided, open_one), "shopify").events
    assert {key: money(one) for key, one in events.items()} == {
        "order/1": (None, None, None, None),
        "order/2": (None, None, None, None),
        "order/3": (4990, "EUR", "3", "purchase"),
    }


def test_an_order_that_is_called_off_later_takes_the_place_of_its_sale(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    before = imported(write(path, order(financial_status="pending")), "shopify").events["order/5001"]
    off = order(financial_status="pending", cancelled_at="2026-03-05T00:00:00Z", updated_at="2026-03-05T00:00:00Z")
    after = imported(write(path, off), "shopify").events["order/5001"]
    assert before["revision"] < after["revision"]
    assert (money(before)[0], money(after)[0], after["action"]) == (4990, None, "cancel")


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
