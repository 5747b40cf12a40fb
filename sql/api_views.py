"""The views with arguments, all of them."""

from __future__ import annotations

from touchline.sql.impact import IMPACT
from touchline.sql.journey_views import JOURNEY_API_VIEWS
from touchline.sql.parameterized import ParameterizedView
from touchline.sql.survey_api import SURVEY_API_VIEWS
from touchline.sql.survey_series import SURVEY_OVER_TIME
from touchline.sql.survey_split import SURVEY_SPLIT

API_VIEWS: tuple[ParameterizedView, ...] = (
    *SURVEY_API_VIEWS,
    SURVEY_OVER_TIME,
    SURVEY_SPLIT,
    IMPACT,
    *JOURNEY_API_VIEWS,
)
