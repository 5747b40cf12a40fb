"""`touchline map suggest`: a map to begin with."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from touchline.errors import TouchlineError, WrongUsage
from touchline.journey.suggest.draft import draft, is_nameable
from touchline.journey.suggest.observe import Observed, observe
from touchline.journey.suggest.write import write_map
from touchline.schemas.journey.read import parse_map
from touchline.settings import load_settings


def suggest(
    source: Annotated[list[str] | None, typer.Option(help="Only events of this source; may be repeated.")] = None,
    name: Annotated[str, typer.Option("--map", help="Name of the map.")] = "suggested",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object: what was observed, and the map's text.")
    ] = False,
) -> None:
    """Draft a map from the events in ClickHouse, as commented YAML on standard output: touchpoints by volume, with their channels, stages
    by the order in which persons meet them, goals where events look like orders. Comments hold the evidence.

    It passes `touchline map check`, and is to be finished by hand: names, rules, questions, expectations, KPIs.

    Examples:

        touchline map suggest > journeys/draft.yaml

        touchline map suggest --source web-shop --map web_shop
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
        raise WrongUsage("the name of the map is no short name", "lower case, digits, underscores: --map web_shop")
    observed, text = _draft(tuple(source or ()), name)
    parse_map(text)  # what is suggested can be used
    if not as_json:
        print(text, end="")
        return
    touchpoints = [one._asdict() for one in observed.seen]
    totals = {"events": observed.events, "persons": observed.persons, "sources": observed.sources}
    print(json.dumps({"map": name, **totals, "touchpoints": touchpoints, "yaml": text}, ensure_ascii=False))


def _draft(sources: tuple[str, ...], name: str) -> tuple[Observed, str]:
    try:  # `touchline map check` does without
        from touchline.clickhouse.connect import connect, explained
        from touchline.sql.schema.migrate import require_schema
    except ModuleNotFoundError as error:
        raise WrongUsage(
            f"`touchline map suggest` asks ClickHouse and needs the Python package {error.name!r}",
            "pip install 'touchline[worker]'",
        ) from error
    settings = load_settings()
    client = connect(settings)
    try:
        with explained(settings):
            require_schema(client)
            observed = observe(client, sources)
    finally:
        client.disconnect()
    if not any(is_nameable(one.touchpoint) for one in observed.seen):
        of_sources = f" of {', '.join(sources)}" if sources else ""
        raise TouchlineError(
            f"no touchpoint event{of_sources} is stored yet", "send some first (`touchline emit`, `touchline import`)"
        )
    return observed, write_map(name, observed, draft(observed))
