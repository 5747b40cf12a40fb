"""Settings of the workers: their endpoint, folders, maps and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from touchline.settings.group import Name, Port, SettingsGroup, empty_is_none, split_commas


class EndpointSettings(SettingsGroup):
    """Where a worker answers for its health and metrics."""

    worker_http_host: Name = Field(
        "127.0.0.1",
        description="address on which a worker serves its health and metrics",
        examples=["0.0.0.0"],
    )
    worker_http_port: Port | None = Field(
        None,
        description="its port, for each worker of a machine another one (`touchline up` counts up from this one, or takes free "
        "ones); no health and metrics over HTTP where empty",
        examples=[8790],
    )

    @field_validator("worker_http_port", mode="before")
    @classmethod
    def _no_port_where_empty(cls, value: object) -> object:
        return empty_is_none(value)


class LocalSettings(SettingsGroup):
    """Folders of the local stack and of the caches."""

    local_dir: Path = Field(
        Path(".local"), description="everything the local stack writes", examples=["/var/lib/touchline"]
    )
    state_dir: Path = Field(
        Path(".local/state"),
        description="the workers' caches; deleting them costs time only",
        examples=["/var/cache/touchline"],
    )


class JourneySettings(SettingsGroup):
    """Maps, sources, and the zone of local dates."""

    journeys_dir: Path = Field(
        Path("journeys"), description="journey maps; without one, the maps of the package", examples=["maps"]
    )
    maps: list[str] = Field(
        ["retail"],
        min_length=1,
        description="maps that begin to be applied when a worker starts: names in journeys_dir, or paths; first = default",
        examples=[["retail", "five_stages"]],
    )
    sources_file: Path = Field(
        Path("sources.yaml"), description="declares each source of events", examples=["/etc/touchline/sources.yaml"]
    )
    company_zone: Name = Field(
        "UTC",
        description="IANA time zone of local dates where the event's place names none",
        examples=["Europe/Berlin"],
    )

    @field_validator("maps", mode="before")
    @classmethod
    def _maps_of_text(cls, value: object) -> object:
        return split_commas(value)

    @field_validator("company_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError) as error:  # unknown name; name of a folder; not a name at all
            raise ValueError("is not an IANA time zone such as Europe/Berlin") from error
        return value


class WorkerSettings(SettingsGroup):
    """How much a worker takes at once, holds in memory, and waits."""

    batch_rows: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="events in one insert, at most",
        examples=[20_000],
        json_schema_extra={"unit": "events"},
    )
    id_memory_mb: int = Field(
        128,
        ge=1,
        le=4096,
        description="memory per partition for the ids of its events, at most: 25 million ids in 128; beyond, a growing share of "
        "the events is looked up in ClickHouse",
        examples=[512],
        json_schema_extra={"unit": "MiB"},
    )
    tick_seconds: float = Field(
        1.0,
        ge=0.1,
        le=3_600,
        description="how often a worker looks for what comes without records: answers follow an event that they name, and that came "
        "or changed later, within this time",
        examples=[5],
        json_schema_extra={"unit": "seconds"},
    )
    hub_neighbours: int = Field(
        50,
        ge=1,
        le=100_000,
        description="linked identifiers that one identifier may have; the links of one with more count for nothing, since it is a "
        "placeholder or a device of many, and would make strangers one person (view journey.hubs); for all workers alike",
        examples=[20],
        json_schema_extra={"unit": "identifiers"},
    )
    stall_seconds: float = Field(
        30.0,
        ge=5,
        le=86_400,
        description="longest time that a worker may stand still while records wait; then it says so in its log and its ready file",
        examples=[120],
        json_schema_extra={"unit": "seconds"},
    )
    stall_action: Literal["wait", "end"] = Field(
        "wait",
        description="what a worker does then while ClickHouse holds it up: wait for it, or end with status 3 for a supervisor to "
        "start another",
        examples=["end"],
    )
