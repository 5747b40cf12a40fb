"""Visits of Matomo's Live API (`Live.getLastVisitsDetails`, format JSON): one row an action of a visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from touchline.producers.imports.exports.addresses import without_query
from touchline.producers.imports.exports.expand import Cells, NoRecord, objects

_ORDER: Final = "ecommerceOrder"
_NOTHING: Final = (None, "", False)
_OF_ACTION: Final = ("pageId", "orderId", "goalId", "timestamp")
"""What numbers an action; not each kind has each of them."""


def action_rows(visit: Mapping[str, Any]) -> Iterator[Cells]:
    """The actions of a visit. Raises NoRecord."""
    if "idVisit" not in visit or "actionDetails" not in visit:
        missing = "actionDetails" if "idVisit" in visit else "idVisit"
        raise NoRecord(f"it is no visit of the Live API: it has no {missing}")
    equal = Counter[str]()
    for action in objects(visit["actionDetails"]):
        kind = str(action.get("type") or "action")
        is_order = kind == _ORDER
        key = _order_key(visit, action) if is_order else None
        if key is None:
            number = "-".join(str(action[one]) for one in _OF_ACTION if action.get(one) not in _NOTHING)
            key = f"{visit['idVisit']}/{kind}/{number}"
            equal[key] += 1
            key = key if equal[key] == 1 else f"{key}/{equal[key]}"
        yield {
            **{f"visit.{name}": value for name, value in visit.items() if name != "actionDetails"},
            **{f"action.{name}": value for name, value in action.items()},
            "key": key,
            "time": action.get("timestamp"),
            "kind": kind,
            "revision": visit.get("lastActionTimestamp") or None,
            "what": "purchase" if is_order else None,
            "visitor": visit.get("visitorId") or None,  # false where Matomo keeps none
            "user": visit.get("userId") or None,
            "site": visit.get("idSite"),
            "visit": visit["idVisit"],
            "page": without_query(action.get("url")),
            "title": action.get("pageTitle") or action.get("title"),
            "referrer": visit.get("referrerName") or None,
            "country": visit.get("countryCode") or None,
            "device": visit.get("deviceType") or None,
            "goal": action.get("goalName"),
            "order": action.get("orderId") if is_order else None,
            "amount": action.get("revenue") if is_order else None,
            "amount_currency": visit.get("siteCurrency"),
        }


def _order_key(visit: Mapping[str, Any], action: Mapping[str, Any]) -> str | None:
    """Of an order, its number within the site: it stays one order though the visit is told anew, or tells it twice."""
    order = action.get("orderId")
    return None if order in _NOTHING else "/".join(f"{one}" for one in (_ORDER, visit.get("idSite"), order) if one)
