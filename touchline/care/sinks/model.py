"""The sinks of a file of rules.

sinks:
  - id: desk
    kafka: {topic: touchline-alerts}
  - id: crm
    webhook: {url: "https://crm.example/alerts", secret_file: secrets/crm}
    kinds: [recovery]
  - id: chat
    webhook: {url_file: secrets/chat-url, template: slack}
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from touchline.schemas.case import CaseKind
from touchline.schemas.journey.conditions import Id, MapElement


class KafkaSink(MapElement):
    """Alerts as JSON records, the case id as key. The topic must exist."""

    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class WebhookSink(MapElement):
    """Alerts by POST. `url`, or a file that holds it where the address itself is a secret (chats). With `secret_file` each request carries
    `Touchline-Signature: t=<seconds>,v1=<hex>`: HMAC-SHA256 of `<seconds>.<body>`."""

    url: str | None = None
    url_file: str | None = None
    secret_file: str | None = None
    template: Literal["json", "slack"] = "json"
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("a webhook has one address; write url, or url_file with the path of a file that holds it")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise ValueError("the url of a webhook begins with https:// or http://; write it whole")
        return self


class Sink(MapElement):
    """One sink and the kinds of cases that it takes. After `attempts` failures, with waits that double up to an hour, an alert is a dead
    letter: `touchline care dead` shows it, `touchline care retry` tries it again."""

    id: Id
    kafka: KafkaSink | None = None
    webhook: WebhookSink | None = None
    kinds: Annotated[tuple[CaseKind, ...], Field(min_length=1)] = ("recovery", "encouragement")
    attempts: Annotated[int, Field(ge=1, le=100)] = 12

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if (self.kafka is None) == (self.webhook is None):
            raise ValueError("a sink is either kafka or webhook; write one of them")
        return self
