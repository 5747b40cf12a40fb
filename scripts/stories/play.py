"""The stories, played: what happened is sent, the rules open cases as it is stored, people work them, and guests come back.

history ─▶ Rosa is served badly twice ─▶ case ─▶ she stays away ─▶ she is called, returns ─▶ verified
        ─▶ buyers say how they heard of the shop
        ─▶ Ben calls a third time ─▶ asked ─▶ "hard" ─▶ case ─▶ called back, asked again ─▶ verified
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from typing import Any, Final

from clickhouse_driver import Client

from scripts.stories import launch, support, tacos
from scripts.stories.place import all_events
from scripts.stories.services import Services, wait_until
from scripts.stories.writing import SOURCE, person
from touchline.clickhouse.connect import connect
from touchline.errors import NotClean
from touchline.kafka.offsets import lag
from touchline.local.commands import touchline_command
from touchline.local.parts import settings_environment
from touchline.settings import Settings

CASES: Final = """
SELECT case_id, toString(state) FROM journey.cases
WHERE rule = %(rule)s AND person = (SELECT any(person) FROM journey.touchpoints WHERE source = %(source)s AND event_id = %(event)s)"""
ASKED: Final = "SELECT count() FROM journey.answers WHERE source = 'surveys' AND disposition IN ('partial', 'complete') AND is_simulated"


class Player:
    """One performance, from what happened to what came of it. `say` is told of each step."""

    def __init__(self, services: Services, begins: date, say: Callable[[str], None]) -> None:
        self._services = services
        self._settings: Settings = services.settings
        self._begins = begins
        self._say = say
        self._client: Client = connect(services.settings)

    def play(self) -> None:
        """All of it; returns when everything that came of it is stored."""
        begins, send = self._begins, self._services.send
        try:
            send(all_events(begins))
            self._say(f"sent {len(all_events(begins))} simulated events by the collector")
            first, second, *others = tacos.rosas_visits(begins)
            send([*first, *second])
            warned = self._case("badly_served_twice", second[0]["id"])
            self._say(f"Rosa was served badly twice: case {warned[:8]} is open before she stays away")
            send([event for visit in others for event in visit])
            self._ask_buyers()
            self._help_ben()
            self._work(warned, ("own", "--owner", "Restaurant manager"), ("contact",))
            send(tacos.rosas_return(begins))
            self._work(warned, ("resolve", "--cause", "too_few_waiters"), ("verify",))
            self._say("Rosa was called and came back: her case is verified")
            wait_until(lambda: lag(self._settings) == 0, "the end of the stories")
        finally:
            self._client.disconnect()

    def _ask_buyers(self) -> None:
        """Some who bought are asked by the surveys how they heard of it, and say so on the page."""
        said = [one for one in launch.answers(self._begins) if one.is_asked_by_us]
        for one in said:
            self._services.answer(self._link(launch.STORY, one.who, one.purchase["id"]), one.option)
        wait_until(lambda: self._client.execute(ASKED)[0][0] >= len(said), "the buyers' answers")
        self._say(f"{len(said)} buyers were asked how they heard of the shop, and answered on their page")

    def _help_ben(self) -> None:
        call, back = support.last_call(self._begins), support.call_back(self._begins)
        self._services.send([call])
        self._services.answer(self._link(support.STORY, support.BEN, call["id"]), "2")
        hard = self._case("hard_to_get_help", call["id"])
        self._say(
            f"Ben called a third time and found it hard: case {hard[:8]}, and one for the loop: {self._case('calls_again', call['id'])[:8]}"
        )
        self._work(hard, ("own", "--owner", "Service"), ("contact",))
        self._services.send([back])
        self._services.answer(self._link(support.STORY, support.BEN, back["id"]), "6")
        self._work(hard, ("resolve", "--cause", "long_wait"), ("verify",))
        self._say("Ben was called back and asked again: his case is verified")

    def _link(self, story: str, who: str, event_id: str) -> str:
        """Where somebody may answer about an event, once the surveys see it."""
        found: list[str] = []

        def is_asked() -> bool:
            found.append(self._services.ask(person(story, who), SOURCE, event_id))
            return bool(found[-1])

        wait_until(is_asked, f"a question about {event_id}")
        return found[-1]

    def _case(self, rule: str, about: str) -> str:
        """The id of the case that a rule opens for the person of an event."""
        wait_until(lambda: self._cases(rule, about), f"a case of the rule {rule}")
        return str(self._cases(rule, about)[0][0])

    def _cases(self, rule: str, about: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._client.execute(CASES, {"rule": rule, "event": about, "source": SOURCE})
        return rows

    def _work(self, case: str, *steps: tuple[str, ...]) -> None:
        """By `touchline cases`, as people do; each step waits until it stands."""
        for name, *words in steps:
            command = touchline_command("cases", name, case, *words)
            outcome = subprocess.run(
                command, env=settings_environment(self._settings), capture_output=True, text=True, check=False
            )
            if outcome.returncode != 0:
                raise NotClean(f"`touchline cases {name}` ended with status {outcome.returncode}:\n{outcome.stderr}")
            self._wait_for_state(case, _STATES[name])

    def _wait_for_state(self, case: str, state: str) -> None:
        wait_until(lambda: self._state(case) == state, f"the state {state} of case {case[:8]}")

    def _state(self, case: str) -> str:
        rows = self._client.execute(
            "SELECT toString(state) FROM journey.cases WHERE case_id = %(case)s", {"case": case}
        )
        return str(rows[0][0]) if rows else ""


_STATES: Final = {"own": "owned", "contact": "contacted", "resolve": "resolved", "verify": "verified"}
