"""The certificate says what was found and what remains, can be checked by its hash, and names nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from touchline.erasure.certificate import (
    Certificate,
    begun,
    certificate_text,
    digest_of,
    finished,
    retention_until,
)
from touchline.erasure.values import Found, Retention, Rows, Subject, Target
from touchline.kafka.retention import TopicRetention

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "k1:" + "a" * 64
SUBJECT = Subject(
    [Target(KEY, "loyalty", 0, 10**15), Target("k1:tablet", "device", 5, 9), Target("k1:other", "", 0, 10**15)],
    ("4711-secret",),
    ["household"],
)
BEFORE = Found(
    [Rows("received", "stored", "", 0, 3, 4), Rows("attached", "", "retail", 3, 3, 5), Rows("link", "", "", 0, 1, 1)],
    *(2, "2026-01-05", "2026-02-07", 1, 2, 1),
)
AFTER = Found([], 0, "", "", 0, 1, 0)
DAY_MS = 86_400_000


def certificate(kafka: Retention | None = None, after: Found = AFTER) -> Certificate:
    draft = json.loads(json.dumps(begun("20260301-ab", "erase", SUBJECT, BEFORE)))
    times = {"asked": NOW, "retracted": NOW + timedelta(seconds=2), "done": NOW + timedelta(seconds=5)}
    return finished(draft, times, after, kafka or Retention("customer-events", "until", "2026-03-17"))


def test_it_holds_no_key_no_identifier_and_no_value_by_which_the_person_was_named() -> None:
    for text in (json.dumps(certificate()), certificate_text(certificate())):
        assert KEY not in text
        assert "tablet" not in text
        assert "4711" not in text


def test_its_hash_is_over_all_of_it_and_does_not_depend_on_how_it_is_written() -> None:
    made = certificate()
    assert made["sha256"] == digest_of(json.loads(json.dumps(made, indent=4, sort_keys=True)))
    for name in made.keys() - {"sha256"}:
        assert digest_of(made | {name: "something else"}) != made["sha256"], name


def test_one_that_is_completed_again_is_whole() -> None:
    made = certificate()
    again = finished(made, {"done": NOW}, AFTER, Retention("customer-events", "unknown"))
    assert again["sha256"] == digest_of(again) != made["sha256"]


def test_it_counts_by_kind_map_and_version_before_and_after() -> None:
    lines = certificate_text(
        certificate(after=AFTER._replace(rows=[Rows("received", "erased", "", 0, 3, 3)]))
    ).splitlines()
    found = {" ".join(line.split()[:-2]): line.split()[-2:] for line in lines if len(line.split()) > 2}
    assert found["received stored"] == ["3", "0"]
    assert found["received erased"] == ["0", "3"]
    assert found["attached retail 3"] == ["3", "0"]
    assert found["rows that name an identifier, in all"] == ["10", "3"]
    assert found["records in quarantine"] == ["1", "0"]
    assert found["events in outboxes here, on their way"] == ["2", "1"]
    assert "1 device, 1 loyalty, 1 unknown" in "\n".join(lines)
    assert "household" in "\n".join(lines)


@pytest.mark.parametrize(
    ("found", "kafka"),
    [
        (TopicRetention(14 * DAY_MS, DAY_MS, is_compacted=False), Retention("t", "until", "2026-03-17")),
        (TopicRetention(14 * DAY_MS, DAY_MS, is_compacted=True), Retention("t", "until", "2026-03-17")),
        (TopicRetention(None, DAY_MS, is_compacted=False), Retention("t", "unlimited")),
        (TopicRetention(None, DAY_MS, is_compacted=True), Retention("t", "compacted")),
        (TopicRetention(2**62, DAY_MS, is_compacted=False), Retention("t", "unlimited")),
        (None, Retention("t", "unknown")),
    ],
)
def test_until_when_kafka_holds_the_records_is_a_day_or_said_plainly(
    found: TopicRetention | None, kafka: Retention
) -> None:
    assert retention_until("t", found, NOW) == kafka
    said = "\n".join(certificate(kafka)["remains"])
    assert {"until": "2026-03-17", "unlimited": "without limit", "compacted": "compacts", "unknown": "not known"}[
        kafka.how
    ] in said


def test_it_says_that_quarantine_was_searched_by_keys_alone_where_the_value_was_not_known_any_more() -> None:
    draft = begun("20260301-ab", "erase", SUBJECT, BEFORE)
    kafka = Retention("t", "unknown")
    with_value, without = (finished(draft, {}, AFTER, kafka, has_value=known)["remains"] for known in (True, False))
    assert len(without) == len(with_value) + 1
    assert "quarantine" in without[-1]
    by_key = begun("20260301-ab", "erase", SUBJECT._replace(raw=()), BEFORE)
    assert finished(by_key, {}, AFTER, kafka, has_value=False)["remains"] == with_value


def test_it_tells_of_alerts_and_of_topics_that_were_told_of_the_person() -> None:
    draft = begun("20260301-ab", "erase", SUBJECT, BEFORE._replace(alerts=3))
    told = [Retention("alerts", "until", "2026-04-02"), Retention("invitations", "compacted")]
    made = finished(draft, {"done": NOW}, AFTER, Retention("customer-events", "unknown"), told=told)
    text = certificate_text(made)
    assert "alerts here that no sink has taken                  3            0" in text
    assert [one["topic"] for one in made["told"]] == ["alerts", "invitations"]
    assert any("topic alerts until 2026-04-02" in one for one in made["remains"])
    assert any("compacts topic invitations" in one for one in made["remains"])
    assert any("that other systems took" in one for one in made["remains"])


def test_one_of_a_release_that_knew_no_alerts_can_be_read() -> None:
    draft = json.loads(json.dumps(begun("20260301-ab", "erase", SUBJECT, BEFORE)))
    del draft["before"]["alerts"]
    assert "alerts here that no sink has taken" in certificate_text(draft)
