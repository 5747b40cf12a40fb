"""A source on the terminal: how it is set up, then a line for each event, the newest last, as a log is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from touchline.schemas.reasons import Fate
from touchline.sources.values import UNMAPPED, CollectorRefused, LastEvent, Look
from touchline.terminal import one_line
from touchline.wording import SUPPRESSED_HINT

_REFUSED = "refused"
_STYLES = {Fate.STORED.value: "green", Fate.QUARANTINED.value: "red", Fate.SUPPRESSED.value: "red", _REFUSED: "red"}
_NOTHING_KEPT = {
    Fate.SUPPRESSED.value: "for want of consent",
    Fate.ERASED.value: "with its person, or past its term",
}
_FATE_WIDTH = max(map(len, (*Fate, _REFUSED)))


def render_look(look: Look, *, is_first: bool) -> RenderableType:
    """One look: only the first one says how the source is set up."""
    return Group(*_parts(look, is_first))


def _parts(look: Look, is_first: bool) -> Iterator[Text]:
    if is_first:
        yield Text(_setup(look))
    told = [(one.stored_at, _event_line(one)) for one in look.events]
    told += [(one.at, _refused_line(one)) for one in look.refused]
    yield from (line for _, line in sorted(told, key=lambda one: one[0]))
    if any(one.fate == Fate.SUPPRESSED for one in look.events):
        yield Text(f"hint: suppressed: {SUPPRESSED_HINT}")
    if any(one.stage == UNMAPPED for one in look.events):
        yield Text(
            "hint: unmapped: no rule of the default map takes this touchpoint with this action; `touchline map suggest` drafts a map"
        )
    if is_first and look.missing:
        yield Text(f"no event of {look.source} yet:")
        yield from (Text(f"  - {sentence}") for sentence in look.missing)


def _setup(look: Look) -> str:
    declared = f"legal basis {look.legal_basis}" if look.legal_basis else "not declared"
    keys = f"write keys {', '.join(look.write_keys)}" if look.write_keys else "no write key"
    collector = f"collector at {look.collector.at}" if look.collector else "no collector answers"
    return f"{look.source}: {declared}; {keys}; {collector}"


def _event_line(event: LastEvent) -> Text:
    said = "; ".join(_kept_out(event) if event.is_kept_out else _understood(event))
    return _line(event.stored_at, event.fate, said)


def _refused_line(refused: CollectorRefused) -> Text:
    found = f" (it is: {refused.found})" if refused.found else ""
    where = f" {refused.field}" if refused.field else ""
    return _line(
        refused.at, _REFUSED, f"{refused.reason}{where}{found}: {refused.hint}; its sender heard so, nothing is kept"
    )


def _line(at: datetime, fate: str, said: str) -> Text:
    shown = (f"{fate:<{_FATE_WIDTH}}", _STYLES.get(fate, "yellow"))
    return Text.assemble(f"{at:%H:%M:%S}  ", shown, f"  {one_line(said)}")


def _understood(event: LastEvent) -> Iterator[str]:
    if event.fate in _NOTHING_KEPT:
        yield f"{_NOTHING_KEPT[event.fate]}; nothing of it is kept but its position"
        return
    kind = event.event_type.split(".")[1] if "." in event.event_type else event.event_type
    about = "answer about" if kind == "answer" and event.touchpoint else kind
    yield " ".join(part for part in (about, event.touchpoint) if part) + (f", {event.action}" if event.action else "")
    if event.stage:
        yield event.stage if event.stage == UNMAPPED or " " in event.stage else f"stage {event.stage}"
    yield f"of {event.identifier_type} {event.person}" if event.person else "of nobody"
    if event.amount is not None:
        yield f"{event.amount.normalize():f} {event.currency}"
    yield f"id {event.event_id}"
    if event.event_time is not None:
        yield f"happened {event.event_time:%Y-%m-%d %H:%M:%S} UTC"


def _kept_out(event: LastEvent) -> Iterator[str]:
    yield f"{event.reason}{f' {event.field}' if event.field else ''}: {event.remedy}"
    if event.event_id:
        yield f"id {event.event_id}"
    yield f"touchline quarantine show {event.position}"


def ending(looks_every_seconds: float) -> str:
    """What is said once before it goes on looking."""
    return f"looking again every {looks_every_seconds:g} s; Ctrl-C ends it"
