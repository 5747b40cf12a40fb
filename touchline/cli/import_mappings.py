"""`touchline import mappings`: those that ship, and the text of one, to be changed."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.ready.texts import ready_names, ready_text


def import_mappings(
    name: Annotated[str | None, typer.Argument(help="Print this one; left out: list all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a mapping, a line each.")] = False,
) -> None:
    """List the mappings that ship, or print one: a copy of it can be changed and used as any other mapping.

    Examples:

        touchline import mappings

        touchline import mappings ga4 > our-ga4.yaml
    """
    if name is not None and not as_json:
        print(ready_text(name), end="")
        return
    shown = [ready_mapping(one) for one in (ready_names() if name is None else [name])]
    width = max((len(one.mapping) for one in shown), default=0)
    for one in shown:
        if as_json:
            print(json.dumps({"mapping": one.mapping, "type": one.type, "description": one.description}))
        else:
            print(f"{one.mapping:{width}}  {one.description}")
