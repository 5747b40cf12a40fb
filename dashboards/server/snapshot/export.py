"""From a selection to the file.

Why: docs/decisions/0153.
"""

from __future__ import annotations

from touchline.dashboards.server.api import Api
from touchline.dashboards.server.asking.parameters import Parameters
from touchline.dashboards.server.snapshot.page import page
from touchline.dashboards.server.snapshot.read import read_seen, read_selection
from touchline.dashboards.server.snapshot.words import words_of


async def snapshot(api: Api, parameters: Parameters) -> tuple[bytes, str]:
    """The document in UTF-8 and the name to keep it under. Raises RequestRefused."""
    now = api.now()
    selection = read_selection(parameters, await api.maps.read(), now)
    seen = await read_seen(api, selection, now)
    known, period = selection.known, selection.period
    name = f"{known.map}-v{known.map_version}-{period.first}-{period.last}.html"
    return page(words_of(selection.language), seen).encode(), name
