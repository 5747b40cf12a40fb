"""Event logs in XES (IEEE 1849): one row an event, with the case that its trace is.

Logs number no events, so an event is known by its case, activity, time and transition, and by how many equal ones stand before it in the
trace; where it has an `identity:id`, by that. Attributes stand under their keys, those of the trace as `case.<key>`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from touchline.producers.imports.exports.expand import Cells, RowsOver, damaged
from touchline.producers.imports.rows.row import Row
from touchline.producers.imports.rows.xml_items import Way, XmlItems

_TRACE: Final = ("log", "trace")
_EVENT: Final = (*_TRACE, "event")
_TYPES: Final = ("string", "date", "int", "float", "boolean", "id")
_WHOLE: Final[frozenset[Way]] = frozenset((_EVENT, *((*_TRACE, kind) for kind in _TYPES)))
_NAME: Final = "concept:name"
_OWN: Final = (_NAME, "time:timestamp", "lifecycle:transition", "identity:id")
_HINT: Final = "give each trace and event its concept:name, and each event its time:timestamp"


class XesRows(RowsOver[XmlItems]):
    """An open event log."""

    def __init__(self, path: Path) -> None:
        """Raises WrongUsage where the file cannot be read."""
        super().__init__(XmlItems(path, _WHOLE, frozenset((_TRACE,))))

    def __iter__(self) -> Iterator[Row]:
        """Raises FileDamaged where the document breaks off, WrongUsage where it is none or declares entities."""
        trace: Cells = {}
        equal = Counter[str]()
        for line, way, element, begins in self._items:
            if begins:
                trace, equal = {}, Counter()
            elif way != _EVENT:
                trace |= _attributes([element])
            else:
                yield _row(line, trace, _attributes(element), equal)


def _row(line: int, trace: Cells, event: Cells, equal: Counter[str]) -> Row:
    case = trace.get(_NAME) or trace.get("identity:id")
    activity, time = event.get(_NAME), event.get("time:timestamp")
    if not (case and activity and time):
        lacking = "case" if not case else "activity" if not activity else "time"
        return damaged(line, repr((trace, event)).encode("utf-8", "replace"), f"the event has no {lacking}", _HINT)
    transition = event.get("lifecycle:transition")
    key = "/".join(one.replace("/", "%2F") for one in (case, activity, time, transition or "") if one)
    equal[key] += 1
    number = f"/{equal[key]}" if equal[key] > 1 else ""
    return Row(
        line,
        {
            **dict.fromkeys(_OWN),
            **{f"case.{name}": value for name, value in trace.items()},
            **event,
            "key": event.get("identity:id") or f"{key}{number}",
            "case": case,
            "activity": activity,
            "time": time,
            "transition": transition,
        },
    )


def _attributes(elements: Element | list[Element]) -> Cells:
    """Those of one level; attributes of attributes are not read."""
    return {one.get("key", ""): one.get("value") for one in elements if one.tag in _TYPES and one.get("key")}
