"""Views and workers take the same number for hubs while nobody says otherwise."""

from __future__ import annotations

from touchline.settings import Settings
from touchline.sql.ledger.said import HUB_NEIGHBOURS_DEFAULT


def test_the_views_take_the_default_of_the_setting_while_no_worker_has_said_another() -> None:
    assert Settings.model_fields["hub_neighbours"].default == HUB_NEIGHBOURS_DEFAULT
