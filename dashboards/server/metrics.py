"""The server's metrics, in the exposition format of Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """One set a server. Labels are names of ours, never what a client wrote."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "touchline_dashboard_requests",
            "HTTP requests answered",
            ("endpoint", "status"),
            registry=self._registry,
        )
        self.query_seconds = Histogram(
            "touchline_dashboard_query_seconds",
            "Seconds that ClickHouse took for a query, by the view asked",
            ("query",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.queries_in_flight = Gauge(
            "touchline_dashboard_queries_in_flight",
            "Queries that ClickHouse works on for this server",
            registry=self._registry,
        )
        self.shared = Counter(
            "touchline_dashboard_shared_answers",
            "Answers taken from a query that another reader asked within the last seconds",
            registry=self._registry,
        )

    def exposed(self) -> bytes:
        """All of them."""
        return generate_latest(self._registry)
