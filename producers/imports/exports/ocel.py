"""Object-centric event logs (OCEL 2.0), JSON or XML: one row for each case that an event belongs to.

A log has objects of several types, and a case is an object of one of them: the only type there is, or the one that the mapping names
(`file: {case: order}`). An event of two cases is two rows, one of none is a row that belongs to nobody. The ids of all cases are held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from xml.etree.ElementTree import Element

from touchline.errors import WrongUsage
from touchline.producers.imports.exports.expand import Cells, RowsOver, damaged, objects
from touchline.producers.imports.rows.json_items import JsonItems
from touchline.producers.imports.rows.row import Row
from touchline.producers.imports.rows.text import first_sign
from touchline.producers.imports.rows.xml_items import Way, XmlItems

_PARTS: Final = frozenset(("objectTypes", "eventTypes", "objects", "events"))
_XML_OBJECT: Final[Way] = ("log", "objects", "object")
_XML_EVENT: Final[Way] = ("log", "events", "event")
_TYPES_TOLD: Final = 12


class _Event(NamedTuple):
    number: int
    cells: Cells
    objects: list[str]


class OcelRows(RowsOver[JsonItems | XmlItems]):
    """An open log."""

    def __init__(self, path: Path, case: str | None) -> None:
        """Reads through the objects. Raises WrongUsage where the file cannot be read, or which objects are cases is open; FileDamaged where
        it breaks off before all of them."""
        self._is_xml = first_sign(path) == b"<"
        self._path = path
        self._cases = self._read_cases(case)
        super().__init__(self._open())

    def __iter__(self) -> Iterator[Row]:
        for event in self._events():
            if not event.cells["id"] or not event.cells["time"]:
                lacking = "time" if event.cells["id"] else "id"
                yield damaged(event.number, repr(event.cells).encode("utf-8", "replace"), f"the event has no {lacking}")
                continue
            cases: list[str | None] = [one for one in dict.fromkeys(event.objects) if one in self._cases]
            for case in cases or [None]:
                key = "/".join(one.replace("/", "%2F") for one in (event.cells["id"], case) if one)
                yield Row(event.number, {**event.cells, "key": key, "case": case})

    def _open(self) -> JsonItems | XmlItems:
        if self._is_xml:
            return XmlItems(self._path, frozenset((_XML_OBJECT, _XML_EVENT)))
        return JsonItems(self._path, _PARTS)

    def _read_cases(self, case: str | None) -> frozenset[str]:
        types, ids = set[str](), set[str]()
        items = self._open()
        try:
            for number, kind in self._objects(items):
                types.add(kind)
                if case is None or kind == case:
                    ids.add(number)
        finally:
            items.close()
        named = ", ".join(sorted(types)[:_TYPES_TOLD]) + (", …" if len(types) > _TYPES_TOLD else "")
        if case is None and len(types) > 1:
            raise WrongUsage(
                f"{self._path} has objects of {len(types)} types, and nothing says which are the cases: {named}",
                f"write one of them into a copy of the mapping: `file: {{format: ocel, case: {sorted(types)[0]}}}`",
            )
        if case is not None and case not in types:
            raise WrongUsage(f"{self._path} has no objects of type {case}", f"it has: {named or 'no objects'}")
        return frozenset(ids)

    def _objects(self, items: JsonItems | XmlItems) -> Iterator[tuple[str, str]]:
        """Id and type of each object."""
        if isinstance(items, XmlItems):
            for item in items:
                if item.path == _XML_OBJECT:
                    yield item.element.get("id", ""), item.element.get("type", "")
            return
        for one in items:
            if one.field == "" or (one.field == "events" and not isinstance(one.value, dict)):
                raise WrongUsage(
                    f"{self._path} is no log of OCEL 2.0: an object with `objects` and `events`, which are lists",
                    "export it as OCEL 2.0 (JSON or XML)",
                )
            if one.field == "objects" and isinstance(one.value, dict):
                yield str(one.value.get("id")), str(one.value.get("type"))

    def _events(self) -> Iterator[_Event]:
        if isinstance(self._items, XmlItems):
            for item in self._items:
                if item.path == _XML_EVENT:
                    yield _of_xml(item.line, item.element)
            return
        for one in self._items:
            if one.field == "events":
                yield _of_json(one.number, one.value)


def _of_json(number: int, event: Mapping[str, Any]) -> _Event:
    attributes = {str(one.get("name")): one.get("value") for one in objects(event.get("attributes"))}
    related = [str(one.get("objectId")) for one in objects(event.get("relationships"))]
    return _event(number, event.get("id"), event.get("type"), event.get("time"), attributes, related)


def _of_xml(line: int, event: Element) -> _Event:
    attributes = {one.get("name", ""): one.text for one in event.iterfind("attributes/attribute")}
    related = [one.get("object-id", "") for one in event.iterfind("objects/relationship")]
    related += [one.get("object-id", "") for one in event.iterfind("objects/object")]
    return _event(line, event.get("id"), event.get("type"), event.get("time"), attributes, related)


def _event(number: int, key: Any, activity: Any, time: Any, attributes: Cells, related: list[str]) -> _Event:
    cells: Cells = {f"attributes.{name}": value for name, value in attributes.items()}
    cells |= {"id": None if key is None else str(key), "activity": activity, "time": time, "objects": len(related)}
    return _Event(number, cells, related)
