"""Whatever a reader selects, the survey views equal a plain recount, agree with each other, and hide what they must."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st

from tests.contract.sql.conftest import empty
from tests.contract.sql.rows import NOON, Row, answer, choose_default_map, retraction, standing, write
from tests.contract.sql.selecting import call, rows_of
from tests.contract.sql.survey_recount import (
    SPLITS,
    Filter,
    Key,
    at_midnight,
    cells,
    day_buckets,
    hidden,
    hidden_places,
    is_split,
    together,
    unsafe,
    value_of,
)

DAYS = (date(2026, 3, 4), date(2026, 3, 25))
BEFORE = (date(2026, 2, 10), date(2026, 3, 3))
FILTERS: Mapping[str, Sequence[str]] = {
    "touchpoint": ("till", "web", "hotline"),
    "stage": ("buy", "use", ""),
    "channel": ("store", ""),
    "is_online": ("0", "1"),
    "is_simulated": ("0", "1"),
    "brand": ("a", ""),
    "place": ("7", "8", ""),
    "persona": ("regular", "new", ""),
    "segment": ("small", ""),
}
KPIS = (("nps", 0, 10), ("nps", 0, 10), ("csat", 1, 5), ("csat", 5, 1), ("csat", 2, 9), ("ces", 1, 7))
GRAINS = ("hour", "day", "week", "month", "rolling_7d", "rolling_28d")
STAGES = {"buy": 1, "use": 2, "": 0}


def ledger(seed: int, size: int) -> list[Row]:
    """Answers of seven weeks, some of which are taken back, in any order."""
    random = Random(seed)
    rows = []
    for number in range(1, size):
        kpi, first, last = random.choice(KPIS)
        time = NOON + timedelta(hours=random.randint(-30 * 24, 30 * 24))
        stage = random.choice(("buy", "buy", "use", ""))
        row = answer(
            number, kpi, random.randint(min(first, last), max(first, last)), (first, last),
            about_time=time, event_time=time, local_date=(time - timedelta(hours=6)).date(),
            touchpoint=random.choice(("till", "till", "web", "hotline")), stage=stage, stage_order=STAGES[stage],
            is_mapped=int(stage != ""), is_online=random.randint(0, 1), is_simulated=int(random.random() < 0.1),
            **{key: random.choice((*FILTERS[key], FILTERS[key][0])) for key in ("channel", *SPLITS)}
            | ({"persona": "guest"} if random.random() < 0.08 else {}),
            scope=random.choice(("transactional", "transactional", "relational")),
            disposition=random.choice(("complete", "complete", "complete", "partial", "dismissed")),
        )  # fmt: skip
        rows += [row, retraction(row)] if random.random() < 0.1 else [row]
    random.shuffle(rows)
    return rows


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    keys = draw(st.lists(st.sampled_from([*FILTERS, *SPLITS, *SPLITS]), max_size=3, unique=True))
    return {key: draw(st.lists(st.sampled_from(FILTERS[key]), min_size=1, max_size=3, unique=True)) for key in keys}


@pytest.fixture(scope="module")
def map_client(engine_client: Client) -> Client:
    empty(engine_client)
    choose_default_map(engine_client)
    return engine_client


def kpi_key(row: Mapping[str, Any]) -> Key:
    return row["is_simulated"], row["kpi"], row["variant"], row["scope"]


def numbers(row: Mapping[str, Any]) -> Any:
    """n, positive, neutral, negative, value; None where it is suppressed."""
    if row["is_suppressed"]:
        assert {
            name: row[name] for name in ("n", "n_positive", "value", "ci_low", "ci_method", "is_small_n")
        } == dict.fromkeys(("n", "n_positive", "value", "ci_low", "ci_method", "is_small_n"))
        return None
    return (*(row[name] for name in ("n", "n_positive", "n_neutral", "n_negative")), round(row["value"], 9))


def expected_of(parts_of: Mapping[Key, Mapping[Key, Any]], gone_of: Any) -> dict[tuple[Key, Key], Any]:
    found: dict[tuple[Key, Key], Any] = {}
    for kpi, parts in parts_of.items():
        gone = gone_of(parts)
        for key, cell in parts.items():
            if key in gone:
                found[kpi, key] = None
            elif cell.scores:
                found[kpi, key] = value_of(kpi, cell.scores)
    return found


def place_of(row: Mapping[str, Any], depth: int) -> Key:
    """The stage and touchpoint of a row of a view or of the ledger."""
    stage = (row["stage_order"] or 0, row["stage"] or "") if depth else ()
    return (*stage, row["touchpoint"]) if depth == 2 else stage


def regrouped(parts: Mapping[Key, Any], depth: int) -> dict[Key, Any]:
    width = (0, 2, 3)[depth]
    keys = {key[:width] for key in parts}
    return {key: together(cell for other, cell in parts.items() if other[:width] == key) for key in keys}


def hidden_at(parts: Mapping[Key, Any], depth: int) -> set[Key]:
    """Hidden totals (depth 0), stages (1), touchpoints at stages (2)."""
    nested = {((order, stage), touchpoint): cell for (order, stage, touchpoint), cell in parts.items()}
    if unsafe(together(parts.values())):
        return set(regrouped(parts, depth))
    if depth == 0:
        return set()
    if depth == 1:
        return hidden(regrouped(parts, 1))
    return {(*stage, touchpoint) for stage, touchpoint in hidden_places(nested, 2)}


def check_places(client: Client, rows: list[Row], filter_: Filter) -> None:
    """By touchpoint and stage, by stage, and in total, in both periods; then whether anything hidden can be computed from it."""
    views = ("survey_total", "survey_by_stage", "survey_by_touchpoint")
    asked = {"date_from": DAYS[0], "date_to": DAYS[1], "before_from": BEFORE[0], "before_to": BEFORE[1]}
    now = cells(rows, filter_, DAYS, lambda row: [place_of(row, 2)])
    before = cells(rows, filter_, BEFORE, lambda row: [place_of(row, 2)])
    gone_of = [
        (lambda parts, depth=depth: hidden_at(parts, depth) if is_split(filter_) else set()) for depth in range(3)
    ]
    shown: dict[int, dict[tuple[Key, Key], Any]] = {}
    for depth, view in enumerate(views):
        found = rows_of(client, view, filter_, **asked)
        at = {(kpi_key(row), place_of(row, depth)): row for row in found}
        assert len(at) == len(found)
        expected = expected_of({kpi: regrouped(parts, depth) for kpi, parts in now.items()}, lambda parts: set())
        gone = {(kpi, key) for kpi, parts in now.items() for key in gone_of[depth](parts)}
        expected = {key: value for key, value in expected.items() if key not in gone} | dict.fromkeys(gone)
        shown[depth] = {key: numbers(row) for key, row in at.items() if row["is_suppressed"] or row["n"]}
        assert shown[depth] == expected, view
        gone_before = {(kpi, key) for kpi, parts in before.items() for key in gone_of[depth](parts)}
        for key, row in at.items():
            cell = regrouped(before.get(key[0], {}), depth).get(key[1])
            n_before = len(cell.scores) if cell else 0
            assert row["n_before"] == (None if key in gone_before else n_before), view
            if row["value_before"] is not None and row["value"] is not None:
                assert row["change"] == pytest.approx(row["value"] - row["value_before"])
                assert row["change_low"] <= row["change_high"]
    check_nothing_follows(now, shown)


def check_nothing_follows(
    parts_of: Mapping[Key, Mapping[Key, Any]], shown: Mapping[int, Mapping[tuple[Key, Key], Any]]
) -> None:
    """No hidden number of answers is a linear combination of those that are shown, from totals down to touchpoints at a stage."""
    for kpi, parts in parts_of.items():
        leaves = sorted(parts)
        sums = [
            (depth, key, [Fraction(int(leaf[: len(key)] == key)) for leaf in leaves])
            for depth in range(3)
            for key in regrouped(parts, depth)
        ]
        # Of a part without answers nothing is shown unless it is hidden: so it is known to be 0.
        known = [row for depth, key, row in sums if shown[depth].get((kpi, key), 0) is not None]
        base = rank(known)
        for depth, key, row in sums:
            if shown[depth].get((kpi, key), 0) is None:
                assert rank([*known, row]) > base, (kpi, key)


def rank(rows: Sequence[Sequence[Fraction]]) -> int:
    left = [list(row) for row in rows]
    found = 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left[found:] if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        left.insert(found, pivot)
        for row in left[found + 1 :]:
            factor = row[column] / pivot[column]
            row[:] = [one - factor * other for one, other in zip(row, pivot, strict=True)]
        found += 1
    return found


def check_over_time(client: Client, rows: list[Row], filter_: Filter, grain: str) -> None:
    back = {"rolling_7d": 6, "rolling_28d": 27}.get(grain, 0)
    parts_of = cells(rows, filter_, (DAYS[0] - timedelta(days=back), DAYS[1]), day_buckets(grain, DAYS))

    def gone(parts: Mapping[Key, Any]) -> set[Key]:
        if not is_split(filter_):
            return set()
        if back:  # whole or not at all
            return set(parts) if any(unsafe(part) for part in parts.values()) else set()
        return hidden_places(parts, 1)

    asked = {"date_from": DAYS[0], "date_to": DAYS[1], "grain": grain}
    found = rows_of(client, "survey_over_time", filter_, **asked)
    at = {(kpi_key(row), (naive(row["bucket"]),)): numbers(row) for row in found}
    assert len(at) == len(found)
    assert at == expected_of(parts_of, gone), grain


def check_split(client: Client, rows: list[Row], filter_: Filter, by: str) -> None:
    parts_of = cells(rows, filter_, DAYS, lambda row: [(str(row[by]),)])
    suppresses = is_split(filter_) or by in SPLITS
    expected: dict[tuple[Key, Key], Any] = {}
    for kpi, parts in parts_of.items():
        gone = hidden_places(parts, 1) if suppresses else set()
        expected |= expected_of({kpi: parts}, lambda _, gone=gone: gone)
        expected = {
            (name, (*key, 0) if name == kpi and len(key) == 1 else key): value
            for (name, key), value in expected.items()
        }
        if gone and not unsafe(together(parts.values())):
            expected[kpi, ("", 1)] = value_of(kpi, together(parts[key] for key in gone).scores)
    found = rows_of(client, "survey_split", filter_, by=by, date_from=DAYS[0], date_to=DAYS[1])
    at = {(kpi_key(row), (row["split_value"] or "", row["is_other"])): numbers(row) for row in found}
    assert len(at) == len(found)
    assert at == expected, by
    assert all(value is None or value[0] >= 5 for value in at.values()) or not suppresses


def check_agreement(client: Client, filter_: Filter) -> None:
    """The view, the mart with WHERE and the events behind the mart give one number: of what is not suppressed."""
    conditions = " AND ".join(
        ["map = 'retail'", f"bucket BETWEEN '{DAYS[0]}' AND '{DAYS[1]}'"]
        + [f"ifNull(toString({key}), '') IN ({', '.join(map(repr, values))})" for key, values in filter_.items()]
    )
    keys = "is_simulated, kpi, variant, scope"
    total = client.execute(
        f"SELECT {keys}, n, n_positive FROM {call('survey_total', filter_, date_from=DAYS[0], date_to=DAYS[1])} WHERE n > 0 ORDER BY ALL"
    )
    for table in ("journey.kpi_survey_1d", "journey_api.kpi_survey_1d_events"):
        found = client.execute(
            f"SELECT {keys}, sum(n), sum(n_positive) FROM {table} WHERE {conditions} GROUP BY {keys} ORDER BY ALL"
        )
        assert [row for row in found if row[:4] in {one[:4] for one in total}] == total, table
        assert is_split(filter_) or found == total, table


def naive(value: datetime | date) -> datetime:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else at_midnight(value)


@settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@example(seed=1, size=150, filter_={"persona": ["new"]}, share=0.5, grain="week", by="touchpoint")
@example(seed=2, size=90, filter_={"place": ["7"], "touchpoint": ["till", "web"]}, share=1, grain="day", by="persona")
@example(seed=5, size=250, filter_={"persona": ["regular", "new", ""]}, share=1, grain="day", by="stage")
@example(seed=3, size=200, filter_={"segment": ["small"]}, share=0, grain="rolling_28d", by="segment")
@example(seed=4, size=200, filter_={}, share=0.2, grain="rolling_7d", by="brand")
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(20, 260),
    filter_=filters(),
    share=st.floats(0, 1),
    grain=st.sampled_from(GRAINS),
    by=st.sampled_from([*FILTERS, *SPLITS]),
)
def test_survey_views_equal_a_recount_and_hide_what_could_be_computed(
    map_client: Client, seed: int, size: int, filter_: Filter, share: float, grain: str, by: str
) -> None:
    map_client.execute("TRUNCATE TABLE journey_raw.ledger")
    rows = ledger(seed, size)
    cut = int(share * len(rows))
    for batch in (rows[:cut], rows[cut:]):
        write(map_client, batch)
    net = standing(rows)
    check_places(map_client, net, filter_)
    check_over_time(map_client, net, filter_, grain)
    check_split(map_client, net, filter_, by)
    check_agreement(map_client, filter_)
