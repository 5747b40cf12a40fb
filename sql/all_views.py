"""All views that readers see. The library of migrations is not needed for them: the dashboard's extra comes without it."""

from __future__ import annotations

from touchline.sql.api_views import API_VIEWS
from touchline.sql.dimension_views import DIMENSION_VIEWS
from touchline.sql.event_views import EVENT_VIEWS
from touchline.sql.fact_views import FACT_VIEWS
from touchline.sql.journey_views import JOURNEY_MARTS
from touchline.sql.mart_views import MART_VIEWS
from touchline.sql.note_views import NOTE_VIEWS
from touchline.sql.parameterized import ParameterizedView
from touchline.sql.views import View

VIEWS = (*FACT_VIEWS, *NOTE_VIEWS, *MART_VIEWS, *JOURNEY_MARTS, *DIMENSION_VIEWS)
"""Those of `journey`."""
ALL_VIEWS: tuple[View | ParameterizedView, ...] = (*VIEWS, *(one.view for one in EVENT_VIEWS), *API_VIEWS)
"""And those of `journey_api`."""
