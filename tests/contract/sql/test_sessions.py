"""What a reader's session sets for itself changes no number of a view."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import answer, attached, choose_default_map, register_map, write
from touchline.sql.all_views import EVENT_VIEWS, VIEWS
from touchline.sql.language.views import View

PLAIN = [*(view for view in VIEWS if view.schema == "journey"), *(one.view for one in EVENT_VIEWS)]


@pytest.mark.parametrize("view", PLAIN, ids=lambda view: view.full_name)
def test_a_session_that_wants_null_where_a_join_finds_nothing_gets_the_same_rows(
    empty_client: Client, view: View
) -> None:
    on_the_way = {
        "person": "k1:a",
        "cycle": 1,
        "touchpoint_number": 1,
        "transition": "enter",
        "first_of": 255,
        "stage_max": 1,
    }
    rows = [
        attached(1, **on_the_way, funnel_depth=1, currency="USD", currency_exponent=2, amount_minor=100),
        attached(2, person="k1:b", stage="", stage_order=0, is_mapped=0, touchpoint="kiosk", touchpoint_number=1),
        answer(3, "nps", 9, (0, 10), person="k1:a", cycle=1),
    ]
    write(empty_client, rows)
    register_map(empty_client, "retail")
    choose_default_map(empty_client)
    query = f"SELECT * FROM {view.full_name} ORDER BY ALL"
    assert empty_client.execute(query, settings={"join_use_nulls": 1}) == empty_client.execute(query)
