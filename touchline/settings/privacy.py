"""Settings of what is told about personal data."""

from __future__ import annotations

from pydantic import Field

from touchline.settings.group import SettingsGroup


class PrivacySettings(SettingsGroup):
    """What `touchline retention` looks for."""

    small_cell_events: int = Field(
        5,
        ge=2,
        le=1_000,
        description="`touchline retention` names days of a touchpoint and place with fewer anonymised events of a source than this",
        examples=[10],
        json_schema_extra={"unit": "events"},
    )
