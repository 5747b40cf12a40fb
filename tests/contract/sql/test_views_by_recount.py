"""Views against a brute-force recount in Python, on random signed rows in any order and any batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import Phase, given, settings, strategies as st

from tests.contract.sql.conftest import empty
from tests.contract.sql.rows import NOON, Row, answer, attached, choose_default_map, hours, retraction, standing, write
from touchline.sql.all_views import EVENT_VIEWS

MAPS = {("retail", 1): "default", ("loyalty", 3): "other"}
STAGES = ("", "awareness", "purchase", "loyalty")
H = ("touchpoint", "channel", "is_online", "is_simulated")
D = (*H, "brand", "place", "persona", "segment")
M = ("map", "map_version", "stage", "stage_order")
Counts = dict[tuple[Any, ...], int]


@st.composite
def ledgers(draw: st.DrawFn) -> list[Row]:
    """Up to 40 asserted rows of two maps, some of them taken back."""
    rows = []
    for row_id in range(1, draw(st.integers(1, 40)) + 1):
        map_name, version = draw(st.sampled_from(sorted(MAPS)))
        stage_order = draw(st.integers(0, 3))
        before = draw(st.integers(0, 3))
        passed = draw(st.integers(0, 3))
        number = draw(st.integers(0, 3))
        time = NOON + hours(draw(st.integers(-30, 30)))
        values: Row = {
            "map": map_name, "map_version": version, "stage": STAGES[stage_order], "stage_order": stage_order,
            "is_mapped": int(stage_order > 0), "event_time": time, "about_time": time, "local_date": (time - timedelta(hours=5)).date(),
            "touchpoint": draw(st.sampled_from(("store_visit", "web_visit"))), "channel": draw(st.sampled_from(("", "web"))),
            "is_online": draw(st.integers(0, 1)), "is_simulated": draw(st.integers(0, 1)), "place": draw(st.sampled_from(("", "7"))),
            "brand": draw(st.sampled_from(("", "a"))), "person": draw(st.sampled_from(("", "k1:a", "k1:b"))), "cycle": 1,
            "first_of": draw(st.integers(0, 255)) & first_of_mask(number, stage_order),
            "stage_max_before": before, "stage_max": max(before, stage_order),
            "funnel_before": passed, "funnel_depth": draw(st.integers(passed, 3)),
            "touchpoint_number": number, "wait_us": draw(st.integers(0, 10**8)) if number > 1 else 0,
        }  # fmt: skip
        if draw(st.booleans()):
            kpi, scale = draw(st.sampled_from((("nps", (0, 10)), ("csat", (1, 5)), ("csat", (1, 7)), ("ces", (1, 7)))))
            disposition = draw(st.sampled_from(("complete", "partial", "dismissed")))
            row = answer(row_id, kpi, draw(st.integers(*scale)), scale, **values, disposition=disposition)
        else:
            money = draw(st.sampled_from(("", "USD", "JPY")))
            amount = draw(st.integers(-(10**6), 10**6)) if money else 0
            row = attached(
                row_id, **values, currency=money, amount_minor=amount, currency_exponent=2 if money == "USD" else 0,
                is_conversion=draw(st.integers(0, 1)),
            )  # fmt: skip
        rows += [row, retraction(row)] if draw(st.integers(0, 3)) == 0 else [row]
    return rows


def first_of_mask(number: int, stage_order: int) -> int:
    """Bits that attach may set: none of an event that is nobody's, those of the stage only where there is one."""
    return 0 if not number else 255 if stage_order else 255 & ~(4 | 64)


def key_of(row: Row, names: Iterable[str]) -> tuple[Any, ...]:
    optional = {"channel", "brand", "place", "persona", "segment", "stage", "stage_order"}
    return tuple((row[name] or None) if name in optional else row[name] for name in names)


def hour_of(row: Row, column: str) -> Any:
    return row[column].replace(minute=0, second=0, microsecond=0, tzinfo=None)


def plain(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """UTC times without their zone, which not every server sends along with a DateTime."""
    return [
        tuple(value.replace(tzinfo=None) if isinstance(value, datetime) else value for value in row) for row in rows
    ]


def volumes(rows: list[Row], dimensions: tuple[str, ...], is_hourly: bool) -> Counts:
    touchpoints = [row for row in rows if row["event_type"] == "touchline.touchpoint.v1"]
    return Counter(
        (
            hour_of(row, "event_time") if is_hourly else row["local_date"],
            *key_of(row, dimensions),
            int(row["provenance"] == "declared"),
            *key_of(row, M),
        )
        for row in touchpoints
    )


def persons(
    rows: list[Row], dimension: str, person_bit: int, journey_bit: int
) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    """Persons, journeys, and 1 when one of the cell's events is simulated."""
    sums: dict[tuple[Any, ...], tuple[int, int, int]] = {}
    for row in rows:
        if row["event_type"] == "touchline.touchpoint.v1":
            key = (row["local_date"], *key_of(row, ("map", "map_version", dimension)))
            people, journeys, simulated = sums.get(key, (0, 0, 0))
            people, journeys = (
                people + bool(row["first_of"] & person_bit),
                journeys + bool(row["first_of"] & journey_bit),
            )
            sums[key] = people, journeys, max(simulated, row["is_simulated"])
    return {key: counts for key, counts in sums.items() if any(counts[:2])}


def surveys(rows: list[Row]) -> dict[tuple[Any, ...], tuple[int, int, int, float]]:
    """(n, positive, negative, value) by the definitions of the KPIs, written out once more."""
    scores: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        if row["event_type"] == "touchline.answer.v1" and row["disposition"] != "dismissed":
            variant = {
                ("nps", 10): "standard",
                ("csat", 5): "top_2_box",
                ("csat", 7): "top_2_box_of_7",
                ("ces", 7): "mean",
            }
            key = (
                row["local_date"],
                *key_of(row, (*D, *M, "kpi")),
                variant[row["kpi"], row["scale_max"]],
                row["scope"],
            )
            scores.setdefault(key, []).append(row["score"])
    return {key: _valued(key[-3], key[-2], found) for key, found in scores.items()}


def _valued(kpi: str, variant: str, scores: list[float]) -> tuple[int, int, int, float]:
    good, bad = {
        "standard": ({9, 10}, set(range(7))),
        "top_2_box": ({4, 5}, {1, 2}),
        "top_2_box_of_7": ({6, 7}, {1, 2, 3}),
        "mean": ({5, 6, 7}, {1, 2, 3}),
    }[variant]
    positive, negative = sum(score in good for score in scores), sum(score in bad for score in scores)
    value = {"nps": 100 * (positive - negative) / len(scores), "csat": 100 * positive / len(scores)}.get(
        kpi, sum(scores) / len(scores)
    )
    return len(scores), positive, negative, value


def check_against_recount(client: Client, rows: list[Row]) -> None:
    net = standing(rows)
    for view, dimensions, is_hourly in (("kpi_volume_1h", H, True), ("kpi_volume_1d", D, False)):
        found = plain(client.execute(f"SELECT * FROM journey.{view}"))
        assert {row[:-1]: row[-1] for row in found} == volumes(net, dimensions, is_hourly)
    for dimension, bits in (("touchpoint", (2, 32)), ("stage", (4, 64)), ("channel", (8, 128))):
        found = client.execute(f"SELECT * FROM journey.kpi_persons_{dimension}_1d")
        assert {row[:-3]: row[-3:] for row in found} == persons(net, dimension, *bits)
    columns = ", ".join(("bucket", *D, *M, "kpi", "variant", "scope", "n", "n_positive", "n_negative", "value"))
    assert {row[:-4]: row[-4:] for row in client.execute(f"SELECT {columns} FROM journey.kpi_survey_1d")} == surveys(
        net
    )
    check_events_of_cells(client)
    touchpoints = [row for row in net if row["event_type"] == "touchline.touchpoint.v1"]
    assert Counter(client.execute("SELECT event_id, map, map_version FROM journey.attachments")) == Counter(
        (row["event_id"], row["map"], row["map_version"]) for row in touchpoints
    )
    default = [row for row in touchpoints if row["map"] == "retail"]
    waits = {row["event_id"]: row["wait_us"] / 10**6 if row["touchpoint_number"] > 1 else None for row in default}
    assert dict(client.execute("SELECT event_id, wait_seconds FROM journey.touchpoints")) == waits
    unmapped = Counter((row["source"], row["touchpoint"]) for row in default if not row["is_mapped"])
    assert {row[:2]: row[3] for row in client.execute("SELECT * FROM journey.unmapped")} == unmapped
    revenue: Counter[tuple[str, date]] = Counter()
    for row in touchpoints:
        if row["currency"]:
            revenue[row["currency"], row["local_date"]] += row["amount_minor"] / 10 ** row["currency_exponent"]
    kept = {row[:2]: float(row[2]) for row in client.execute(
        "SELECT currency, bucket, sum(amount) FROM journey.kpi_revenue_1d GROUP BY currency, bucket")}  # fmt: skip
    assert kept.keys() <= revenue.keys()
    assert all(abs(kept.get(key, 0) - total) < 1e-6 for key, total in revenue.items())


def check_events_of_cells(client: Client) -> None:
    """What the events behind each cell add up to is the cell."""
    for one in EVENT_VIEWS:
        if one.mart == "funnel_stage":
            continue  # of journeys, which rows made at random are not: tests of the facts and of selected journeys have them
        keys, sums = ", ".join(one.keys), ", ".join(f"sum({name})" for name in one.adds)
        shown = client.execute(f"SELECT {keys}, {', '.join(one.adds)} FROM journey.{one.mart}")
        cells = {row[: len(one.keys)]: row[len(one.keys) :] for row in shown if any(row[len(one.keys) :])}
        added = client.execute(f"SELECT {keys}, {sums} FROM {one.view.full_name} GROUP BY {keys}")
        sums_of_events = {row[: len(one.keys)]: row[len(one.keys) :] for row in added if any(row[len(one.keys) :])}
        assert sums_of_events == cells, one.mart


@pytest.fixture(scope="module")
def client_with_maps(engine_client: Client) -> Client:
    empty(engine_client)
    choose_default_map(engine_client)
    stages = [
        (name, version, stage, order, "", "") for name, version in MAPS for order, stage in enumerate(STAGES) if order
    ]
    engine_client.execute("INSERT INTO journey_raw.stages VALUES", stages)
    return engine_client


@settings(max_examples=5, phases=(Phase.explicit, Phase.generate))
@given(rows=ledgers(), data=st.data())
def test_views_equal_a_recount_whatever_the_order_and_the_batches(
    client_with_maps: Client, rows: list[Row], data: st.DataObject
) -> None:
    client_with_maps.execute("TRUNCATE TABLE journey_raw.ledger")
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(shuffled)))
    for batch in (shuffled[:cut], shuffled[cut:]):
        write(client_with_maps, batch)
    check_against_recount(client_with_maps, rows)
