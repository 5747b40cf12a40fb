"""Settings of the surveys that we ask ourselves."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from touchline.settings.group import ORIGIN, Name, Port, SettingsGroup, empty_is_none, require_origins, split_commas


class SurveySettings(SettingsGroup):
    """Who is asked what, in which words, and where the surveys listen."""

    surveys_host: Name = Field(
        "127.0.0.1",
        description="address that the surveys listen on; TLS is a proxy's in front of it",
        examples=["0.0.0.0"],
    )
    surveys_port: Port = Field(8789, description="port that the surveys listen on", examples=[9300])
    surveys_source: Name = Field(
        "surveys",
        description="source of what the surveys ask and are answered, declared in sources.yaml",
        examples=["our-surveys"],
    )
    survey_policy: Name = Field(
        "map",
        description="who is asked what, where and how often ([surveys](surveys.md)): `map` (as the journey map's kpis say), "
        "effort_order_satisfaction, one_score, recommendation, or a path",
        examples=["survey_policy.yaml"],
    )
    survey_questions_file: Path | None = Field(
        None,
        description="file of questions of your own, beside those that are shipped ([surveys](surveys.md)); none where empty",
        examples=["questions.yaml"],
    )
    survey_language: Name = Field(
        "en",
        description="language (BCP 47) of questions where nothing says which",
        examples=["de"],
    )
    survey_secret_file: Path = Field(
        Path(".local/secrets/survey_secret"),
        description="file with one line, hex of 32 bytes: makes the ids of asks, draws who is asked, and signs links; the same for all "
        "processes of the surveys",
        examples=["/run/secrets/survey_secret"],
    )
    surveys_asks_per_second: float = Field(
        100.0,
        gt=0,
        description="questions whether somebody may be asked, a second and write key, bursts of two seconds aside; beyond, 429",
        examples=[20.0],
        json_schema_extra={"unit": "requests"},
    )

    surveys_url: Name = Field(
        "http://127.0.0.1:8789",
        description="address under which customers reach the surveys, as links and QR codes begin; no path",
        examples=["https://ask.example"],
    )
    surveys_origins: list[str] = Field(
        [],
        description="origins of pages that may ask by the [widget](survey-pages.md#in-your-own-pages); nobody else's may",
        examples=[["https://shop.example"]],
    )
    surveys_proxies: int = Field(
        0,
        ge=0,
        le=8,
        description="proxies in front of the surveys that add to X-Forwarded-For, as collector_proxies",
        examples=[1],
        json_schema_extra={"unit": "proxies"},
    )
    surveys_visitor_requests_per_second: float = Field(
        10.0,
        gt=0,
        description="requests of the question page a second and client address, bursts of two seconds aside; beyond, 429",
        examples=[50.0],
        json_schema_extra={"unit": "requests"},
    )

    invitations_topic: Name | None = Field(
        None,
        description="Kafka topic to which [invitations](survey-invitations.md) go, which must exist; none where empty",
        examples=["touchline-invitations"],
    )
    invitations_webhook: str | None = Field(
        None,
        description="address to which invitations are sent by POST, beside the topic or instead of it; none where empty",
        examples=["https://mail.example/invitations"],
    )
    invitations_webhook_secret_file: Path | None = Field(
        None,
        description="file with the secret by which these requests are signed; not signed where empty",
        examples=["/run/secrets/invitations"],
    )
    invitations_poll_seconds: float = Field(
        10.0,
        ge=0.05,
        le=3600,
        description="how often the surveys look for questions that are due, and for asks whose time is over",
        examples=[60.0],
        json_schema_extra={"unit": "seconds"},
    )

    @field_validator("surveys_url")
    @classmethod
    def _address_without_path(cls, value: str) -> str:
        if not ORIGIN.fullmatch(value):
            raise ValueError("it is scheme and host as in https://ask.example, a port if it has one; no path")
        return value

    @field_validator("surveys_origins", mode="before")
    @classmethod
    def _survey_origins_of_text(cls, value: object) -> object:
        return split_commas(value)

    @field_validator("surveys_origins")
    @classmethod
    def _survey_origins_as_browsers_send_them(cls, value: list[str]) -> list[str]:
        return require_origins(value)

    @field_validator("invitations_webhook")
    @classmethod
    def _whole_address_of_invitations(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("the address of the webhook begins with https:// or http://; write it whole")
        return value

    @field_validator(
        "survey_questions_file",
        "invitations_topic",
        "invitations_webhook",
        "invitations_webhook_secret_file",
        mode="before",
    )
    @classmethod
    def _nothing_of_surveys_where_empty(cls, value: object) -> object:
        return empty_is_none(value)
