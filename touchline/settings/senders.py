"""Settings of the ways in: the outbox of senders, and the collector."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from touchline.settings.group import Name, Port, SettingsGroup, empty_is_none, require_origins, split_commas


class OutboxSettings(SettingsGroup):
    """The durable outbox of senders."""

    outbox_dir: Path | None = Field(
        None,
        description="durable outbox of senders, a folder; none where empty",
        examples=["/var/lib/touchline/outbox"],
    )
    outbox_limit_bytes: int = Field(
        256 << 20,
        ge=4 << 20,
        description="largest size of what waits in the outbox for Kafka",
        examples=[1 << 30],
        json_schema_extra={"unit": "bytes"},
    )
    outbox_block_seconds: float = Field(
        10.0,
        ge=0,
        description="longest wait of emit while the outbox is full; then it fails",
        examples=[0.5],
        json_schema_extra={"unit": "seconds"},
    )
    outbox_durability: Literal["os", "disk"] = Field(
        "os",
        description="emit returns when the operating system has the event, or when the disk has",
        examples=["disk"],
    )

    @field_validator("outbox_dir", mode="before")
    @classmethod
    def _no_outbox_where_empty(cls, value: object) -> object:
        return empty_is_none(value)


class CollectorSettings(SettingsGroup):
    """Where the collector listens, who may send, and how much."""

    collector_host: Name = Field(
        "127.0.0.1",
        description="address that the collector listens on; TLS is a proxy's in front of it",
        examples=["0.0.0.0"],
    )
    collector_port: Port = Field(8787, description="port that the collector listens on", examples=[9100])
    write_keys_file: Path = Field(
        Path(".local/secrets/write_keys"),
        description="file of the collector's write keys: lines `<id>.<secret> <source> ...`",
        examples=["/run/secrets/write_keys"],
    )
    sender_names_file: Path | None = Field(
        None,
        description="file that says what the events of analytics SDKs are on your maps ([senders](senders/analytics.md)); "
        "without it the one that is shipped",
        examples=["sender_names.yaml"],
    )
    webhooks_file: Path | None = Field(
        None,
        description="file that says which webhooks of survey tools the collector takes ([webhooks](senders/webhooks.md)); none where empty",
        examples=["webhooks.yaml"],
    )
    collector_body_bytes: int = Field(
        1 << 20,
        ge=1 << 10,
        le=64 << 20,
        description="a request's body, as sent and unzipped, at most",
        examples=[4 << 20],
        json_schema_extra={"unit": "bytes"},
    )
    collector_items: int = Field(
        5_000,
        ge=1,
        le=100_000,
        description="events in one request, at most",
        examples=[500],
        json_schema_extra={"unit": "events"},
    )
    collector_events_per_second: float = Field(
        5_000.0,
        gt=0,
        description="events a second and write key, bursts of two seconds aside; beyond, 429",
        examples=[200.0],
        json_schema_extra={"unit": "events"},
    )
    collector_origins: list[str] = Field(
        [],
        description="origins of pages that may send from browsers ([browser tag](senders/browser.md)); nobody else's may",
        examples=[["https://shop.example"]],
    )
    collector_visitor_events_per_second: float = Field(
        50.0,
        gt=0,
        description="events a second and client address that come by browser keys, bursts of two seconds aside; beyond, 429",
        examples=[10.0],
        json_schema_extra={"unit": "events"},
    )
    collector_proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="proxies in front of the collector that add to X-Forwarded-For: by them the client address is known; "
        "without any it is the peer's",
        examples=[1],
        json_schema_extra={"unit": "proxies"},
    )
    collector_in_flight_bytes: int = Field(
        64 << 20,
        ge=1 << 20,
        description="bodies and events in the collector's memory, at most; beyond, 503",
        examples=[256 << 20],
        json_schema_extra={"unit": "bytes"},
    )
    collector_wait_seconds: float = Field(
        1.0,
        gt=0,
        description="how long a request may wait for its events to be durable before further requests are refused with 429",
        examples=[3.0],
        json_schema_extra={"unit": "seconds"},
    )
    collector_read_seconds: float = Field(
        15.0,
        gt=0,
        description="longest time to receive a request body",
        examples=[60.0],
        json_schema_extra={"unit": "seconds"},
    )
    collector_ack_seconds: float = Field(
        30.0,
        gt=0,
        description="longest time for Kafka (or the outbox) to acknowledge a request's events; beyond, 503",
        examples=[10.0],
        json_schema_extra={"unit": "seconds"},
    )

    @field_validator("sender_names_file", "webhooks_file", mode="before")
    @classmethod
    def _no_file_where_empty(cls, value: object) -> object:
        return empty_is_none(value)

    @field_validator("collector_origins", mode="before")
    @classmethod
    def _origins_of_text(cls, value: object) -> object:
        return split_commas(value)

    @field_validator("collector_origins")
    @classmethod
    def _origins_as_browsers_send_them(cls, value: list[str]) -> list[str]:
        return require_origins(value)
