"""The trace as text: what became of the event first, then why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.terminal import whole_table
from touchline.trace.values import CLAIM, Counted, Event, Placement, Trace, Version, verdict

_KEYS_LEFT_OUT = frozenset(("bucket", "map", "map_version"))  # they stand in columns of their own
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def render_trace(trace: Trace) -> RenderableType:
    """The verdict, every record, the event, its place in each map, and the cells that it counts in."""
    return Group(*_parts(trace))


def _parts(trace: Trace) -> Iterator[RenderableType]:
    yield Text(f"{trace.event_id} of {trace.source}: {verdict(trace)}")
    if trace.versions:
        yield _records(trace.versions)
    if trace.unseen is not None and trace.unseen.without_id:
        kept = ", ".join(f"{records:,} {fate}" for fate, records in trace.unseen.without_id)
        yield Text(f"  records of {trace.source} or of no readable source that keep no id: {kept}")
    if trace.unseen is not None and trace.unseen.other_sources:
        yield Text(f"  this id is known of: {', '.join(trace.unseen.other_sources)}")
    if trace.event is not None:
        yield Text(f"\n{_sent(trace.event)}")
    for placement in trace.placements:
        yield Text(
            f"\nmap {placement.map} version {placement.map_version}{' (default)' if placement.is_default else ''}"
        )
        yield from (Text(f"  {name:<10}{said}") for name, said in _placed(placement))
    if trace.counted:
        yield Text("\ncounts in")
        yield _cells(trace.counted)
        yield Text("--json has, for each cell, the query for all events behind it.")


def _records(versions: Sequence[Version]) -> Table:
    table = whole_table("record", "revision", "counts", "why", "received (UTC)", "fate since (UTC)")
    for version in versions:
        since = ", then ".join(f"{fate} {time:%Y-%m-%d %H:%M:%S}" for time, fate in version.history)
        received = f"{version.received_at:%Y-%m-%d %H:%M:%S}" if version.received_at else "-"
        table.add_row(
            version.position,
            str(version.revision),
            "yes" if version.counts else "no",
            _why(version) or "-",
            received,
            since,
        )
    return table


def _why(version: Version) -> str:
    if version.reason == CLAIM:
        return f"a claim, which waits: {version.because}"
    field = f" {version.field}" if version.field else ""
    remedy = f" ({version.remedy})" if version.remedy else ""
    return "; ".join(part for part in (f"{version.reason}{field}{remedy}", version.because) if part)


def _sent(event: Event) -> str:
    person = f"{event.identifier_type} {event.identifier}" if event.identifier else "nobody"
    kind = event.event_type.split(".")[1] if "." in event.event_type else event.event_type
    parts = [
        _what(kind, event),
        f"{event.event_time:%Y-%m-%d %H:%M:%S} UTC, local day {event.local_date} ({event.zone})",
        f"of {person}" + (f", who is person {event.person}" if event.person else ""),
    ]
    if event.handed_over_to is not None:
        parts.append(f"published by partition {event.handed_over_to}, to which that identifier was handed over")
    if event.clock_correction_seconds:
        parts.append(f"clock corrected by {event.clock_correction_seconds:+g} s")
    if event.campaign:
        parts.append(f"campaign {event.campaign}")
    if event.provenance == "declared":
        parts.append("declared by the person afterwards")
    if event.is_simulated:
        parts.append("simulated: no evidence about real customers")
    if event.occasion:
        parts.append(f"it takes day, place and the like from event {event.occasion}, once that is stored")
    parts += [f"{kind}s them with {other}" for kind, other in event.links]
    return "; ".join(parts)


def _what(kind: str, event: Event) -> str:
    if not event.touchpoint:
        return kind
    if kind == "answer":
        return f"answer about {event.touchpoint}"
    return f"{kind} {event.touchpoint}" + (f", {event.action}" if event.action else "")


def _placed(placement: Placement) -> Iterator[tuple[str, str]]:
    if placement.stage:
        yield "stage", f"{placement.stage} ({placement.stage_order})"
        why = [f"rule {placement.rule}"] if placement.rule else []
        yield "why", ": ".join([*why, placement.evidence] if placement.evidence else why)
    else:
        yield "stage", "unmapped: no rule of the map holds"
    yield "journey", _journey(placement)
    if placement.wait_seconds is not None:
        yield "wait", f"{span(placement.wait_seconds)} since the person's touchpoint before"
    if placement.first_of:
        yield "first of", "the local day for " + ", ".join(name.replace("_", " by ") for name in placement.first_of)
    for name in ("persona", "segment", "channel"):
        if getattr(placement, name):
            yield name, str(getattr(placement, name))
    if placement.churn_due_at is not None:
        yield "lost", f"if nothing else comes before {placement.churn_due_at:%Y-%m-%d %H:%M:%S} UTC"
    if placement.uncounted:
        yield "counts", f"in no survey KPI: {placement.uncounted}"


def _journey(placement: Placement) -> str:
    if not placement.cycle:
        return "none: nobody is named" if not placement.person else "none is open"
    steps = [f"cycle {placement.cycle} of {placement.person}"]
    if placement.touchpoint_number:
        steps.append(f"touchpoint {placement.touchpoint_number}")
    if placement.transition:
        steps.append(placement.transition)
    if placement.is_conversion:
        steps.append("conversion")
    if placement.stage_max_before < placement.stage_max:
        steps.append(f"highest stage {placement.stage_max_before} to {placement.stage_max}")
    if placement.funnel_before < placement.funnel_depth:
        steps.append(f"in order {placement.funnel_before} to {placement.funnel_depth}")
    return ", ".join(steps)


def span(seconds: float) -> str:
    """A time span in its two largest units."""
    left = round(seconds)
    parts: list[str] = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or f"{seconds:g} s"


def _cells(counted: Sequence[Counted]) -> Table:
    table = whole_table("view", "map", "bucket", "adds", "cell")
    for one in counted:
        cell = one.cell
        named = f"{cell['map']} {cell['map_version']}" if "map" in cell else "default"
        bucket = f"{cell['bucket']:%Y-%m-%d %H:%M}" if one.view.endswith("_1h") else str(cell.get("bucket", "-"))
        adds = ", ".join(
            f"{name} {value}" for name, value in one.adds.items() if value or name in ("numerator", "denominator")
        )
        known = {name: value for name, value in cell.items() if name not in _KEYS_LEFT_OUT}
        said = {name: value for name, value in known.items() if value is not None} or dict.fromkeys(known, "-")
        where = " ".join(f"{name}={value}" for name, value in said.items())
        table.add_row(one.view, named, bucket, adds or "0, not the first", where)
    return table
