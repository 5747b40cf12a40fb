"""Fronts that speak as the collectors of well-known analytics tools do: one file a protocol, one core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from touchline.producers.collector.vendors.amplitude import Amplitude
from touchline.producers.collector.vendors.front import QueryFront, Tongue, VendorFront
from touchline.producers.collector.vendors.matomo import Matomo
from touchline.producers.collector.vendors.mixpanel import Mixpanel
from touchline.producers.collector.vendors.names import Names
from touchline.producers.collector.vendors.posthog import PostHog
from touchline.producers.collector.vendors.segment import Segment
from touchline.producers.collector.vendors.snowplow import Snowplow

TONGUES: Final[Sequence[Tongue]] = (Segment(), PostHog(), Snowplow(), Matomo(), Mixpanel(), Amplitude())


def fronts_of(names: Callable[[], Names], seal: Callable[[str], str]) -> Sequence[VendorFront]:
    """All of them; see VendorFront."""
    fronts = [VendorFront(tongue, names, seal) for tongue in TONGUES]
    return [*fronts, *(QueryFront(tongue, names, seal) for tongue in TONGUES if tongue.query_paths)]
