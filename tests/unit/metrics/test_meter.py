"""A Meter adds up what any thread tells it, within the bounds of the declarations, and Prometheus' own reader understands the result."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given, settings, strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families

from tests.support.scraping import Scraped, scraped
from touchline.metrics.declared import BUILD_INFO
from touchline.metrics.exposition import Exposition
from touchline.metrics.kinds import Label, Metric, MetricKind
from touchline.metrics.meter import Meter

SENT = Metric("shop_sent_total", MetricKind.COUNTER, "parcels", "Parcels", (Label("by", ("train", "ship")),))
OPEN = Metric("shop_open_orders", MetricKind.GAUGE, "orders", "Orders", (Label("shelf", bound="shelves"),))
WAIT = Metric("shop_wait_seconds", MetricKind.HISTOGRAM, "seconds", "Waiting", buckets=(0.5, 1.0, 5.0))


def exposed(meter: Meter) -> Scraped:
    """Every sample as Prometheus' own parser reads the text."""
    body, content_type = Exposition(meter).answer("")
    assert content_type.startswith("text/plain; version=0.0.4")
    return scraped(body.decode())


def test_series_of_a_closed_set_are_there_before_anything_happens() -> None:
    found = exposed(Meter((SENT, OPEN, WAIT, BUILD_INFO)))
    assert found["shop_sent_total", (("by", "train"),)] == found["shop_sent_total", (("by", "ship"),)] == 0
    assert found["shop_wait_seconds_count", ()] == 0
    assert not [name for name, _ in found if name == "shop_open_orders"]
    assert found["process_cpu_seconds_total", ()] > 0


def test_a_label_value_that_is_not_declared_is_refused_and_makes_no_series() -> None:
    meter = Meter((SENT, OPEN, WAIT))
    for labels in (("mule",), (), ("train", "ship")):
        with pytest.raises(ValueError, match="shop_sent_total"):
            meter.add(SENT, 1, *labels)
    with pytest.raises(ValueError, match="does not declare it"):
        meter.add(BUILD_INFO._replace(kind=MetricKind.COUNTER))
    with pytest.raises(ValueError, match="only a gauge is set"):
        meter.set(SENT, 1, "train")
    with pytest.raises(ValueError, match="a counter rises"):
        meter.add(SENT, -1, "train")
    with pytest.raises(ValueError, match="only a histogram observes"):
        meter.observe(OPEN, 1, "a")
    assert [len(samples) for _, samples in meter.read()] == [2, 0, 1]


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1e6) | st.sampled_from(WAIT.buckets), max_size=50), st.integers(0, 50))
def test_a_histogram_counts_what_is_not_above_its_bounds_however_it_is_told(values: list[float], cut: int) -> None:
    meter = Meter((WAIT, BUILD_INFO))
    meter.observe_each(WAIT, values[:cut])
    for value in values[cut:]:
        meter.observe(WAIT, value)
    found = exposed(meter)
    for bound in (*WAIT.buckets, math.inf):
        label = "+Inf" if bound == math.inf else str(bound)
        assert found["shop_wait_seconds_bucket", (("le", label),)] == sum(value <= bound for value in values)
    assert found["shop_wait_seconds_count", ()] == len(values)
    assert found["shop_wait_seconds_sum", ()] == pytest.approx(sum(values))


@settings(max_examples=60)
@given(st.lists(st.integers(-(10**7), 10**8) | st.sampled_from([500_000, 5_000_000]), max_size=50))
def test_ages_in_integers_are_counted_as_seconds_are(ages_us: list[int]) -> None:
    now_us = 1_767_261_600_000_000
    by_age, by_seconds = Meter((WAIT, BUILD_INFO)), Meter((WAIT, BUILD_INFO))
    by_age.observe_ages(WAIT, [now_us - age for age in ages_us], now_us)
    by_seconds.observe_each(WAIT, [max(age, 0) / 1e6 for age in ages_us])
    one, other = (next(meter.read())[1][0] for meter in (by_age, by_seconds))
    assert one.buckets == other.buckets
    assert one.value == pytest.approx(other.value)


def test_a_clock_that_runs_ahead_does_not_make_the_sum_of_ages_fall() -> None:
    meter = Meter((WAIT,))
    for moment_us in (3_000_000, 9_000_000):
        meter.observe_ages(WAIT, [moment_us], 5_000_000)
    assert meter.value(WAIT) == 2.0


def test_a_gauge_follows_what_is_held_and_ends_with_it() -> None:
    meter = Meter((OPEN,))
    meter.set(OPEN, 3, "a")
    meter.replace(OPEN, {("b",): 4, ("c",): 5})
    meter.drop(OPEN, "c")
    assert [(sample.labels, sample.value) for _, samples in meter.read() for sample in samples] == [(("b",), 4.0)]


def test_threads_lose_no_count() -> None:
    meter = Meter((SENT,))

    def add_many() -> None:
        for _ in range(2_000):
            meter.add(SENT, 1, "ship")

    threads = [threading.Thread(target=add_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meter.value(SENT, "ship") == 8_000


def test_openmetrics_is_spoken_where_it_is_asked_for() -> None:
    meter = Meter((SENT, OPEN, WAIT, BUILD_INFO))
    meter.observe(WAIT, 0.7)
    body, content_type = Exposition(meter).answer("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    read = openmetrics_families(body.decode())  # type: ignore[no-untyped-call]
    families = {one.name: one.type for one in read}
    assert families["shop_sent"] == "counter"
    assert families["shop_wait_seconds"] == "histogram"
