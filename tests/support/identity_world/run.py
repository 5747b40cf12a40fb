"""Run schedules by their seeds: each in a folder of its own, whatever it ends with told in one line."""

from __future__ import annotations

import logging
import os
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.support.identity_world.absence import absences
from tests.support.identity_world.breaks import BREAKS, broken
from tests.support.identity_world.reader import Violation
from tests.support.identity_world.world import World

_MEMORY = "/dev/shm"


class Outcome(NamedTuple):
    """How schedules ended: what happened in them, and by seed what was found."""

    counts: Counter[str]
    found: list[tuple[int, str]]


def outcome_of(seeds: Sequence[int], break_name: str = "", focus: str = "", found_max: int = 20) -> Outcome:
    """Run the schedules of these seeds, up to the first that finds the break, or so many that find anything without one. `focus`: the
    plans in which to look without a break."""
    outcome = Outcome(Counter(), [])
    with _quiet():
        for seed in seeds:
            with broken(break_name):
                found = run_one(seed, outcome.counts, None, break_name, focus)
            if found:
                outcome.found.append((seed, f"{found} (--scene {focus})" if focus else found))
                if break_name or len(outcome.found) >= found_max:
                    break
    return outcome


def run_one(seed: int, counts: Counter[str], trace: list[str] | None, break_name: str = "", focus: str = "") -> str:
    """What the schedule finds; empty if nothing."""
    counts["schedules"] += 1
    with _folder() as folder:
        one = BREAKS.get(break_name)
        world = World(seed, folder, trace, focus=one.focus if one else focus)
        try:
            world.run()
        except Violation as violation:
            return str(violation)
        except (AttributeError, NameError, TypeError):
            raise  # a removal that does not fit the code any more
        except Exception as error:  # an invariant of the worker's own, or a fault of the program
            if trace is not None:
                trace += traceback.format_exc().splitlines()
            place = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}: {error}".splitlines()[0]
        finally:
            world.count(counts)
    return ""


def absences_of(seeds: Sequence[int]) -> list[float]:
    """For each event of these schedules that came back after it was gone, the ticks between, while nothing fails."""
    found: list[float] = []
    with _quiet():
        for seed in seeds:
            with _folder() as folder:
                found += absences(seed, folder)
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None, ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the worker's log of what is refused and waits: that is what happens here."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
