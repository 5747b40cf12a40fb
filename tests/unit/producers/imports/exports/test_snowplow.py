"""Enriched events of Snowplow: 131 values a line, orders in entities and in the older columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.producers.imports.exports.build import imported, money, persons
from touchline.errors import WrongUsage
from touchline.producers.imports.exports.snowplow_columns import COLUMNS
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.rows.open import open_rows

ENTITY = "iglu:com.snowplowanalytics.snowplow.ecommerce/{}/jsonschema/1-0-0"


def line(**values: Any) -> str:
    """An event, with these of its columns."""
    usual = {
        "app_id": "shop",
        "platform": "web",
        "collector_tstamp": "2026-03-01 09:30:06.000",
        "derived_tstamp": "2026-03-01 09:30:05.123",
        "event_id": "e1",
        "event": "page_view",
        "event_name": "page_view",
        "domain_userid": "d-1",
        "domain_sessionid": "s-1",
        "page_url": "https://shop.example/a?mail=x",
        "page_title": '"A" and B',
    }
    cells = {**usual, **values}
    assert cells.keys() <= set(COLUMNS)
    return "\t".join(str(cells.get(name) or "") for name in COLUMNS)


def commerce(kind: str, **data: Any) -> dict[str, str]:
    own = {"schema": ENTITY.format("snowplow_ecommerce_action"), "data": {"type": kind}}
    return {
        "event": "unstruct",
        "event_name": "snowplow_ecommerce_action",
        "unstruct_event": json.dumps({"schema": "iglu:x/unstruct_event/jsonschema/1-0-0", "data": own}),
        "contexts": json.dumps(
            {"schema": "iglu:x/contexts/jsonschema/1-0-1", "data": [{"schema": ENTITY.format(kind), "data": data}]}
        ),
    }


SALE = commerce("transaction", transaction_id="T-1", revenue=49.9, currency="EUR")
BACK = commerce("refund", transaction_id="T-1", refund_amount=12.5, currency="EUR")
OLDER = {
    "event": "transaction",
    "event_name": "transaction",
    "tr_orderid": "T-2",
    "tr_total": "10.00",
    "tr_currency": "EUR",
}


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_columns_are_where_the_documentation_has_them() -> None:
    assert (len(COLUMNS), COLUMNS[52], COLUMNS[58], COLUMNS[122]) == (
        131,
        "contexts",
        "unstruct_event",
        "derived_contexts",
    )


def test_events_are_touchpoints_with_devices_logins_and_money(tmp_path: Path) -> None:
    path = write(
        tmp_path / "events.tsv",
        line(),
        line(event_id="e2", user_id="ada", **SALE),
        line(event_id="e3", **BACK),
        line(event_id="e4", **OLDER),
    )
    events, verdicts, said = imported(path, "snowplow", times=2)
    assert (verdicts.rejected, said, bool(verdicts.contested)) == (0, [], False)
    assert {key: money(one) for key, one in events.items()} == {
        "e1": (None, None, None, None),
        "e2": (4990, "EUR", "T-1", "purchase"),
        "e3": (-1250, "EUR", "T-1", "refund"),
        "e4": (1000, "EUR", "T-2", "purchase"),
    }
    assert events["e1"]["time"] == "2026-03-01T09:30:05.123000Z"
    assert events["e1"]["touchpoint"] == "page_view"
    assert events["e1"]["persons"] == persons(anonymous="d-1")
    assert events["e2"]["persons"] == persons(login="ada", anonymous="d-1")
    assert events["e2"]["action"] == "purchase"
    assert events["e1"]["properties"]["page"] == "https://shop.example/a"
    assert events["e1"]["properties"]["title"] == '"A" and B'


def test_a_refund_without_an_amount_is_a_refund_without_money(tmp_path: Path) -> None:
    path = write(tmp_path / "events.tsv", line(**commerce("refund", transaction_id="T-1", currency="EUR")))
    assert money(imported(path, "snowplow").events["e1"]) == (None, None, "T-1", "refund")


def test_damaged_lines_cost_themselves(tmp_path: Path) -> None:
    path = write(tmp_path / "events.tsv", line(), "a\tb", line(event_id="e2", contexts="{"), line(event_id="e3"))
    _, verdicts, said = imported(path, "snowplow")
    assert (verdicts.accepted, verdicts.rejected) == (2, 2)
    assert "line 2: field id: missing_field (the line has 2 values, an enriched event has 131)" in said[0]
    assert "line 3: field id: missing_field (the event's own data or its entities" in said[1]


def test_another_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    path = write(tmp_path / "events.tsv", "store\treceipt", "1\t2")
    with pytest.raises(WrongUsage, match="the line has 2 values") as refused:
        open_rows(path, ready_mapping("snowplow"))
    assert refused.value.hint == "export the enriched events as they are: tabs between values, no names, no quotes"
