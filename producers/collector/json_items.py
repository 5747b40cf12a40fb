"""JSON to items: one object, an array, or lines. Where it is no JSON, the place says so: line and column, never the text."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any, Final

import orjson

from touchline.producers.collector.front import BadItem, Item
from touchline.producers.errors import EventRejected
from touchline.schemas.decoding import why_no_json
from touchline.schemas.depth import DEPTH_MAX, is_too_deep
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, shape_of
from touchline.service.problem import RequestRefused

_BLANKS: Final = b" \t\r\n"
_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},"]', re.DOTALL)


def items_of(
    body: bytes, items_max: int, make: Callable[[Any], Item | BadItem], *, takes_one: bool = False
) -> list[Item | BadItem] | None:
    """An item for each member of a JSON array. Of another JSON value None, or the item where `takes_one`. A member that is no JSON
    (NaN, a lone surrogate, a name without quotes) is a bad item and costs no other; so is a lone object that is none. Raises
    RequestRefused where the body cannot be told apart into members, or has too many."""
    body = body.removeprefix(BOM_UTF8)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        members = _members_of(body)
        if members is None and _is_object(body):
            return [_no_json(body, error)]
        if members is None:
            what, hint = _why_not(body, error)
            raise RequestRefused(400, what, hint) from None
        require_few(len(members), items_max)
        return [_member(member, make) for member in members]
    if not isinstance(document, list):
        return [make(document)] if takes_one else None
    require_few(len(document), items_max)
    return [make(value) for value in document]


def item_of_document(body: bytes, make: Callable[[Any], Item | BadItem]) -> Item | BadItem:
    """The item of a body that is one value. Raises RequestRefused, with the place of the fault, where no object is to be seen."""
    body = body.removeprefix(BOM_UTF8)
    try:
        return make(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        if _is_object(body):
            return _no_json(body, error)
        what, hint = _why_not(body, error)
        raise RequestRefused(400, what, hint) from None


def _is_object(body: bytes) -> bool:
    """Whether the body is one object by its brackets, whatever stands in it."""
    body = body.strip(_BLANKS)
    depth = 0
    for found in _TOKENS.finditer(body):
        token = found[0]
        if token == b'"':  # nothing closes it
            return False
        depth += (token in (b"[", b"{")) - (token in (b"]", b"}"))
        if depth == 0 and found.end() != len(body):
            return False
    return depth == 0 and body[:1] == b"{" and body[-1:] == b"}"


def _member(text: bytes, make: Callable[[Any], Item | BadItem]) -> Item | BadItem:
    try:
        return make(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        return _no_json(text, error)


def _members_of(body: bytes) -> list[bytes] | None:
    """The text of each member of an array, told apart by brackets and commas outside strings; None where there is no whole array."""
    body = body.strip(_BLANKS)
    if body[:1] != b"[":
        return None
    members, start, depth = [], 1, 0
    for found in _TOKENS.finditer(body):
        token = found[0]
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
            if depth == 0 and found.end() != len(body):
                return None
        elif token == b'"':  # nothing closes it
            return None
        elif token == b"," and depth == 1:
            members.append(body[start : found.start()])
            start = found.end()
    if depth != 0:
        return None
    last = body[start:-1]
    return [*members, last] if last.strip(_BLANKS) else members


def _no_json(text: bytes, error: orjson.JSONDecodeError, line: int | None = None) -> BadItem:
    reason = why_no_json(text)
    what = f"{error.msg} at column {error.colno}" if reason is Reason.NOT_JSON else ""
    return BadItem(EventRejected(Rejection(reason, ""), what), line)


def item_of(value: Any, line: int | None = None) -> Item | BadItem:
    """An object. How deep it nests is asked where its event is refused (`depth_before`): what a producer takes nests no deeper than it may,
    and to look at each event costs as much as reading it."""
    if not isinstance(value, dict):
        return BadItem(
            EventRejected(Rejection(Reason.NOT_JSON, ""), shape_of(value), "send one object for each event"), line
        )
    return Item(value, line)


def depth_before(error: EventRejected, event: dict[str, Any]) -> EventRejected:
    """The error by which an event is refused: that it nests too deep comes before all others."""
    return _too_deep() if is_too_deep(event) else error


def _too_deep() -> EventRejected:
    return EventRejected(Rejection(Reason.TOO_DEEP, ""), f"more than {DEPTH_MAX} levels")


def _item_of_line(line: bytes, number: int) -> Item | BadItem:
    value = orjson.loads(line.removeprefix(BOM_UTF8))  # of files that were joined each may have one
    if line.count(b"{") + line.count(b"[") > DEPTH_MAX and is_too_deep(value):
        return BadItem(_too_deep(), number)
    return item_of(value, number)


def items_of_lines(body: bytes, items_max: int) -> list[Item | BadItem]:
    """An item for each line; blank ones are skipped, and so is the mark that Windows programs begin a text with. Of an array
    that goes over several lines, or is the whole body, the members are the items."""
    if body.removeprefix(BOM_UTF8).lstrip(_BLANKS)[:1] == b"[" and not _begins_with_a_value(body):
        return items_of(body, items_max, item_of) or []
    require_few(body.count(b"\n"), 2 * items_max)  # before the lines are made: a body of newlines only
    items: list[Item | BadItem] = []
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip() or line.strip() == BOM_UTF8:
            continue
        try:
            items.append(_item_of_line(line, number))
        except orjson.JSONDecodeError as error:
            items.append(_no_json(line, error, number))
        require_few(len(items), items_max)
    return items


def _begins_with_a_value(body: bytes) -> bool:
    """Whether the first line is JSON by itself, and others follow."""
    first, _, rest = body.removeprefix(BOM_UTF8).lstrip(_BLANKS).partition(b"\n")
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return bool(rest.strip())


def require_few(count: int, items_max: int) -> None:
    """Raises RequestRefused where there are more items than one request may have."""
    if count > items_max:
        raise RequestRefused(400, f"the request has more than {items_max:,} items", "send fewer events in a request")


def _why_not(body: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    if not body.strip():
        return "the body is empty", "send one event, an array of events, or NDJSON"
    match why_no_json(body):
        case Reason.TOO_DEEP:
            return f"the body nests deeper than {DEPTH_MAX} levels", "flatten it: properties are a flat object"
        case Reason.NOT_UTF8:
            return "the body is not UTF-8", "send text as UTF-8 without lone surrogates"
    return (
        f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
        "fix it there; several events are an array, or lines under Content-Type: application/x-ndjson",
    )
