"""Where a person is looked for on this machine, and of which topics the certificate tells until when they hold records."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from clickhouse_driver import Client

from touchline.care.store import CareStore
from touchline.cli import erase_places
from touchline.cli.erase_places import kafka_of, kafka_told, places_of
from touchline.errors import EngineUnreachable
from touchline.kafka.retention import TopicRetention
from touchline.processors.steps.cipher import Cipher
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.writer import OutboxWriter
from touchline.settings import Settings, load_settings

RULES = """
version: 1
rules: [{id: detractor, answer: {kpi: nps, scored: bad}}]
sinks:
  - {id: desk, kafka: {topic: alerts}}
  - {id: again, kafka: {topic: alerts}}
  - {id: crm, webhook: {url: "https://crm.example/"}}
"""
KEPT = TopicRetention(1, 1, is_compacted=False)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    def retention(of: Settings) -> TopicRetention:
        if of.topic == "invitations":
            raise EngineUnreachable("Kafka does not answer", "start it")
        return KEPT

    monkeypatch.setattr(erase_places, "read_retention", retention)
    (tmp_path / "care.yaml").write_text(RULES)
    return load_settings().with_changes(
        care_rules_file=tmp_path / "care.yaml",
        care_dir=tmp_path / "care",
        invitations_topic="invitations",
        topic="events",
    )


def test_topics_of_alerts_and_invitations_are_told_each_once(settings: Settings) -> None:
    assert kafka_of(settings) == ("events", KEPT)
    assert kafka_told(settings) == [("invitations", None), ("alerts", KEPT)]
    assert kafka_told(settings.with_changes(care_rules_file=None, invitations_topic=None)) == []


def test_rules_that_cannot_be_read_hold_no_erasure_up(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "care.yaml").write_text("version: [")
    assert kafka_told(settings) == [("invitations", None)]


def test_a_person_is_looked_for_in_the_own_outbox_and_in_that_of_care_where_they_are(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cipher, "from_file", lambda _: None)
    client = cast(Client, None)
    assert places_of(settings, client)[2:] == ([], None)
    CareStore(tmp_path / "care").close()
    folders = [tmp_path / "outbox", tmp_path / "care" / "outbox"]
    for folder in folders:
        OutboxWriter(OutboxConfig(folder), "events").close()
    assert places_of(settings.with_changes(outbox_dir=folders[0]), client)[2:] == (folders, tmp_path / "care")
    assert places_of(settings, client)[2:] == (folders[1:], tmp_path / "care")
