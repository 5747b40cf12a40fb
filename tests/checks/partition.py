"""Schedules of one partition through the store loop: `./run check partition [--seed N] [--schedules N]`.

Workers take over, sleep, wake and die; the store stores, loses answers, stores nothing, or lets inserts arrive late; backups are
restored. In each schedule every offset has one fate at any moment, and in the end the tables are those of one sorted pass.
"""

from __future__ import annotations

import logging

from hypothesis import HealthCheck, Phase, seed as seeded, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.checks.verdict import check_parser, end_with_verdict
from tests.unit.processors.loop.test_store_machine import StoreMachine

SCHEDULES = 2_000
STEPS = 40


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("partition", __doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help=f"schedules (default {SCHEDULES:,})")
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)  # the store loop tells of each fault
    end_with_verdict(lambda: check(arguments.schedules, arguments.seed))


def check(schedules: int, seed: int) -> str:
    """What was found of so many schedules."""
    machine = seeded(seed)(StoreMachine)
    machine.inserts = machine.refused_late = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=schedules,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=set(Phase) - {Phase.shrink},
            suppress_health_check=list(HealthCheck),
        ),
    )
    if not machine.refused_late:
        raise AssertionError("no insert came late enough to meet a fence")
    return (
        f"{schedules:,} schedules, {machine.inserts:,} inserts, {machine.refused_late:,} of them refused by the fence"
    )


if __name__ == "__main__":
    main()
