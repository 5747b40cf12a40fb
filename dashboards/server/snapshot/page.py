"""The whole file: what it is of, the wall of stages, the funnel as a table, and the SQL behind it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from touchline.dashboards.server.snapshot.cards import wall
from touchline.dashboards.server.snapshot.kpis import badge
from touchline.dashboards.server.snapshot.read import Seen
from touchline.dashboards.server.snapshot.words import PageWords
from touchline.markup import DOCTYPE, Child, Markup, tag, trusted

_OF_REACHED: Final = ("advanced", "completed", "dropped", "open")
"""What became of the journeys that reached a stage."""
_OF_JUDGED: Final = ("numerator", "rest_completed", "rest_dropped", "rest_open")
"""The same of those that the rate counts."""
STYLE: Final = (Path(__file__).parent / "snapshot.css").read_text(encoding="utf-8")
_PARTS: Final = {"touchpoint": "touchpoints", "stage": "stages", "persona": "personas", "segment": "segments"}
_QUERIES: Final = {
    "survey_by_touchpoint": "query.survey",
    "volume_by_touchpoint": "query.volume",
    "persons_by_touchpoint": "query.persons",
    "revenue_by_touchpoint": "query.revenue",
    "funnel_stage": "query.funnel",
}


def page(words: PageWords, seen: Seen) -> str:
    """One HTML document that needs nothing else."""
    title = seen.selection.known.title
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · {words.days(*seen.selection.period)}"),
        tag("style", trusted(STYLE)),
    )
    body = tag("body", _heading(words, seen), tag("main", wall(words, seen), _funnel(words, seen), _sql(words, seen)))
    return DOCTYPE + tag("html", head, body, lang=words.language)


def _heading(words: PageWords, seen: Seen) -> Markup:
    selection = seen.selection
    known = selection.known
    facts = [
        (words.say("map"), f"{known.map}, {words.say('data.version', version=str(known.map_version))}"),
        (words.say("period"), words.days(*selection.period)),
        (words.say("compare.before"), words.days(*selection.before)),
        (words.say("filters"), _filters(words, seen)),
        (words.say("data.as_of"), words.moment(selection.as_of)),
        (words.say("snapshot.generated"), words.moment(seen.generated_at)),
    ]
    listed = tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts], class_="about")
    told = (
        tag("p", badge(words.say("simulated"), "simulated"), " ", words.say("simulated.tip"), role="note")
        if seen.is_simulated
        else None
    )
    return tag("header", tag("h1", known.title), told, listed, tag("p", words.say("snapshot.note"), class_="muted"))


def _filters(words: PageWords, seen: Seen) -> str:
    said = []
    for key, values in seen.selection.filters.items():
        shown = [_value(words, seen, key, value) if value else words.say("unknown") for value in values]
        said.append(f"{words.say(f'filter.{key}')}: {', '.join(shown)}")
    return "; ".join(said) or words.say("filter.all")


def _value(words: PageWords, seen: Seen, key: str, value: str) -> str:
    """A value of the filter by its name in the map, or in the reader's language."""
    parts = getattr(seen.journey_map, _PARTS[key], ()) if key in _PARTS else ()
    if key == "is_online":
        return words.say("line.online" if value == "1" else "line.offline")
    return next((part.name for part in parts if part.id == value), words.named(f"{key}.{value}", value))


def _funnel(words: PageWords, seen: Seen) -> Markup:
    names = {} if seen.journey_map is None else {stage.id: stage.name for stage in seen.journey_map.stages}
    parts = {name: words.say(f"funnel.{name}") for name in _OF_REACHED}
    heads = [
        *(words.say("filter.stage"), words.say("funnel.reached"), *parts.values()),
        *(words.say("table.rate"), words.say("table.interval"), "n"),
        *(words.say("funnel.judged_head", what=name) for name in parts.values()),
    ]
    rows: list[Child] = []
    for row in sorted(seen.rows["funnel_stage"], key=lambda row: row["stage_order"]):
        counts = [tag("td", words.whole(row[column])) for column in ("reached", *_OF_REACHED)]
        judged = [tag("td", words.whole(row[column])) for column in _OF_JUDGED]
        interval = (
            words.range(words.percent(row["ci_low"]), words.percent(row["ci_high"])) if row["rate"] is not None else ""
        )
        name = tag("th", names.get(row["stage"], row["stage"]), scope="row")
        rows.append(
            tag("tr", name, counts, tag("td", words.percent(row["rate"])), tag("td", interval), _n(words, row), judged)
        )
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
        tag("tbody", rows),
    )
    mode = seen.selection.mode
    note = f"{words.say(f'funnel.{mode}.note')} {words.say('funnel.note', moment=words.moment(seen.selection.as_of).removesuffix(' UTC'))}"
    return tag(
        "section",
        tag("h2", f"{words.say('view.funnel')}, {words.say(f'funnel.mode.{mode}')}"),
        tag("p", note, class_="muted"),
        table,
        class_="funnel",
        aria_label=words.say("view.funnel"),
        tabindex="0",
    )


def _n(words: PageWords, row: Mapping[str, Any]) -> Markup:
    """Of how many the rate is; nothing where there is none."""
    return tag("td", words.whole(row["denominator"]) if row["rate"] is not None else "")


def _sql(words: PageWords, seen: Seen) -> Markup:
    """Every number's query: typed into any BI tool it gives the same rows."""
    queries = [[tag("h3", words.say(_QUERIES[name])), tag("pre", sql)] for name, sql in seen.sql.items()]
    return tag(
        "details", tag("summary", words.say("sql.title")), tag("p", words.say("sql.note"), class_="muted"), queries
    )
