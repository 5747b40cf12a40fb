"""What happens in a story, as events of the contract. Each one bears the mark of what is simulated."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

Event = dict[str, Any]
SOURCE: Final = "stories"
DAYS: Final = 100
"""The stories begin so many days before the day on which they are played."""
ZONE: Final = "Europe/Berlin"
CURRENCY: Final = "EUR"


class Teller:
    """Events of one story; times are days since the stories began, and an hour (UTC)."""

    def __init__(self, story: str, begins: date) -> None:
        self._story = story
        self._begins = begins

    def at(self, day: int, hour: float = 12.0) -> str:
        """A moment, RFC 3339."""
        midnight = datetime.combine(self._begins, time(), UTC)
        return (midnight + timedelta(days=day, hours=hour)).isoformat().replace("+00:00", "Z")

    def day(self, day: int) -> date:
        """A day of the calendar."""
        return self._begins + timedelta(days=day)

    def met(self, who: str, day: int, touchpoint: str, hour: float = 12.0, **fields: Any) -> Event:
        """A contact; its id is that of the person, the touchpoint, and when."""
        return self._event(
            "touchpoint", f"{who}-{touchpoint}-{day}-{hour:g}", day, hour, who, touchpoint=touchpoint, **fields
        )

    def paid(self, who: str, day: int, touchpoint: str, cents: int, hour: float = 12.0, **fields: Any) -> Event:
        """An order."""
        bought = self.met(who, day, touchpoint, hour, action="purchase", **fields)
        return bought | {
            "amount": {"amount_minor": cents, "currency": CURRENCY},
            "order": {"id": f"{self._story}-{bought['id']}", "kind": "purchase"},
        }

    def rated(
        self, about: Event, kpi: str, score: int, *, scope: str = "transactional", later_hours: float = 0.5
    ) -> Event:
        """An answer about a contact, that much later."""
        low, high, variant = _SCALES[kpi]
        answered = datetime.fromisoformat(about["time"]) + timedelta(hours=later_hours)
        return {
            "type": "touchline.answer.v1", "source": SOURCE, "simulated": True, "zone": ZONE,
            "id": f"{about['id']}-{kpi}-{scope}", "time": answered.isoformat().replace("+00:00", "Z"), "identifiers": about["identifiers"],
            "about": {"touchpoint": about["touchpoint"], "source": SOURCE, "event_id": about["id"]},
            "survey": "told", "question": f"{kpi}_{scope}", "kpi": kpi, "variant": variant, "scope": scope,
            "scale_min": low, "scale_max": high, "score": score,
        } | ({"place": about["place"]} if "place" in about else {})  # fmt: skip

    def may_be_called(self, who: str, day: int) -> Event:
        """The consent without which nobody becomes a case or is asked."""
        said = {
            "consent_id": f"{self._story}-{who}",
            "purposes": ["contact_me"],
            "state": "granted",
            "effective_at": self.at(day, 0),
        }
        return self._event("consent", f"{who}-consent", day, 0.0, who, **said)

    def changed(self, name: str, day: int, touchpoint: str, cost_cents: int, owner: str, kpi: str) -> Event:
        """An initiative, from that day on."""
        said = {
            "initiative": name,
            "touchpoint": touchpoint,
            "starts_at": self.at(day, 0),
            "owner": owner,
            "expected_kpi": kpi,
        }
        return self._event(
            "initiative", name, day, 0.0, "", **said, cost={"amount_minor": cost_cents, "currency": CURRENCY}
        )

    def _event(self, kind: str, name: str, day: int, hour: float, who: str, **fields: Any) -> Event:
        event = {
            "type": f"touchline.{kind}.v1", "id": f"{self._story}-{name}", "source": SOURCE, "time": self.at(day, hour), "zone": ZONE,
            "simulated": True,
        }  # fmt: skip
        return event | ({"identifiers": [person(self._story, who)]} if who else {}) | fields


def earlier(moment: str) -> str:
    """A second before."""
    return (datetime.fromisoformat(moment) - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")


def person(story: str, who: str) -> dict[str, str]:
    """By what somebody of a story is known."""
    return {"type": "loyalty", "value": f"{story}-{who}"}


_SCALES: Final = {"nps": (0, 10, "standard"), "csat": (1, 5, "top_2_box"), "ces": (1, 7, "top_3_box")}
