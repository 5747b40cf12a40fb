"""Settings of the dashboard."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from touchline.settings.group import Name, Port, SettingsGroup, empty_is_none, split_commas


class DashboardSettings(SettingsGroup):
    """Where the dashboard listens, and how much it asks of ClickHouse."""

    dashboard_host: Name = Field(
        "127.0.0.1",
        description="address that the dashboard listens on; it has no login: a proxy in front of it has",
        examples=["0.0.0.0"],
    )
    dashboard_port: Port = Field(8788, description="port that the dashboard listens on", examples=[9200])
    dashboard_names: list[str] = Field(
        [],
        description="host names under which the dashboard answers, beside localhost and dashboard_host",
        examples=[["journeys.example.com"]],
    )
    dashboard_queries: int = Field(
        8,
        ge=1,
        le=200,
        description="queries that the dashboard asks ClickHouse at once, at most",
        examples=[4],
        json_schema_extra={"unit": "queries"},
    )
    dashboard_wait_seconds: float = Field(
        10.0,
        gt=0,
        description="longest time that a query waits for its turn; beyond, 503",
        examples=[2.0],
        json_schema_extra={"unit": "seconds"},
    )
    dashboard_query_seconds: float = Field(
        30.0,
        gt=0,
        description="longest time for ClickHouse to answer a query of the dashboard; beyond, 504",
        examples=[60.0],
        json_schema_extra={"unit": "seconds"},
    )

    dashboard_comments_keys_file: Path | None = Field(
        None,
        description="keys that open comments on the page: lines `<name>.<secret>`, each reading is logged under the name; the page shows "
        "no comments where empty",
        examples=["/run/secrets/comments_keys"],
    )
    dashboard_comments_user: Name | None = Field(
        None,
        description="ClickHouse user with whom the dashboard reads comments (role touchline_comments); clickhouse_user where empty",
        examples=["touchline_comments"],
    )
    dashboard_comments_password_file: Path | None = Field(
        None,
        description="file with that user's password; clickhouse_password_file where empty",
        examples=["/run/secrets/clickhouse_comments_password"],
    )

    @field_validator(
        "dashboard_comments_keys_file",
        "dashboard_comments_user",
        "dashboard_comments_password_file",
        mode="before",
    )
    @classmethod
    def _nothing_where_empty(cls, value: object) -> object:
        return empty_is_none(value)

    @field_validator("dashboard_names", mode="before")
    @classmethod
    def _names_of_text(cls, value: object) -> object:
        return split_commas(value)
