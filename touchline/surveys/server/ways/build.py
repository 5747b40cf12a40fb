"""All ways to ask, put together for one server."""

from __future__ import annotations

import time

from touchline.settings import Settings
from touchline.surveys.server.app import AddRoutes
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.standing import CatchUp
from touchline.surveys.server.ways.guests import Guests
from touchline.surveys.server.ways.kiosk import Kiosk
from touchline.surveys.server.ways.opening import Opening
from touchline.surveys.server.ways.pages import Pages
from touchline.surveys.server.ways.taking import Taking
from touchline.surveys.server.ways.widget import Widget


def ways(settings: Settings, desk: Desk, catch_up: CatchUp) -> tuple[AddRoutes, ...]:
    """Adds the routes of page, kiosk and widget. They share where answers are taken: an ask is answered once, whatever the way."""
    opening = Opening(desk, desk.secret, settings.survey_language)
    taking = Taking(desk, desk.secret)
    guests = Guests(settings.surveys_visitor_requests_per_second, settings.surveys_proxies, time.monotonic)
    shared = (opening, taking, guests, catch_up)
    return (Pages(*shared).add, Kiosk(desk, *shared).add, Widget(*shared, settings.surveys_origins).add)
