"""`touchline map suggest`: a map to begin with."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from touchline.errors import WrongUsage
from touchline.journey.suggest.suggest import as_object, suggest_map
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
    try:  # `touchline map check` does without
        from touchline.cli.ledger import open_ledger
    except ModuleNotFoundError as error:
        raise WrongUsage(
            f"`touchline map suggest` asks ClickHouse and needs the Python package {error.name!r}",
            "pip install 'touchline[worker]'",
        ) from error
    with open_ledger(load_settings()) as client:
        observed, text = suggest_map(client, name, tuple(source or ()))
    if as_json:
        print(json.dumps(as_object(name, observed, text), ensure_ascii=False))
    else:
        print(text, end="")
