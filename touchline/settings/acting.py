"""Settings of those that act: `touchline care`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import Field, field_validator

from touchline.settings.group import Name, Port, SettingsGroup, empty_is_none


class CareSettings(SettingsGroup):
    """Rules, folder and endpoint of `touchline care`."""

    care_rules_file: Path | None = Field(
        None,
        description="rules by which cases are opened, and where alerts go; the rules that ship, without sinks, where empty",
        examples=["care.yaml"],
    )
    care_dir: Path = Field(
        Path(".local/care"),
        description="how far `touchline care` has read, and the alerts that sinks have not taken yet",
        examples=["/var/lib/touchline/care"],
    )
    care_source: Name = Field(
        "care", description="source of the events of cases; declared in sources_file", examples=["care-eu"]
    )
    care_poll_seconds: float = Field(
        0.05,
        ge=0.01,
        le=60,
        description="how often `touchline care` asks the ledger for news",
        examples=[1],
        json_schema_extra={"unit": "seconds"},
    )
    care_since: Name | None = Field(
        None,
        description="what happened from then on opens cases; the first start of `touchline care` where that is earlier, or this is empty",
        examples=["2026-11-01T00:00:00Z"],
    )
    care_lapse_seconds: float = Field(
        10.0,
        ge=0,
        le=3600,
        description="how long the reason of a case is gone before it lapses: events that move between partitions are away for a moment",
        examples=[60],
        json_schema_extra={"unit": "seconds"},
    )
    care_http_host: Name = Field(
        "127.0.0.1",
        description="address on which `touchline care` serves its health and metrics",
        examples=["0.0.0.0"],
    )
    care_http_port: Port | None = Field(
        None, description="its port; no health and metrics over HTTP where empty", examples=[8791]
    )

    @field_validator("care_rules_file", "care_since", "care_http_port", mode="before")
    @classmethod
    def _none_where_empty(cls, value: object) -> object:
        return empty_is_none(value)

    @field_validator("care_since")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        """Raises ValueError unless it is RFC 3339 with an offset."""
        if value is not None and not _has_offset(value):
            raise ValueError("a time has an offset; write it as 2026-11-01T00:00:00Z")
        return value


def _has_offset(text: str) -> bool:
    try:
        return "T" in text and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
