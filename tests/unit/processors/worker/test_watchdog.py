"""The watchdog tells a waiting store from a reader that is stuck."""

from __future__ import annotations

from touchline.processors.worker.watchdog import Standing, Verdict, Watchdog


def judge_all(*steps: tuple[float, Standing]) -> list[Verdict]:
    watchdog = Watchdog(stall_seconds=30.0)
    return [watchdog.judge(standing, now) for now, standing in steps]


def test_worker_without_lag_may_stand_still_for_ever() -> None:
    idle = Standing(0, 5, None)
    assert judge_all((0, idle), (1_000, idle), (100_000, idle)) == [Verdict.FINE] * 3


def test_progress_is_fine_however_large_the_lag() -> None:
    verdicts = judge_all(*((now * 20.0, Standing(1_000_000, now, None)) for now in range(5)))
    assert verdicts == [Verdict.FINE] * 5


def test_lag_without_progress_while_the_store_holds_a_batch_is_said_each_time_the_limit_passes() -> None:
    held = Standing(10, 3, 0.0)
    verdicts = judge_all((0, held), (29, held), (30, held), (40, held), (61, held))
    assert verdicts == [Verdict.FINE, Verdict.FINE, Verdict.STORE_HOLDS, Verdict.FINE, Verdict.STORE_HOLDS]


def test_lag_without_progress_and_nothing_handed_over_means_that_reading_is_stuck() -> None:
    stuck = Standing(10, 3, None)
    assert judge_all((0, stuck), (31, stuck)) == [Verdict.FINE, Verdict.READING_STUCK]


def test_health_is_what_was_found_last_until_there_is_progress() -> None:
    watchdog = Watchdog(stall_seconds=30.0)
    held = Standing(10, 3, 0.0)
    found = []
    for now, standing in ((0, held), (31, held), (40, held), (50, held._replace(progress=4)), (60, held)):
        watchdog.judge(standing, now)
        found.append(watchdog.health)
    assert found == [Verdict.FINE, Verdict.STORE_HOLDS, Verdict.STORE_HOLDS, Verdict.FINE, Verdict.FINE]
