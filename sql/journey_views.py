"""The journey side of what readers see: views with arguments, and marts for tools that give none."""

from __future__ import annotations

from touchline.sql.funnel_api import FUNNEL
from touchline.sql.journey_api import JOURNEY_EVENTS, JOURNEYS
from touchline.sql.journey_marts import FRESHNESS, MAP_DAYS, PERSONS_OVER_TIME
from touchline.sql.path_api import PATH_EDGES, PATHS
from touchline.sql.person_api import PERSONS_BY_TOUCHPOINT
from touchline.sql.volume_api import VOLUME_API_VIEWS
from touchline.sql.wait_api import DWELL, WAITS

JOURNEY_API_VIEWS = (*VOLUME_API_VIEWS, PERSONS_BY_TOUCHPOINT, FUNNEL, WAITS, PATHS, JOURNEYS, JOURNEY_EVENTS)
JOURNEY_MARTS = (*PERSONS_OVER_TIME, DWELL, PATH_EDGES, MAP_DAYS, FRESHNESS)
