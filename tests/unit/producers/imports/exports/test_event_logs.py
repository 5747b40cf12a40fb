"""Event logs as journeys of cases: XES, and OCEL 2.0 in JSON and XML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.producers.imports.exports.build import SOURCE, imported, persons, rows_before_damage, sealed
from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.read import parse_mapping
from touchline.producers.imports.ready.find import ready_mapping
from touchline.producers.imports.ready.texts import ready_text
from touchline.producers.imports.rows.open import open_rows


def xes_event(activity: str, at: str, **more: str) -> str:
    texts = {"concept:name": activity, **{name.replace("_", ":"): value for name, value in more.items()}}
    strings = "".join(f'<string key="{key}" value="{value}"/>' for key, value in texts.items())
    return f'<event>{strings}<date key="time:timestamp" value="{at}"/></event>'


def xes_trace(case: str, *events: str) -> str:
    return f'<trace>\n<string key="concept:name" value="{case}"/>{"".join(events)}</trace>'


def write_xes(path: Path, *traces: str) -> Path:
    path.write_text(f'<log xes.version="2.0" xmlns="http://www.xes-standard.org/">{"".join(traces)}</log>')
    return path


CALLED = xes_event("Call", "2026-03-01T10:30:05.123+01:00", lifecycle_transition="complete", org_resource="Eve")
TRACES = (
    xes_trace("c/1", CALLED, CALLED, xes_event("Repair", "2026-03-02T08:00:00Z", identity_id="r-1")),
    xes_trace("c2", CALLED),
)


def test_the_events_of_a_trace_are_the_journey_of_its_case(tmp_path: Path) -> None:
    events, verdicts, said = imported(write_xes(tmp_path / "log.xes", *TRACES), "xes", times=2)
    assert (verdicts.rejected, said, bool(verdicts.contested)) == (0, [], False)
    at = "2026-03-01T10:30:05.123+01:00"
    ids = sealed(f"c%2F1/Call/{at}/complete", f"c%2F1/Call/{at}/complete/2", "r-1", f"c2/Call/{at}/complete")
    assert list(events) == ids
    first = events[ids[0]]
    assert (first["touchpoint"], first["action"], first["time"]) == ("Call", "complete", "2026-03-01T09:30:05.123000Z")
    assert first["persons"] == events[ids[2]]["persons"] == persons(case="c/1")
    assert "Eve" not in str(events)


def test_a_case_that_is_an_address_is_taken_and_leaves_as_a_key_only(tmp_path: Path) -> None:
    mail = "ada@example.com"
    mapping = parse_mapping(ready_text("xes").replace("case: case", "mail: case"), "ours.yaml", SOURCE)
    (tmp_path / "log.json").write_text(json.dumps({"objects": [{"id": mail, "type": "c"}], "events": [
        {**EVENTS[0], "relationships": [{"objectId": mail}]}]}))  # fmt: skip
    seen = imported(write_xes(tmp_path / "log.xes", xes_trace(mail, CALLED)), mapping)
    related = imported(tmp_path / "log.json", "ocel")
    assert (seen.verdicts.rejected, related.verdicts.rejected) == (0, 0)
    assert (len(seen.events), len(related.events)) == (1, 1)
    assert "ada" not in str(seen.events) + str(related.events)


def test_two_halves_of_a_log_give_the_ids_of_the_whole(tmp_path: Path) -> None:
    whole = imported(write_xes(tmp_path / "log.xes", *TRACES), "xes").events
    halves = [imported(write_xes(tmp_path / f"{one}.xes", TRACES[one]), "xes").events for one in (0, 1)]
    assert halves[0] | halves[1] == whole


@pytest.mark.parametrize("name", ["xes", "ocel", "ga4"])
def test_a_copy_whose_ids_would_name_the_case_is_told(name: str) -> None:
    bare = ready_text(name).replace("id: {columns: [key], sealed: true}", "id: key")
    with pytest.raises(WrongUsage, match=r"write `id: \{columns: \[key\], sealed: true\}`"):
        parse_mapping(bare, "ours.yaml", SOURCE)


def test_a_longer_log_gives_the_events_before_the_same_ids(tmp_path: Path) -> None:
    before = imported(write_xes(tmp_path / "log.xes", xes_trace("c1", CALLED)), "xes").events
    later = write_xes(
        tmp_path / "log.xes",
        xes_trace("c0", CALLED),
        xes_trace("c1", xes_event("Open", "2026-02-01T00:00:00Z"), CALLED),
    )
    assert before.items() <= imported(later, "xes").events.items()


def test_an_event_without_case_or_time_is_refused_and_a_log_that_breaks_off_is_told(tmp_path: Path) -> None:
    path = write_xes(tmp_path / "log.xes", f"<trace>{CALLED}</trace>", xes_trace("c1", "<event/>", CALLED))
    _, verdicts, said = imported(path, "xes")
    assert (verdicts.accepted, verdicts.rejected) == (1, 2)
    assert "line 1: field id: missing_field (the event has no case)" in said[0]
    assert "line 2: field id: missing_field (the event has no activity)" in said[1]
    path.write_text(path.read_text()[:-20])
    assert rows_before_damage(path, "xes", "is damaged: line 2: ")


OBJECTS = [{"id": "o1", "type": "order"}, {"id": "o2", "type": "order"}, {"id": "i1", "type": "item"}]
EVENTS: list[dict[str, Any]] = [
    {
        "id": "e1",
        "type": "place order",
        "time": "2026-03-01T09:30:05Z",
        "attributes": [{"name": "agent", "value": "web"}],
        "relationships": [{"objectId": "o1", "qualifier": "of"}, {"objectId": "i1", "qualifier": "has"}],
    },
    {
        "id": "e2",
        "type": "ship",
        "time": "2026-03-02T08:00:00Z",
        "relationships": [{"objectId": "o1", "qualifier": "a"}, {"objectId": "o2", "qualifier": "b"}],
    },
    {
        "id": "e3",
        "type": "pick",
        "time": "2026-03-02T07:00:00Z",
        "relationships": [{"objectId": "i1", "qualifier": "x"}],
    },
]


def write_json(path: Path, objects: list[dict[str, Any]] = OBJECTS, *, events_first: bool = False) -> Path:
    parts: dict[str, Any] = {"objectTypes": [], "eventTypes": [{"name": "ship"}]}
    parts |= {"events": EVENTS, "objects": objects} if events_first else {"objects": objects, "events": EVENTS}
    path.write_text(json.dumps(parts))
    return path


def write_xml(path: Path) -> Path:
    objects = "".join(f'<object id="{one["id"]}" type="{one["type"]}"/>' for one in OBJECTS)
    events = ""
    for one in EVENTS:
        related = "".join(f'<relationship object-id="{to["objectId"]}"/>' for to in one["relationships"])
        events += (
            f'<event id="{one["id"]}" type="{one["type"]}" time="{one["time"]}"><objects>{related}</objects></event>'
        )
    path.write_text(f"<log><objects>{objects}</objects><events>{events}</events></log>")
    return path


@pytest.mark.parametrize("form", ["json", "events first", "xml"])
def test_an_event_belongs_to_each_of_its_cases(tmp_path: Path, form: str) -> None:
    path = tmp_path / ("log.xml" if form == "xml" else "log.json")
    write_xml(path) if form == "xml" else write_json(path, events_first=form == "events first")
    mapping = parse_mapping(
        ready_text("ocel").replace("{format: ocel}", "{format: ocel, case: order}"), "ours.yaml", SOURCE
    )
    events, verdicts, said = imported(path, mapping, times=2)
    assert (verdicts.rejected, said, bool(verdicts.contested)) == (0, [], False)
    ids = sealed("e1/o1", "e2/o1", "e2/o2", "e3")
    cases = (persons(case="o1"), persons(case="o1"), persons(case="o2"), None)
    assert {key: one.get("persons") for key, one in events.items()} == dict(zip(ids, cases, strict=True))
    first = events[ids[0]]
    assert (first["touchpoint"], first["time"]) == ("place order", "2026-03-01T09:30:05.000000Z")
    assert first["properties"] == {"objects": 2}


def test_the_only_type_of_objects_is_the_case_and_of_several_one_must_be_named(tmp_path: Path) -> None:
    path = write_json(tmp_path / "log.json", OBJECTS[:2])
    assert list(imported(path, "ocel").events) == sealed("e1/o1", "e2/o1", "e2/o2", "e3")
    with pytest.raises(
        WrongUsage, match="has objects of 2 types, and nothing says which are the cases: item, order"
    ) as refused:
        open_rows(write_json(path), ready_mapping("ocel"))
    assert "`file: {format: ocel, case: item}`" in refused.value.hint
    other = parse_mapping(
        ready_text("ocel").replace("{format: ocel}", "{format: ocel, case: truck}"), "ours.yaml", SOURCE
    )
    with pytest.raises(WrongUsage, match="has no objects of type truck"):
        open_rows(path, other)


@pytest.mark.parametrize("text", ['{"ocel:events": {}}', '[{"id": 1}]', "{}"])
def test_what_is_no_log_of_the_second_version_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.json"
    path.write_text(text)
    with pytest.raises(WrongUsage, match="is no log of OCEL 2"):
        open_rows(path, ready_mapping("ocel"))
