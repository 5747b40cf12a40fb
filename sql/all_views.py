"""All views that readers see, in an order in which they can be created. The library of migrations is not needed for them: the dashboard's
extra comes without it.
"""

from __future__ import annotations

from touchline.sql.language.parameterized import ParameterizedView
from touchline.sql.language.views import View
from touchline.sql.subjects.cases import CASE_VIEWS
from touchline.sql.subjects.churn import CHURN
from touchline.sql.subjects.churn_after import CHURN_AFTER_EXPERIENCE
from touchline.sql.subjects.churn_rate import CHURN_RATE
from touchline.sql.subjects.comments import COMMENTS
from touchline.sql.subjects.consent import CONSENT_VIEWS
from touchline.sql.subjects.dimensions import DIMENSION_VIEWS, MAP_DAYS
from touchline.sql.subjects.facts import FACT_VIEWS, UNMAPPED_BEHIND
from touchline.sql.subjects.funnel.views import FUNNEL_STAGE, FUNNEL_STAGE_BEHIND, FUNNEL_STAGE_OF_ALL
from touchline.sql.subjects.glance import TOUCHPOINT_GLANCE
from touchline.sql.subjects.identity import IDENTITY_VIEWS, PERSON_LINKS
from touchline.sql.subjects.impact import IMPACT
from touchline.sql.subjects.journeys import JOURNEY_EVENTS, JOURNEYS, JOURNEYS_OF_ANSWERS
from touchline.sql.subjects.map_versions import MAP_VERSIONS
from touchline.sql.subjects.notes import NOTE_VIEWS
from touchline.sql.subjects.paths import PATH_EDGES, PATHS
from touchline.sql.subjects.persons import PERSONS, PERSONS_BEHIND, PERSONS_BY_TOUCHPOINT, PERSONS_OVER_TIME
from touchline.sql.subjects.records import ACCOUNT, FRESHNESS, QUARANTINE, QUARANTINE_SETTLED
from touchline.sql.subjects.surveys.accounting import SURVEY_ACCOUNTING
from touchline.sql.subjects.surveys.api import SURVEY_API_VIEWS
from touchline.sql.subjects.surveys.marts import SURVEYS, SURVEYS_BEHIND, SURVEYS_OVER_TIME
from touchline.sql.subjects.surveys.rates import SURVEY_RESPONSE_RATES
from touchline.sql.subjects.surveys.reach import DECLARED_REACH
from touchline.sql.subjects.surveys.response import SURVEY_RESPONSE
from touchline.sql.subjects.surveys.series import SURVEY_OVER_TIME
from touchline.sql.subjects.surveys.split import SURVEY_SPLIT
from touchline.sql.subjects.surveys.unclassified import UNCLASSIFIED_ANSWERS
from touchline.sql.subjects.surveys.weighted import SURVEY_WEIGHTED
from touchline.sql.subjects.surveys.wordings import SURVEY_WORDINGS
from touchline.sql.subjects.volume import REVENUE, REVENUE_BEHIND, VOLUME_API_VIEWS, VOLUMES, VOLUMES_BEHIND
from touchline.sql.subjects.waits import DWELL, WAIT, WAIT_BEHIND, WAITS

_OF_TABLES = (
    *(*FACT_VIEWS, UNCLASSIFIED_ANSWERS, QUARANTINE, QUARANTINE_SETTLED),
    *IDENTITY_VIEWS,
    *CONSENT_VIEWS,
    *NOTE_VIEWS,
    *CASE_VIEWS,
    *(*VOLUMES, *PERSONS, *SURVEYS, *SURVEYS_OVER_TIME, REVENUE, WAIT, ACCOUNT),
    *(SURVEY_ACCOUNTING, SURVEY_RESPONSE_RATES, SURVEY_WORDINGS),
    *(*PERSONS_OVER_TIME, DWELL, PATH_EDGES, MAP_DAYS, FRESHNESS, FUNNEL_STAGE_OF_ALL),
    *(*DIMENSION_VIEWS, MAP_VERSIONS),
)
VIEWS = (*_OF_TABLES, TOUCHPOINT_GLANCE)
"""Those of `journey`."""
EVENT_VIEWS = (
    *(*VOLUMES_BEHIND, *PERSONS_BEHIND, *SURVEYS_BEHIND, REVENUE_BEHIND, WAIT_BEHIND),
    *(FUNNEL_STAGE_BEHIND, UNMAPPED_BEHIND),
)
"""The events behind each cell of a mart, in `journey_api`."""
API_VIEWS: tuple[ParameterizedView, ...] = (
    *(*SURVEY_API_VIEWS, SURVEY_OVER_TIME, SURVEY_SPLIT, SURVEY_RESPONSE, SURVEY_WEIGHTED, IMPACT, DECLARED_REACH),
    *(CHURN, CHURN_RATE, CHURN_AFTER_EXPERIENCE),
    *(
        *VOLUME_API_VIEWS,
        PERSONS_BY_TOUCHPOINT,
        FUNNEL_STAGE,
        WAITS,
        PATHS,
        JOURNEYS,
        JOURNEYS_OF_ANSWERS,
        JOURNEY_EVENTS,
        PERSON_LINKS,
    ),
)
"""Those with arguments, in `journey_api`."""
ALL_VIEWS: tuple[View | ParameterizedView, ...] = (
    *_OF_TABLES,
    *(one.view for one in EVENT_VIEWS),
    *API_VIEWS,
    TOUCHPOINT_GLANCE,  # made of views with arguments
)
KEPT_APART: tuple[View, ...] = (COMMENTS,)
"""In `journey_raw`: no reader, no BI tool and no question of the page reaches them; each has a role of its own."""
