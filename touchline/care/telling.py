"""What is told of a case: the event that goes to the customer topic, and the alert that goes to whoever is to act.

An alert has no identifier, name or comment: the person key, the case, and what the journey shows. Its `id` is the same whatever is
repeated, so receivers can drop by it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from touchline.care.cases import Change, Wanted
from touchline.care.facts import CareFact
from touchline.care.reader import Standing
from touchline.schemas.events import CASE
from touchline.schemas.times import format_time

LINKED_KEYS: Final = 32
"""So many persons an event may name (schemas/envelope.py)."""


class Alert(NamedTuple):
    """`key` is the id of the event that says the same: `<case id>/opened`, `<case id>/lapsed/1`."""

    key: str
    kind: str
    body: dict[str, Any]


def opened_event(case: Wanted, person: str, key_type: str, version: int, source: str) -> dict[str, Any]:
    """The event that opens a case. It has the moment of its reason, so that deciding again gives the same event."""
    rule, reason = case.rule, case.reason
    return {
        "type": CASE,
        "id": f"{case.case}/opened",
        "source": source,
        "time": format_time(case.begins_us),
        "persons": [{"type": key_type, "key": person}],
        "simulated": reason.is_simulated,
        "place": reason.place or None,
        "brand": reason.brand or None,
        "case": case.case,
        "kind": rule.kind,
        "rule": rule.id,
        "rule_version": str(version),
        "state": "opened",
        "severity": rule.severity,
        "owner": rule.owner,
        "about": _about(reason.touchpoint, reason.source, reason.event_id),
        "due_at": None if case.due_us is None else format_time(case.due_us),
    }


def changed_event(case: Standing, change: Change, now_us: int, source: str) -> dict[str, Any]:
    """The event that says that the reason of a case no longer stands, or stands again."""
    return {
        "type": CASE,
        "id": change_id(case, change),
        "source": source,
        "time": format_time(now_us),
        "persons": [{"type": case.identifier_type, "key": case.identifier}] if case.identifier else [],
        "case": case.case,
        "rule": case.rule,
        "rule_version": case.rule_version,
        "state": change,
        "about": _about(case.touchpoint, case.source, case.event_id),
    }


def alert_of(case: Wanted, person: str, offers: dict[str, list[str]]) -> Alert:
    """What is told when a case opens: why, until when, what came before, and what the map offers there."""
    rule, reason = case.rule, case.reason
    body = {
        "id": f"{case.case}/opened",
        "case": case.case,
        "state": "opened",
        "kind": rule.kind,
        "rule": rule.id,
        "severity": rule.severity,
        "person": person,
        "touchpoint": reason.touchpoint,
        "place": reason.place or None,
        "stage": reason.stage or None,
        "cycle": reason.cycle,
        "opened_at": format_time(case.begins_us),
        "due_at": None if case.due_us is None else format_time(case.due_us),
        "owner": rule.owner,
        "simulated": reason.is_simulated,
        "reason": [_shown(one) for one in case.row],
        "before": [_shown(one) for one in case.before],
        "offers": offers,
    }
    return Alert(f"{case.case}/opened", rule.kind, body)


def change_id(case: Standing, change: Change) -> str:
    """`<case>/<change>/<n>` with the number of changes before it, so that whoever decides again says the same."""
    return f"{case.case}/{change}/{case.changes + 1}"


def withdrawn_alert(case: Standing, change: Change, kind: str, now_us: int) -> Alert:
    """What is told when the reason of a case is gone, or back."""
    key = change_id(case, change)
    return Alert(
        key, kind, {"id": key, "case": case.case, "state": change, "rule": case.rule, "at": format_time(now_us)}
    )


def _about(touchpoint: str, source: str, event_id: str) -> dict[str, Any]:
    return {"touchpoint": touchpoint, "source": source, "event_id": event_id}


def _shown(fact: CareFact) -> dict[str, Any]:
    shown = {
        "time": format_time(fact.time_us),
        "touchpoint": fact.touchpoint,
        "action": fact.action,
        "stage": fact.stage,
        "kpi": fact.kpi,
        "score": fact.score,
        "scale": list(fact.scale) if fact.is_answer else None,
    }
    return {name: value for name, value in shown.items() if value not in ("", None)}
