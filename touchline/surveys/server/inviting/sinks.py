"""Where invitations go: the company's own sender, by a Kafka topic, a webhook, or both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from touchline.settings import Settings
from touchline.sinks.sender import Sender, read_secret
from touchline.sinks.topic import TopicSender, producer_for
from touchline.sinks.webhook import WebhookSender

WEBHOOK_SECONDS: Final = 10.0


def sinks_of(settings: Settings, clock_s: Callable[[], float]) -> dict[str, Sender]:
    """Name in logs -> sender, of the sinks that settings name; none where nobody is to be invited. Raises WrongUsage where the secret
    cannot be read."""
    sinks: dict[str, Sender] = {}
    if settings.invitations_topic is not None:
        sinks["topic"] = TopicSender(settings.invitations_topic, producer_for(settings.kafka_bootstrap))
    if settings.invitations_webhook is not None:
        path = settings.invitations_webhook_secret_file
        secret = None if path is None else read_secret(path, "invitations_webhook_secret_file")
        sinks["webhook"] = WebhookSender(settings.invitations_webhook, secret, WEBHOOK_SECONDS, clock_s)
    return sinks
