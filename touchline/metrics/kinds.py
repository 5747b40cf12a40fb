"""What a declaration of a metric holds."""

from __future__ import annotations

from enum import StrEnum, unique
from typing import NamedTuple


@unique
class MetricKind(StrEnum):
    """How Prometheus reads the numbers."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Label(NamedTuple):
    """A label and what bounds its values: a closed set, or where `values` is empty what `bound` says in words."""

    name: str
    values: tuple[str, ...] = ()
    bound: str = ""


class Metric(NamedTuple):
    """One metric as it is exposed. `unit` is what its number counts or measures; durations are in seconds, sizes in bytes, never in
    multiples. `buckets` are the upper bounds of a histogram, ascending, without infinity."""

    name: str
    kind: MetricKind
    unit: str
    help: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
