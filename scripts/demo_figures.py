"""The figures of the demo: what its data sets say of themselves, what the views say, and whether both are the same.

Every figure is asked under the map of its data set, whatever other maps are configured, and which of them is the default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, Self

from clickhouse_driver import Client

from touchline.clickhouse.connect import connect
from touchline.errors import NotClean
from touchline.schemas.journey.read import find_map, load_map
from touchline.settings import Settings
from touchline.sql.ledger.rows import NET_ROWS

RETAIL = ("retail-pos", "retail-crm", "retail-coupons")
CLICKS = "web-clicks"
MAP_OF = dict.fromkeys(RETAIL, "retail") | {CLICKS: "web_shop"}
"""Source -> the map that the demo shows it under."""
MAPS = tuple(dict.fromkeys(MAP_OF.values()))
MEMORY = "demo.json"
"""What was sent last, in local_dir."""
BEGIN_ANEW = "./run clean removes the ledger with all that it holds; ./run demo then begins anew"

EVENTS = """
SELECT source, count(), uniqExact(person), uniqExact(place) FROM journey.attachments
WHERE source IN %(sources)s AND map = %(map)s AND map_version = %(version)s GROUP BY source"""
REVENUE = """
SELECT sum(amount) FROM journey_api.kpi_revenue_1d_events WHERE source = %(source)s AND map = %(map)s AND map_version = %(version)s"""
ANSWERS = f"""
SELECT count() FROM journey_raw.ledger
WHERE kind = 'attached' AND event_type = 'touchline.answer.v1' AND source = 'simulator' AND startsWith(event_id, %(run)s)
  AND map = %(map)s AND map_version = %(version)s AND {NET_ROWS}"""
ATTACHED = """
SELECT source, map, map_version, count() FROM journey.attachments WHERE source IN %(sources)s GROUP BY source, map, map_version"""


class DemoFigures(NamedTuple):
    """What was sent: figures by name, and the run of the simulated answers under each map."""

    truth: dict[str, int]
    runs: dict[str, str]

    @classmethod
    def recalled(cls, settings: Settings) -> Self | None:
        """Those of the last demo that came to its end here; None where there was none."""
        try:
            return cls(**json.loads((settings.local_dir / MEMORY).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def remember(self, settings: Settings) -> None:
        """For the next demo."""
        (settings.local_dir / MEMORY).write_text(json.dumps(self._asdict()), encoding="utf-8")

    def all_stand(self, settings: Settings) -> bool:
        """Whether nothing of it is missing in the views."""
        found = stored_figures(settings, self.runs)
        return all(found.get(name, 0) >= count for name, count in self.truth.items())

    def require_equal(self, found: Mapping[str, int]) -> None:
        """Raises NotClean where the views say otherwise, with what helps."""
        if found == self.truth:
            return
        more = [name for name, count in found.items() if count > self.truth.get(name, 0)]
        if all(found.get(name, 0) >= count for name, count in self.truth.items()):
            raise NotClean(
                f"the ledger holds more than the demo's data sets: {', '.join(more)}",
                f"something else sent events under the demo's sources: give your own events a source of their own. {BEGIN_ANEW}",
            )
        raise NotClean(
            f"the views say {dict(found)}, the data sets say {self.truth}",
            "`./run reconcile` finds what is lost or doubled, `./run quarantine list` what was kept out",
        )


def stored_figures(settings: Settings, runs: Mapping[str, str]) -> dict[str, int]:
    """What the views say, under the names of `DemoFigures.truth`: events by source, persons, places and cents of the baskets, answers of
    each run under its map."""
    versions = present_versions(settings)
    found: dict[str, int] = {}
    client = connect(settings)
    try:
        for name in MAPS:
            sources = tuple(source for source, one in MAP_OF.items() if one == name)
            key = {"sources": sources, "map": name, "version": versions[name]}
            for source, events, persons, places in client.execute(EVENTS, key):
                found[source] = events
                if source == RETAIL[0]:
                    found |= {"persons": persons, "places": places}
        key = {"source": RETAIL[0], "map": MAP_OF[RETAIL[0]], "version": versions[MAP_OF[RETAIL[0]]]}
        ((revenue,),) = client.execute(REVENUE, key)
        found["amount_minor"] = round((revenue or 0) * 100)
        for name, run in runs.items():
            ((answers,),) = client.execute(ANSWERS, {"run": run, "map": name, "version": versions[name]})
            found[f"answers under {name}"] = answers
    finally:
        client.disconnect()
    return found


def stored_events(settings: Settings) -> int:
    """Events of the data sets that stand under their maps."""
    found = stored_figures(settings, {})
    return sum(found.get(source, 0) for source in MAP_OF)


def present_versions(settings: Settings) -> dict[str, int]:
    """Version of each map of the demo as its file stands."""
    return {name: load_map(find_map(name, settings.journeys_dir)).version for name in MAPS}


def require_present_maps(settings: Settings) -> None:
    """A map attaches an event when it is stored: to send it again attaches nothing.

    Raises:
        NotClean: the ledger has events of the data sets that the present version of their map did not attach.
    """
    client = connect(settings)
    try:
        _require_present(client, present_versions(settings))
    finally:
        client.disconnect()


def _require_present(client: Client, versions: Mapping[str, int]) -> None:
    attached: dict[str, dict[tuple[str, int], int]] = {source: {} for source in MAP_OF}
    for source, name, version, count in client.execute(ATTACHED, {"sources": tuple(MAP_OF)}):
        attached[source][name, version] = count
    for source, name in MAP_OF.items():
        present = attached[source].get((name, versions[name]), 0)
        most = max(attached[source].values(), default=0)
        if present >= most:
            continue
        older = [version for one, version in attached[source] if one == name and version < versions[name]]
        if older:
            what = f"the ledger has the demo's events under version {max(older)} of the map {name}, the map is version {versions[name]} now"
        else:
            what = f"{most - present:,} events of {source} were stored by workers that did not run the map {name}, so it does not show them"
        raise NotClean(what, BEGIN_ANEW)
