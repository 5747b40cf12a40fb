"""All views that readers see. The library of migrations is not needed for them: the dashboard's extra comes without it."""

from __future__ import annotations

from touchline.sql.api_views import API_VIEWS
from touchline.sql.dimension_views import DIMENSION_VIEWS
from touchline.sql.event_views import EVENT_VIEWS
from touchline.sql.fact_views import FACT_VIEWS
from touchline.sql.glance import TOUCHPOINT_GLANCE
from touchline.sql.journey_views import JOURNEY_MARTS
from touchline.sql.mart_views import MART_VIEWS
from touchline.sql.note_views import NOTE_VIEWS
from touchline.sql.parameterized import ParameterizedView
from touchline.sql.views import View

_OF_TABLES = (*FACT_VIEWS, *NOTE_VIEWS, *MART_VIEWS, *JOURNEY_MARTS, *DIMENSION_VIEWS)
VIEWS = (*_OF_TABLES, TOUCHPOINT_GLANCE)
"""Those of `journey`."""
ALL_VIEWS: tuple[View | ParameterizedView, ...] = (
    *_OF_TABLES,
    *(one.view for one in EVENT_VIEWS),
    *API_VIEWS,
    TOUCHPOINT_GLANCE,  # made of views with arguments
)
"""And those of `journey_api`, in an order in which they can be created."""
