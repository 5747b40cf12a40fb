"""Settings of the surveys that we ask ourselves."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from touchline.settings.group import Name, Port, SettingsGroup, empty_is_none


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

    @field_validator("survey_questions_file", mode="before")
    @classmethod
    def _no_questions_where_empty(cls, value: object) -> object:
        return empty_is_none(value)
