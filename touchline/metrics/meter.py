"""Counts in memory: what a process adds, sets and observes under declared names, for the next scrape.

Any thread may write and read. A value of a label that is not of its closed set is a bug and raises ValueError: there are no series that
the declaration does not know of.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product, repeat
from threading import Lock
from typing import NamedTuple

from touchline.metrics.kinds import Label, Metric, MetricKind

LabelValues = tuple[str, ...]
_US = 1_000_000


class Sample(NamedTuple):
    """One series of a counter or gauge, or one distribution: `buckets` then holds cumulative counts, the last one of all."""

    labels: LabelValues
    value: float
    buckets: tuple[int, ...] = ()


class Meter:
    """The numbers of the given metrics. Series of closed sets of labels are there from the start, as zero, since a rate of what
    appears with its first event is missing it."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self.metrics = tuple(metrics)
        self._lock = Lock()
        self._values: dict[str, dict[LabelValues, float]] = {}
        self._buckets: dict[str, dict[LabelValues, list[int]]] = {}
        for metric in self.metrics:
            begin = list(product(*(label.values for label in metric.labels)))
            self._values[metric.name] = dict.fromkeys(begin, 0.0)
            self._buckets[metric.name] = {labels: [0] * (len(metric.buckets) + 1) for labels in begin}

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Raise a counter."""
        _require(metric.kind is MetricKind.COUNTER and amount >= 0, metric, "a counter rises")
        with self._lock:
            series = self._series(metric, labels)
            series[labels] = series.get(labels, 0.0) + amount

    def add_each(self, metric: Metric, amounts: Mapping[str, float]) -> None:
        """Raise a counter of one label, by its values."""
        for label, amount in amounts.items():
            self.add(metric, amount, label)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        _require(metric.kind is MetricKind.GAUGE, metric, "only a gauge is set")
        with self._lock:
            self._series(metric, labels)[labels] = value

    def replace(self, metric: Metric, values: Mapping[LabelValues, float]) -> None:
        """Make these the only series of a gauge."""
        with self._lock:
            self._values[metric.name].clear()
        for labels, value in values.items():
            self.set(metric, value, *labels)

    def drop(self, metric: Metric, *labels: str) -> None:
        """End the series of a gauge whose labels begin so."""
        with self._lock:
            series = self._values[metric.name]
            for known in [one for one in series if one[: len(labels)] == labels]:
                del series[known]

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Put one value into a histogram."""
        self._observe(metric, labels, bisect_left(metric.buckets, value), repeat(1), value)

    def observe_each(self, metric: Metric, values: Iterable[float], *labels: str) -> None:
        """Put many values into a histogram at once."""
        ascending = sorted(values)
        below = [bisect_right(ascending, bound) for bound in metric.buckets]
        self._observe(metric, labels, 0, [*below, len(ascending)], sum(ascending))

    def observe_ages(self, metric: Metric, moments_us: Iterable[int], now_us: int) -> None:
        """Put the seconds from each moment to now into a histogram without labels; all in integers, since there may be many.

        A moment after now (a sender's clock runs ahead) counts as now: a negative age would lower the sum, and Prometheus takes a sum that
        falls for one that began anew.
        """
        ascending = sorted(moments_us)
        count = len(ascending)
        del ascending[bisect_right(ascending, now_us) :]
        below = [count - bisect_left(ascending, now_us - round(bound * _US)) for bound in metric.buckets]
        self._observe(metric, (), 0, [*below, count], (len(ascending) * now_us - sum(ascending)) / _US)

    def _observe(self, metric: Metric, labels: LabelValues, first: int, counts: Iterable[int], total: float) -> None:
        """Raise the buckets from the `first` on."""
        _require(metric.kind is MetricKind.HISTOGRAM, metric, "only a histogram observes")
        with self._lock:
            series = self._series(metric, labels)
            series[labels] = series.get(labels, 0.0) + total
            known = self._buckets[metric.name].setdefault(labels, [0] * (len(metric.buckets) + 1))
            for index, count in zip(range(first, len(known)), counts, strict=False):
                known[index] += count

    def read(self) -> Iterator[tuple[Metric, list[Sample]]]:
        """All metrics with their series, each metric's numbers of one moment."""
        for metric in self.metrics:
            with self._lock:
                buckets = self._buckets[metric.name]
                found = [
                    Sample(labels, value, tuple(buckets.get(labels, ())))
                    for labels, value in self._values[metric.name].items()
                ]
            yield metric, found

    def value(self, metric: Metric, *labels: str) -> float:
        """Value of one series, of a histogram the sum of what it observed; 0 where there is none."""
        with self._lock:
            return self._series(metric, labels).get(labels, 0.0)

    def _series(self, metric: Metric, labels: LabelValues) -> dict[LabelValues, float]:
        series = self._values.get(metric.name)
        _require(series is not None, metric, "this process does not declare it")
        assert series is not None
        if labels not in series:
            fits = len(labels) == len(metric.labels) and all(map(_permits, metric.labels, labels))
            _require(fits, metric, f"labels {labels} are not declared")
        return series


def _permits(label: Label, value: str) -> bool:
    return not label.values or value in label.values


def _require(holds: bool, metric: Metric, why: str) -> None:
    if not holds:
        raise ValueError(f"{metric.name}: {why}")
