"""Where `touchline erase` looks for a person on this machine, and the topics whose retention its certificate tells."""

from __future__ import annotations

from clickhouse_driver import Client

from touchline.care.forgetting import has_run_on
from touchline.care.rules import load_rules
from touchline.erasure.look import Places
from touchline.erasure.run import Kafka
from touchline.errors import EngineUnreachable, TouchlineError, WrongUsage
from touchline.kafka.retention import read_retention
from touchline.processors.steps.cipher import Cipher
from touchline.settings import Settings


def places_of(settings: Settings, client: Client) -> Places:
    """The ledger, and the folders of outboxes and of `touchline care` that are there. Raises WrongUsage."""
    care = settings.care_dir.absolute()
    folders = [*([settings.outbox_dir.absolute()] if settings.outbox_dir else []), care / "outbox"]
    outboxes = [folder for folder in folders if (folder / "format.json").is_file()]
    cipher = Cipher.from_file(settings.payload_key_file)
    return Places(client, cipher, list(dict.fromkeys(outboxes)), care if has_run_on(care) else None)


def kafka_of(settings: Settings) -> Kafka:
    """The topic of events."""
    return _kept(settings, settings.topic)


def kafka_told(settings: Settings) -> list[Kafka]:
    """The topics of invitations and alerts, as far as they are configured here; rules that cannot be read name none."""
    topics = [settings.invitations_topic] if settings.invitations_topic else []
    try:
        sinks = load_rules(settings.care_rules_file).sinks
    except TouchlineError:
        sinks = ()
    topics += [one.kafka.topic for one in sinks if one.kafka is not None]
    return [_kept(settings, topic) for topic in dict.fromkeys(topics)]


def _kept(settings: Settings, topic: str) -> Kafka:
    try:
        return Kafka(topic, read_retention(settings.with_changes(topic=topic)))
    except (EngineUnreachable, WrongUsage):
        return Kafka(topic, None)
