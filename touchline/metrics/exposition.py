"""A Meter's numbers in Prometheus' words, by prometheus-client; with what the system knows of the process (`process_*`)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Metric as Family, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from touchline.metrics.declared import BUILD_INFO
from touchline.metrics.kinds import Metric, MetricKind
from touchline.metrics.meter import Meter, Sample


class Exposition:
    """What `/metrics` answers. Make one per process."""

    def __init__(self, meter: Meter) -> None:
        meter.set(BUILD_INFO, 1, version("touchline"))
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_OfMeter(meter))
        ProcessCollector(registry=self._registry)

    def answer(self, accept: str) -> tuple[bytes, str]:
        """Body and content type for an Accept header: Prometheus' text format, or OpenMetrics where that is asked for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _OfMeter(Collector):
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def collect(self) -> Iterator[Family]:
        for metric, samples in self._meter.read():
            yield _family(metric, samples)


def _family(metric: Metric, samples: list[Sample]) -> Family:
    names = [label.name for label in metric.labels]
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=names)
        bounds = [*map(str, metric.buckets), "+Inf"]
        for sample in samples:
            histogram.add_metric(sample.labels, list(zip(bounds, sample.buckets, strict=True)), sample.value)
        return histogram
    make = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily = make(metric.name, metric.help, labels=names)
    for sample in samples:
        family.add_metric(sample.labels, sample.value)
    return family
