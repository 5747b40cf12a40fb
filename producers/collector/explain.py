"""All faults of a rejected event, as a compiler lists them: where, what stands there, what would be right, how to get there.

The first is the one that the producer refused the event for. The others are those that a second and third try would have shown.
Wordings are made of the contract alone: no value, and no name that the sender chose.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from touchline.producers.errors import EventRejected, remedy_of
from touchline.schemas.events import EVENT_ADAPTER
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import FIELD_NAMES, Rejection, rank_of, rejection_in, shape_of

_ALTERNATIVES_SHOWN: Final = 5
_NUMBER: Final = re.compile(r"\[[0-9]+\]")


class ItemFinding(NamedTuple):
    """One fault of one event."""

    reason: Reason
    field: str
    found: str | None
    expected: str | None
    hint: str


def faults_of(error: EventRejected, event: dict[str, Any] | None) -> list[ItemFinding]:
    """At least one, the leading one first."""
    if event is None:
        return [_lead(error)]
    found = _contract_faults(event)
    lead = next((one for one in found if (one.reason, _plain(one.field)) == (error.reason, error.field)), None)
    if lead is None:
        return [_lead(error), *found]
    others = [one for one in found if one is not lead]
    return [lead, *others]


def _lead(error: EventRejected) -> ItemFinding:
    return ItemFinding(error.reason, error.field, error.shape or None, None, error.hint)


def _contract_faults(event: dict[str, Any]) -> list[ItemFinding]:
    try:
        EVENT_ADAPTER.validate_python(event)
    except ValidationError as error:
        return _findings(error.errors(include_url=False))
    return []


def _findings(errors: list[ErrorDetails]) -> list[ItemFinding]:
    """One fault a field: of alternatives (text, number ...) pydantic names each."""
    ranked = sorted(((rank_of(rejection_in(one)), rejection_in(one), one) for one in errors), key=lambda one: one[0])
    faults: dict[tuple[Reason, str], ItemFinding] = {}
    for _, rejection, details in ranked:
        field = _path(details["loc"]) or rejection.field
        known = faults.get((rejection.reason, field))
        expected = _expected(details)
        if known is None:
            found = None if details["type"] == "missing" else _shape(details, rejection)
            faults[rejection.reason, field] = ItemFinding(
                rejection.reason, field, found, expected, _hint(rejection, details)
            )
        elif expected and known.expected and expected not in known.expected.split(" or "):
            joined = [*known.expected.split(" or "), expected][:_ALTERNATIVES_SHOWN]
            faults[rejection.reason, field] = known._replace(expected=" or ".join(joined))
    return list(faults.values())


def _shape(details: ErrorDetails, rejection: Rejection) -> str | None:
    given = details["input"]
    if details["type"].startswith("union_tag"):
        if not isinstance(given, dict) or "type" not in given:
            return None
        given = given["type"]
    elif isinstance(given, dict) and rejection.field and not _path(details["loc"]):
        given = given.get(rejection.field)
    return shape_of(given)


def _expected(details: ErrorDetails) -> str | None:
    """What pydantic says it expected, of wordings that hold nothing of the input."""
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return None
        case "union_tag_invalid" | "union_tag_not_found":
            return str(context["expected_tags"]) if "expected_tags" in context else None
        case "literal_error":
            return str(context["expected"])
        case "out_of_scale":
            return "a value that fits the scale"
    return details["msg"].removeprefix("Input should be ").replace("String should ", "text that should ")


def _hint(rejection: Rejection, details: ErrorDetails) -> str:
    if rejection.reason is Reason.MISSING_FIELD and details["type"] == "missing":
        beside = details["input"]
        name = str(details["loc"][-1])
        unknown = [one for one in beside if one not in FIELD_NAMES] if isinstance(beside, dict) else []
        if get_close_matches(name, [one for one in unknown if isinstance(one, str)], n=1):
            return f"a field beside it has nearly this name: spell it {name}"
    return remedy_of(rejection, {})


def _path(location: tuple[int | str, ...]) -> str:
    """`persons[2].key`: declared names only; what the sender named (a property) ends the path."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in FIELD_NAMES:
            path += f".{part}" if path else part
            if part == "properties":
                break
    return path


def _plain(path: str) -> str:
    """The path as the quarantine has it: without numbers of list members."""
    return _NUMBER.sub("[]", path)
