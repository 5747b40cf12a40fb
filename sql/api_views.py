"""The views with arguments, all of them."""

from __future__ import annotations

from touchline.sql.journey_views import JOURNEY_API_VIEWS
from touchline.sql.parameterized import ParameterizedView
from touchline.sql.survey_api import SURVEY_API_VIEWS

API_VIEWS: tuple[ParameterizedView, ...] = (*SURVEY_API_VIEWS, *JOURNEY_API_VIEWS)
