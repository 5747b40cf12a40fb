"""An ask is one event that advances."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from touchline.producers.memory import InMemoryProducer
from touchline.schemas.answer import Disposition
from touchline.schemas.checking import check_event
from touchline.schemas.sources import read_sources
from touchline.schemas.times import US_PER_HOUR
from touchline.schemas.versions import Version, completeness_of, winner_of
from touchline.surveys.asked import standing
from touchline.surveys.asks import EXPIRES_AT, Ask, answer_event, asked_of, time_in
from touchline.surveys.decide import AskReason

NOW = 1_760_000_000_000_000
ASK = Ask(
    *("0123456789abcdef" * 2, "nps_here", "1", "de", "nps", "standard", "transactional", 0, 10),
    *((("loyalty", f"k1:{'a' * 64}"),), "store_purchase", "retail-pos", "receipt-1", "after_the_till", 3),
    *(0.25, NOW, NOW + 72 * US_PER_HOUR),
)
SOURCES = read_sources("sources:\n  surveys: {legal_basis: legitimate_interests}\n", "sources.yaml").sources


def event(disposition: Disposition, hours: int = 0, **said: Any) -> dict[str, Any]:
    return answer_event(ASK, disposition, NOW + hours * US_PER_HOUR, "surveys", **said)


def as_taken(given: dict[str, Any]) -> dict[str, Any]:
    """As it leaves the producer: checked, and with what it masks."""
    producer = InMemoryProducer(sources=SOURCES)
    producer.emit(given)
    producer.flush()
    (sent,) = producer.events
    assert not producer.masked
    assert producer.suppressed == 0
    return sent


def test_a_decision_says_which_question_of_whom_about_what_and_why() -> None:
    sent = as_taken(event("eligible", reason=AskReason.FATIGUE, rule="one_a_week"))
    assert sent["id"] == ASK.id
    assert sent["persons"] == [{"type": "loyalty", "key": f"k1:{'a' * 64}"}]
    assert sent["about"] == {"touchpoint": "store_purchase", "source": "retail-pos", "event_id": "receipt-1"}
    assert (sent["survey"], sent["question"], sent["question_version"], sent["language"]) == (
        *("after_the_till", "nps_here"),
        *("1", "de"),
    )
    assert (sent["sampling_probability"], sent["disposition"]) == (0.25, "eligible")
    properties = sent["properties"]
    assert (properties["reason"], properties["rule"], properties["policy_version"]) == ("fatigue", "one_a_week", 3)
    assert time_in(properties, EXPIRES_AT) == ASK.expires_us


def test_an_answer_has_its_score_its_option_and_its_words() -> None:
    sent = as_taken(event("complete", score=9, comment="quick", option="satisfaction"))
    assert (sent["score"], sent["comment"], sent["properties"]["option"]) == (9.0, "quick", "satisfaction")


def test_the_furthest_report_counts_in_whatever_order_they_come() -> None:
    steps: list[tuple[Disposition, dict[str, Any]]] = [
        *(("eligible", {"reason": AskReason.FATIGUE, "rule": "r"}), ("sampled", {}), ("shown", {})),
        ("complete", {"score": 3}),
    ]
    events = [check_event(event(name, hours, **said)) for hours, (name, said) in enumerate(steps)]
    versions = [Version(0, completeness_of(one, NOW), number) for number, one in enumerate(events)]
    for some in permutations(versions):
        assert winner_of(some).payload_hash == 3
    asked = [asked_of(ASK, name, NOW, "surveys") for name, _ in steps]
    for order in permutations(asked):
        assert [one.disposition for one in standing(order)] == ["complete"]


def test_the_same_decision_again_is_the_same_event() -> None:
    assert event("sampled") == event("sampled")


def test_an_expired_ask_says_how_far_it_had_come() -> None:
    properties = event("expired", 80, reached="shown", reached_us=NOW + US_PER_HOUR)["properties"]
    assert properties["reached"] == "shown"
    assert time_in(properties, "reached_at") == NOW + US_PER_HOUR


def test_an_ask_of_nobody_about_a_place_names_no_event() -> None:
    anonymous = ASK._replace(persons=(), about_source="", about_event_id="", place="store-7", is_simulated=True)
    sent = as_taken(answer_event(anonymous, "complete", NOW, "surveys", score=5))
    assert (sent["about"], sent["anonymous"], sent["place"]) == ({"touchpoint": "store_purchase"}, True, "store-7")
    assert sent["simulated"] is True


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00Z"])
def test_a_time_that_cannot_be_read_is_none(text: str) -> None:
    assert time_in({"expires_at": text}, "expires_at") == 0
    assert time_in({}, "expires_at") == 0


def test_the_survey_secret_is_one_line_of_hex(tmp_path: Path) -> None:
    from touchline.errors import WrongUsage
    from touchline.surveys.secret import read_survey_secret

    file = tmp_path / "secret"
    with pytest.raises(WrongUsage, match="FileNotFoundError"):
        read_survey_secret(file)
    for text in ("ab", "no hex"):
        file.write_text(text)
        with pytest.raises(WrongUsage) as error:
            read_survey_secret(file)
        assert "64" in error.value.hint
    file.write_text("ab" * 32 + "\n")
    assert read_survey_secret(file) == b"\xab" * 32
