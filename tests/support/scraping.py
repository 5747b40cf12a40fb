"""Metrics as Prometheus sees them: scraped over HTTP, read by prometheus-client's own parser."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Scraped = dict[tuple[str, tuple[tuple[str, str], ...]], float]
"""Value by name and sorted labels."""


def scraped(text: str) -> Scraped:
    """Every sample; the same series twice is no exposition."""
    found: Scraped = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, key
            found[key] = sample.value
    return found


def value_of(found: Scraped, name: str, **labels: str) -> float:
    """Value of one series, which must be there."""
    return found[name, tuple(sorted(labels.items()))]


def get(port: int, path: str, seconds: float = 2.0) -> tuple[int, str]:
    """Status and body; 599 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 599, ""


def scrape(port: int) -> Scraped:
    """What `/metrics` says now."""
    status, text = get(port, "/metrics")
    assert status == 200, text
    return scraped(text)


def readiness(port: int) -> tuple[int, Any]:
    """Status and report of `/readyz`."""
    status, text = get(port, "/readyz")
    return status, json.loads(text) if text else {}
