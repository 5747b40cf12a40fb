"""Events of the GA4 export: times in microseconds, devices and logins, parameters, and what a purchase and a refund move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.producers.imports.exports.build import SOURCE, imported, money, persons, sealed
from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.ready.texts import ready_text
from touchline.producers.imports.rows.open import open_rows

AT = 1_772_357_405_123_456
NO_VALUES = {"string_value": None, "int_value": None, "float_value": None, "double_value": None}


def param(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": {**NO_VALUES, **value}}


def event(
    name: str = "page_view", at: int = AT, params: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    return {
        "event_date": "20260301",
        "event_timestamp": at,
        "event_name": name,
        "user_pseudo_id": "11.22",
        "user_id": None,
        "platform": "WEB",
        "batch_page_id": 7,
        "batch_ordering_id": 2,
        "batch_event_index": 1,
        "device": {"category": "mobile"},
        "geo": {"country": "Germany"},
        "event_params": [param("ga_session_id", int_value=99), *params],
        "ecommerce": {"transaction_id": None, "purchase_revenue": None, "refund_value": None},
        "collected_traffic_source": {
            "manual_source": "news",
            "manual_medium": "mail",
            "manual_campaign_name": "spring",
        },
        **more,
    }


PAGE = (param("page_location", string_value="https://shop.example/a?mail=x#b"), param("page_title", string_value="A"))
EURO = (param("currency", string_value="EUR"),)
SOLD = {"transaction_id": "T-1", "purchase_revenue": 49.9, "refund_value": None}
BACK = {"transaction_id": "T-1", "purchase_revenue": None, "refund_value": 12.5}
EVENTS = [
    event(params=PAGE),
    event("purchase", AT + 1, params=EURO, user_id="ada", ecommerce=SOLD),
    event("refund", AT + 2, params=EURO, ecommerce=BACK),
]


def write_lines(path: Path, events: list[dict[str, Any]]) -> Path:
    """As BigQuery does: whole numbers of 64 bits as texts."""
    written = [json.dumps({**one, "event_timestamp": str(one["event_timestamp"])}) for one in events]
    path.write_text("\n".join(written) + "\n")
    return path


def write_parquet(path: Path, events: list[dict[str, Any]], *, is_wrapped: bool = False) -> Path:
    rows = [
        {**one, "event_params": {"list": [{"element": pair} for pair in one["event_params"]]}} if is_wrapped else one
        for one in events
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("form", ["ndjson", "parquet", "wrapped"])
def test_events_of_the_export_are_touchpoints_with_their_money(tmp_path: Path, form: str) -> None:
    path = tmp_path / ("events.ndjson" if form == "ndjson" else "events.parquet")
    write_lines(path, EVENTS) if form == "ndjson" else write_parquet(path, EVENTS, is_wrapped=form == "wrapped")
    events, verdicts, said = imported(path, "ga4", times=2)
    assert (verdicts.rejected, said, bool(verdicts.contested)) == (0, [], False)
    assert list(events) == sealed(
        f"11.22/{AT}/page_view/7/2/1", f"11.22/{AT + 1}/purchase/7/2/1", f"11.22/{AT + 2}/refund/7/2/1"
    )
    seen, bought, back = events.values()
    assert seen["time"] == "2026-03-01T09:30:05.123456Z"
    assert seen["persons"] == persons(anonymous="11.22")
    assert bought["persons"] == persons(login="ada", anonymous="11.22")
    assert (seen["touchpoint"], seen["campaign"]) == ("page_view", "spring")
    assert seen["properties"] == {
        "page": "https://shop.example/a",
        "title": "A",
        "session": "99",
        "medium": "mail",
        "traffic_source": "news",
        "device": "mobile",
        "country": "Germany",
        "platform": "WEB",
    }
    assert money(seen) == (None, None, None, None)
    assert money(bought) == (4990, "EUR", "T-1", "purchase")
    assert money(back) == (-1250, "EUR", "T-1", "refund")


def test_a_refund_without_a_value_is_a_refund_without_money(tmp_path: Path) -> None:
    back = event("refund", ecommerce={"transaction_id": "T-1", "purchase_revenue": None, "refund_value": None})
    (one,) = imported(write_lines(tmp_path / "e.ndjson", [back]), "ga4").events.values()
    assert money(one) == (None, None, "T-1", "refund")


@pytest.mark.parametrize(("order", "revenue", "kind"), [(None, 5, None), ("T-1", -5, "refund")])
def test_a_purchase_without_an_order_or_below_zero_is_taken(
    tmp_path: Path, order: str | None, revenue: int, kind: str | None
) -> None:
    sale = event("purchase", params=EURO, ecommerce={**SOLD, "transaction_id": order, "purchase_revenue": revenue})
    (one,) = imported(write_lines(tmp_path / "e.ndjson", [sale]), "ga4").events.values()
    assert money(one) == (revenue * 100, "EUR", order, kind)


def test_an_event_of_a_device_that_is_not_known_is_nobodys_and_has_an_id(tmp_path: Path) -> None:
    events = imported(write_lines(tmp_path / "e.ndjson", [event(user_pseudo_id=None)]), "ga4").events
    (key,) = sealed(f"-/{AT}/page_view/7/2/1")
    assert list(events) == [key]
    assert "persons" not in events[key]


def test_a_purchase_without_currency_is_refused_with_what_to_write(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "e.ndjson", [event("purchase", ecommerce=SOLD), event()])
    _, verdicts, said = imported(path, "ga4")
    assert (verdicts.accepted, verdicts.rejected) == (1, 1)
    assert "line 1: field amount.currency: unknown_currency (column amount_currency" in said[0]
    ours = ready_text("ga4").replace("{column: amount_currency}", "{column: amount_currency, default: EUR}")
    assert imported(path, parse_mapping(ours, "ours.yaml", SOURCE)).verdicts.rejected == 0


@pytest.mark.parametrize("form", ["one line", "pretty", "batches"])
def test_arrays_of_events_give_what_lines_give(tmp_path: Path, form: str) -> None:
    lines = imported(write_lines(tmp_path / "e.ndjson", EVENTS), "ga4").events
    path = tmp_path / "e.json"
    path.write_text(
        "\n".join(json.dumps([one]) for one in EVENTS)
        if form == "batches"
        else json.dumps(EVENTS, indent=2 if form == "pretty" else None)
    )
    assert imported(path, "ga4").events == lines


def test_a_copy_reads_further_parameters(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "e.ndjson", [event("search", params=(param("search_term", string_value="tea"),))])
    ours = ready_text("ga4") + "  term: params.search_term\n"
    (one,) = imported(path, parse_mapping(ours, "ours.yaml", SOURCE)).events.values()
    assert one["properties"]["term"] == "tea"


def test_a_damaged_line_costs_itself(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "e.ndjson", EVENTS[:1])
    path.write_text('{"event_timestamp": "17\n' + path.read_text() + '{"event_name": "x"}\n')
    _, verdicts, said = imported(path, "ga4")
    assert (verdicts.accepted, verdicts.rejected) == (1, 2)
    assert "line 1: field id: missing_field (the line is no JSON)" in said[0]
    assert "line 3: field id: missing_field (it is no event of the GA4 export: it has no event_timestamp)" in said[1]


def test_another_file_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.write_text('{"order": 3}\n')
    with pytest.raises(WrongUsage, match="it has no event_timestamp"):
        open_rows(path, ready_mapping("ga4"))
