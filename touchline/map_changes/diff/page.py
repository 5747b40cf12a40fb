"""The difference as text, and as values for JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.map_changes.diff.events import EventChanges, Figure
from touchline.map_changes.diff.files import FileChange
from touchline.terminal import whole_table
from touchline.wording import counted, one_digit

_MARKS: Final = {"added": "+", "removed": "-", "changed": "~", "moved": "↕"}
_ARE_RATES: Final = ("conversion_rate", "stage_rate (any)", "stage_rate (in_order)")


class MapDifference(NamedTuple):
    """`before` and `after` name both; `events` is None where they are not applied both, `why_not` says so."""

    before: str
    after: str
    files: Sequence[FileChange]
    events: EventChanges | None
    why_not: str = ""


def as_object(found: MapDifference) -> dict[str, object]:
    """JSON-ready."""
    events = None
    if found.events is not None:
        events = {
            name: [one._asdict() for one in value] if isinstance(value, list) else value
            for name, value in found.events._asdict().items()
        }
    files = [one._asdict() for one in found.files]
    return {
        "before": found.before,
        "after": found.after,
        "files": files,
        "events": events,
        "why_no_events": found.why_not,
    }


def render(found: MapDifference) -> RenderableType:
    """What the files say first, then what becomes of the events."""
    return Group(*_parts(found))


def _parts(found: MapDifference) -> Iterator[RenderableType]:
    yield Text(f"{found.before} → {found.after}\n")
    if found.files:
        yield from _file_lines(found.files)
    else:
        yield Text("the maps say the same, but for name, version and annotations")
    if found.events is None:
        yield Text(f"\n{found.why_not}")
        return
    yield from _event_parts(found.events, found.before, found.after)


def _file_lines(changes: Iterable[FileChange]) -> Iterator[Text]:
    for one in changes:
        yield Text(f"{_MARKS[one.what]} {one.part} {one.name} {one.what}")
        for field, (old, new) in one.fields.items():
            yield Text(f"    {field}: {_short(old)} → {_short(new)}")


def _short(value: Any) -> str:
    return "(none)" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _event_parts(found: EventChanges, before: str, after: str) -> Iterator[RenderableType]:
    yield Text(
        f"\n{counted(found.events, 'event')}, of them {found.restaged_events:,} with another stage; "
        f"{counted(found.persons, 'person')}, of {found.changed_persons:,} something differs"
    )
    yield Text(f"\nstages: {before} down, {after} across; events (persons)")
    yield _crosswalk(found)
    if found.reasons:
        yield Text("\nwhy stages change, most events first")
        yield _table(
            ("touchpoint", "action", "stage", "by rule", "stage now", "by rule now", "events", "persons"),
            [
                (one.touchpoint, one.action, one.stage_before, _rule(one.rule_before, one.evidence_before), one.stage_after,
                 _rule(one.rule_after, one.evidence_after), f"{one.events:,}", f"{one.persons:,}")
                for one in found.reasons
            ],
            ("events", "persons"),
        )  # fmt: skip
    figures = [one for one in found.figures if one[2:4] != one[4:6]]
    if figures:
        heads = ("KPI", "stage", "before", "n", "after", "n now")
        yield Text("\nKPIs that change, over all days")
        yield _table(heads, [_figure(one) for one in figures], ("before", "n", "after", "n now"))
    else:
        yield Text("\nno KPI changes")
    if found.examples:
        yield Text("\npersons of whom most differs")
        of_person = ("person", "events with another stage", "in another cycle", "conversions", "conversions now")
        examples = [(one.person, *(f"{count:,}" for count in one[1:])) for one in found.examples]
        yield _table(of_person, examples, of_person[1:])


def _crosswalk(found: EventChanges) -> Table:
    before = list(dict.fromkeys(one.before for one in found.crosswalk))
    ends = {
        one.after: place for place, one in enumerate(sorted(found.crosswalk, key=lambda one: one.after.startswith("(")))
    }
    cells = {(one.before, one.after): f"{one.events:,} ({one.persons:,})" for one in found.crosswalk}
    after = sorted(
        dict.fromkeys(one.after for one in found.crosswalk), key=lambda name: (name.startswith("("), ends[name])
    )
    return _table(("", *after), [(name, *(cells.get((name, other), "") for other in after)) for name in before], after)


def _rule(rule: str, evidence: str) -> str:
    return f"{rule}: {evidence}" if evidence else rule or "(no rule)"


def _figure(one: Figure) -> tuple[str, ...]:
    def shown(value: float | None) -> str:
        if value is None:
            return "-"
        if one.kpi in _ARE_RATES:
            return f"{one_digit(100 * value)} %"
        return f"{int(value):,}" if float(value).is_integer() else one_digit(value)

    return one.kpi, one.stage, shown(one.before), f"{one.n_before:,}", shown(one.after), f"{one.n_after:,}"


def _table(heads: Sequence[str], rows: Iterable[tuple[str, ...]], right: Sequence[str]) -> Table:
    table = whole_table(*heads, right=right)
    for row in rows:
        table.add_row(*row)
    return table
