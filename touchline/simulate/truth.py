"""The totals of what was sent and of what is true, to hold the views against. Kept by addition, story by story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from touchline.simulate.stories import StoryEvent
from touchline.simulate.writing import Event


class AnswerTotals:
    """Answers by (touchpoint, question, disposition) and scores by (touchpoint, question, score), of each question its last report."""

    def __init__(self) -> None:
        self.superseded = 0
        self.answers: Counter[tuple[str, str, str]] = Counter()
        self.scores: Counter[tuple[str, str, int]] = Counter()

    def add(self, answers: Iterable[Event]) -> None:
        """All reports on some questions, those on one question in the order of their revisions."""
        last: dict[str, Event] = {}
        for event in answers:
            self.superseded += event["id"] in last
            last[event["id"]] = event
        for event in last.values():
            rated = (event["about"]["touchpoint"], event["question"])
            self.answers[*rated, event["disposition"]] += 1
            if "score" in event:
                self.scores[*rated, event["score"]] += 1

    def as_fields(self) -> dict[str, Any]:
        """JSON-ready, sorted."""
        return {
            "superseded": self.superseded,
            "answers": [
                {"touchpoint": name, "question": question, "disposition": disposition, "answers": count}
                for (name, question, disposition), count in sorted(self.answers.items())
            ],
            "scores": [
                {"touchpoint": name, "question": question, "score": score, "answers": count}
                for (name, question, score), count in sorted(self.scores.items())
            ],
        }


class TrueTotals:
    """What stands once everything has arrived, whatever the disturbances: volumes and persons by touchpoint, answers, and how far
    journeys came (by the order of stages), passing them in order and in any order. Persons and journeys are the true ones."""

    def __init__(self, stages: int) -> None:
        self._stages = stages
        self.persons = 0
        self.sent = 0
        self.copies = 0
        self.asked = AnswerTotals()
        self.events: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        self.reached: Counter[int] = Counter()
        self.reached_any: Counter[int] = Counter()

    def add_story(self, told: list[StoryEvent]) -> None:
        """All events of one person."""
        self.persons += bool(told)
        self.asked.add(one.event for one in told if one.event["type"] == "touchline.answer.v1")
        touchpoints = [one for one in told if "stage" in one.truth]
        self.events.update(one.event["touchpoint"] for one in touchpoints)
        self.people.update({one.event["touchpoint"] for one in touchpoints})
        cycles: dict[int, list[int]] = {}
        for one in touchpoints:
            cycles.setdefault(one.truth["cycle"], []).append(one.truth["stage_order"])
        for orders in cycles.values():
            depth = 0
            for order in orders:
                depth += order == depth + 1
            self.reached.update(range(1, depth + 1))
            self.reached_any.update(range(1, max(orders) + 1))

    def as_line(self) -> dict[str, Any]:
        """JSON-ready; lists are in their order."""
        return {
            "kind": "totals",
            "persons": self.persons,
            "sent": self.sent,
            "duplicates": self.copies,
            "stands": self.sent - self.copies - self.asked.superseded,
            "touchpoints": [
                {"touchpoint": name, "events": self.events[name], "persons": self.people[name]}
                for name in sorted(self.events)
            ],
            **self.asked.as_fields(),
            "funnel": [
                {"stage_order": order, "reached": self.reached[order], "reached_any": self.reached_any[order]}
                for order in range(1, self._stages + 1)
            ],
        }
