"""Quantiles of durations of which some are still going on, against statsmodels."""

from __future__ import annotations

import warnings

import numpy as np
from clickhouse_driver import Client
from hypothesis import assume, given, settings, strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from touchline.sql.language.kaplan_meier import quantile, quantile_layers, survival_layers
from touchline.sql.language.views import layered

SHARES = (0.5, 0.75, 0.9)


def quantiles(client: Client, times: list[tuple[int, bool]]) -> list[float | None]:
    """As the views compute them. (duration, whether it has ended)"""
    rows = ", ".join(f"({duration}, {int(not ended)})" for duration, ended in times)
    grouped, shares_left = survival_layers("duration", "is_open", "1")
    counted = f"(SELECT {grouped['sorted_times']} AS sorted_times FROM values('duration Int64, is_open UInt8', {rows}))"
    shown = ", ".join(quantile(share) for share in SHARES)
    (found,) = client.execute(f"SELECT {shown} FROM {layered(counted, shares_left, quantile_layers(SHARES))}")
    return list(found)


def of_statsmodels(times: list[tuple[int, bool]]) -> list[float | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of standard errors, which are not used
        curve = SurvfuncRight(np.array([time for time, _ in times]), np.array([int(ended) for _, ended in times]))
    # Where the curve meets 1 - p exactly, rounding decides what statsmodels says.
    assume(all(abs(left - (1 - share)) > 1e-9 for left in curve.surv_prob for share in SHARES))
    found = [float(curve.quantile(share)) for share in SHARES]
    return [None if np.isnan(one) else one for one in found]


@settings(max_examples=50, deadline=None)
@given(times=st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60))
def test_quantiles_are_those_of_statsmodels(engine_client: Client, times: list[tuple[int, bool]]) -> None:
    assume(any(ended for _, ended in times))
    assert quantiles(engine_client, times) == of_statsmodels(times)


def test_what_is_open_makes_waits_longer_and_is_not_left_out(engine_client: Client) -> None:
    over = [(seconds, True) for seconds in (1, 2, 3, 4)]
    assert quantiles(engine_client, over)[0] == 2
    assert quantiles(engine_client, [*over, *[(10, False)] * 4]) == [4, None, None]
    assert quantiles(engine_client, [*over, *[(10, False)] * 5]) == [None, None, None]
    assert quantiles(engine_client, [*over, (0, False), (0, False)])[0] == 2, (
        "one that is not seen for long says nothing"
    )


def test_a_quantile_is_the_first_time_by_which_so_many_had_ended(engine_client: Client) -> None:
    assert quantiles(engine_client, [(60, True), (864_000, True)]) == [60, 864_000, 864_000]
    assert quantiles(engine_client, [*[(3_600, True)] * 9, (360_000, True)]) == [3_600, 3_600, 3_600]


def test_nothing_that_has_ended_gives_no_quantile(engine_client: Client) -> None:
    assert quantiles(engine_client, [(5, False), (7, False)]) == [None, None, None]
