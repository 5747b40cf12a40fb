"""The whole of `touchline map suggest`: observe the ledger, draft a map, write it as commented YAML that the reader of maps takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from touchline.errors import TouchlineError
from touchline.journey.suggest.draft import draft, is_nameable
from touchline.journey.suggest.observe import Observed, observe
from touchline.journey.suggest.write import write_map
from touchline.schemas.journey.read import parse_map

if TYPE_CHECKING:
    from clickhouse_driver import Client


def suggest_map(client: Client, name: str, sources: Sequence[str] = ()) -> tuple[Observed, str]:
    """What was observed of these sources (or of all), and the map's text. Raises TouchlineError where nothing is stored yet."""
    observed = observe(client, sources)
    if not any(is_nameable(one.touchpoint) for one in observed.seen):
        of_sources = f" of {', '.join(sources)}" if sources else ""
        raise TouchlineError(
            f"no touchpoint event{of_sources} is stored yet", "send some first (`touchline emit`, `touchline import`)"
        )
    text = write_map(name, observed, draft(observed))
    parse_map(text)  # what is suggested can be used
    return observed, text


def as_object(name: str, observed: Observed, text: str) -> dict[str, object]:
    """JSON-ready."""
    totals = {"events": observed.events, "persons": observed.persons, "sources": observed.sources}
    return {"map": name, **totals, "touchpoints": [one._asdict() for one in observed.seen], "yaml": text}
