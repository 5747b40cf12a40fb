"""What is told of a case of a KPI: the event that goes to the customer topic, and the alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from touchline.care.kpi.reader import ShownMap
from touchline.care.kpi.series import Cell, Found
from touchline.care.rules import CaseRule
from touchline.care.telling import Alert
from touchline.schemas.events import CASE
from touchline.schemas.times import US_PER_HOUR, format_time

CONTEXT: Final = (
    "kpi", "variant", "scope", "stage", "kpi_day", "days", "value", "ci_low", "ci_high", "n", "target", "expected", "limit_low",
    "limit_high", "false_alarm_rate", "map", "map_version",
)  # fmt: skip
"""What the event of a case of a KPI has in its properties, in the order in which it is shown."""


class KpiWanted(NamedTuple):
    """A case of a KPI that there is to be."""

    case: str
    rule: CaseRule
    cell: Cell
    found: Found
    shown: ShownMap

    @property
    def context(self) -> dict[str, Any]:
        """KPI, day, value, interval, number of answers, target or limits, map: names -> flat values."""
        cell = self.cell
        named = {"kpi": cell.kpi, "variant": cell.variant, "scope": cell.scope, "stage": cell.stage}
        of_map = {"map": self.shown.name, "map_version": self.shown.version}
        said = named | {"kpi_day": self.found.day.isoformat()} | dict(self.found.context) | of_map
        return {name: value for name, value in said.items() if value != ""}


def kpi_event(case: KpiWanted, at_us: int, version: int, source: str) -> dict[str, Any]:
    """The event that opens it. It names no person, and no event as its reason."""
    rule = case.rule
    return {
        "type": CASE,
        "id": f"{case.case}/opened",
        "source": source,
        "time": format_time(at_us),
        "persons": [],
        "simulated": case.cell.is_simulated,
        "case": case.case,
        "kind": rule.kind,
        "rule": rule.id,
        "rule_version": str(version),
        "state": "opened",
        "severity": rule.severity,
        "owner": rule.owner,
        "about": {"touchpoint": case.cell.touchpoint},
        "due_at": _due(rule, at_us),
        "properties": case.context,
    }


def kpi_alert(case: KpiWanted, at_us: int, offers: Mapping[str, Sequence[str]]) -> Alert:
    """What is told when it opens."""
    rule, cell = case.rule, case.cell
    body = {
        "id": f"{case.case}/opened",
        "case": case.case,
        "state": "opened",
        "kind": rule.kind,
        "rule": rule.id,
        "severity": rule.severity,
        "touchpoint": cell.touchpoint,
        "stage": cell.stage or None,
        "opened_at": format_time(at_us),
        "due_at": _due(rule, at_us),
        "owner": rule.owner,
        "simulated": cell.is_simulated,
        "reason": [case.context],
        "offers": dict(offers),
    }
    return Alert(f"{case.case}/opened", rule.kind, body)


def _due(rule: CaseRule, at_us: int) -> str | None:
    hours = rule.contact_within_hours
    return None if hours is None else format_time(at_us + round(hours * US_PER_HOUR))
