"""Numbers of the map as one file: what is written on its cards and stages, beside what the page's answers would be written as."""

from __future__ import annotations

from decimal import Decimal
from html.parser import HTMLParser

from tests.support.contradictions.page import FUNNEL, Numbers, key_of
from tests.support.contradictions.selecting import Selection
from tests.support.contradictions.world import Row, World
from touchline.dashboards.server.snapshot.words import NONE, PageWords, words_of

STAGE_FACTS = ("stage.reached", "stage.open")


class _Written(HTMLParser):
    """Texts of a file: (stage, touchpoint, what) -> text. The touchpoint is empty for what a stage's head says."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: dict[tuple[str, str, str], str] = {}
        self.answers: dict[tuple[str, str], list[str]] = {}
        self._stage = self._touchpoint = self._name = ""
        self._tag = ""
        self._text = ""
        self._is_kpi = False
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self._stage = self._touchpoint = ""
        if tag in ("h2", "h3", "dt", "dd"):
            self._tag, self._text = tag, ""
        if tag == "div":
            self._is_kpi = dict(attrs).get("class") == "kpi"
        if tag == "b" and dict(attrs).get("class") == "big":
            self._tag, self._text = "big", ""

    def handle_endtag(self, tag: str) -> None:
        text = " ".join(self._text.split())
        if tag == "b" and self._tag == "big":
            self.answers.setdefault((self._stage, self._touchpoint), []).append(text)
            self._tag = ""
        elif tag == self._tag:
            if tag == "h2":
                self._stage = text
            elif tag == "h3":
                self._touchpoint = text
            elif tag == "dt":
                self._name = text
            elif tag == "dd":
                self.found.setdefault((self._stage, self._touchpoint, self._name), text)
            self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag:
            self._text += data


class _Names:
    """What stages, touchpoints and facts are called in the file."""

    def __init__(self, world: World, chosen: Selection) -> None:
        content = world.content(chosen)
        self.words = words_of("en")
        self.stages = {stage.id: f"{number} {stage.name}" for number, stage in enumerate(content.stages, start=1)}
        self.stages[""] = self.words.say("stage.none")
        self.touchpoints = {one.id: one.name for one in content.touchpoints}
        days = content.churn.inactivity_days if content.churn else None
        lost = self.words.say("fact.drop_off", days=days) if days else self.words.say("fact.drop_off.ever")
        self.facts = {name: self.words.say(f"fact.{name}") for name in ("events", "persons", "revenue")} | {
            "drop_off": lost
        }
        mode = self.words.say(f"funnel.mode.{chosen.mode}")
        self.stage_facts = {fact: self.words.say(fact, mode=mode) for fact in STAGE_FACTS}


def cards_of_file(world: World, chosen: Selection) -> Numbers:
    """(stage, touchpoint, fact) -> text; what has no number is left out, and so is why a rate is not known yet."""
    names = _Names(world, chosen)
    facts, rate = set(names.facts.values()), names.facts["drop_off"]
    written = _Written(world.document(chosen)).found
    shown = {key: text for key, text in written.items() if key[1] and key[2] in facts and text not in (NONE, "0")}
    return {key: text for key, text in shown.items() if key[2] != rate or "%" in text}


def cards_of_page(world: World, chosen: Selection) -> Numbers:
    names = _Names(world, chosen)
    words = names.words
    found: dict[tuple[str, str, str], str] = {}

    def put(row: Row, fact: str, text: str) -> None:
        stage, touchpoint = key_of(row, "stage", "touchpoint")
        key = (names.stages[stage], names.touchpoints.get(touchpoint, touchpoint), names.facts[fact])
        if text not in (NONE, "0"):
            found[key] = f"{found[key]}, {text}" if key in found else text

    events: dict[tuple[str, str], int] = {}
    for row in world.view("volume_by_touchpoint", chosen):
        place = key_of(row, "stage", "touchpoint")
        events[place] = events.get(place, 0) + row["events"]
    for (stage, touchpoint), count in events.items():
        put({"stage": stage, "touchpoint": touchpoint}, "events", words.whole(count))
    for row in world.view("persons_by_touchpoint", chosen, as_of=chosen.as_of):
        if row["touchpoint"] is not None:
            put(row, "persons", words.whole(row["persons"]))
            put(row, "drop_off", _drop_off(words, row))
    for row in world.view("revenue_by_touchpoint", chosen):
        if row["currency"]:
            mark = f" ({words.say('simulated')})" if row["is_simulated"] else ""
            put(row, "revenue", words.money(Decimal(row["amount"]), row["currency"]) + mark)
    return found


def _drop_off(words: PageWords, row: Row) -> str:
    if row["drop_off"] is None:
        return NONE
    interval = words.range(words.percent(row["ci_low"]), words.percent(row["ci_high"]))
    return f"{words.percent(row['drop_off'])} ({interval}), n {words.whole(row['denominator'])}"


def answers_of_file(world: World, chosen: Selection) -> Numbers:
    written = _Written(world.document(chosen)).answers
    return {key: tuple(sorted(texts)) for key, texts in written.items() if key[1]}


def answers_of_page(world: World, chosen: Selection) -> Numbers:
    names = _Names(world, chosen)
    found: dict[tuple[str, str], list[str]] = {}
    for row in world.view("survey_by_touchpoint", chosen):
        if not row["is_suppressed"]:
            stage, touchpoint = key_of(row, "stage", "touchpoint")
            place = names.stages[stage], names.touchpoints.get(touchpoint, touchpoint)
            found.setdefault(place, []).append(names.words.kpi(row["value"], row["unit"]))
    return {key: tuple(sorted(texts)) for key, texts in found.items()}


def stages_of_file(world: World, chosen: Selection) -> Numbers:
    """What stands at the head of each stage: journeys, and those that are open."""
    names = _Names(world, chosen)
    facts = set(names.stage_facts.values())
    written = _Written(world.document(chosen)).found
    return {
        key: text for key, text in written.items() if not key[1] and key[2] in facts and key[0] in names.stages.values()
    }


def stages_of_page(world: World, chosen: Selection) -> Numbers:
    names = _Names(world, chosen)
    if not world.view("volume_by_touchpoint", chosen):
        return {}
    return {
        (names.stages[row["stage"]], "", names.stage_facts[fact]): names.words.whole(row[fact.partition(".")[2]])
        for row in world.view(FUNNEL, chosen, as_of=chosen.as_of, mode=chosen.mode)
        for fact in STAGE_FACTS
    }
