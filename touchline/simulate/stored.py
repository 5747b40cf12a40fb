"""The persons that ClickHouse has of a simulation, beside the true ones of its ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from touchline.errors import WrongUsage
from touchline.simulate.score import PairScore, Scores, pair_shares

PERSONS_OF_EVENTS = """
SELECT event_id, person
FROM (SELECT event_id, person, source FROM journey.touchpoints UNION ALL SELECT event_id, person, source FROM journey.answers)
WHERE source = 'simulator' AND startsWith(event_id, %(run)s) AND person IS NOT NULL"""
"""The person of each touchpoint and answer of a run, as the views have it."""


def read_ledger(file: Path) -> tuple[str, Scores]:
    """The run, and the scores of a file that `--ledger` wrote. Raises WrongUsage where it is none."""
    run, scores = "", Scores()
    try:
        with file.open(encoding="utf-8") as lines:
            for line in scores.watching(map(json.loads, lines)):
                if line["kind"] == "simulation":
                    run = line["run"]
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read ({error.strerror})", "give the file that --ledger wrote") from None
    except (ValueError, KeyError, TypeError):
        raise WrongUsage(f"{file} is no ledger of a simulation", "give the file that --ledger wrote") from None
    if not run:
        raise WrongUsage(f"{file} is no ledger of a simulation of persons", "give the file that --ledger wrote")
    return run, scores


def score_stored(truth: Mapping[str, int], stored: Iterable[tuple[str, str]]) -> tuple[PairScore, int]:
    """The score of the stored persons, and how many events of the truth are not there."""
    found = {event_id: person for event_id, person in stored if event_id in truth}
    shares = pair_shares([truth[event_id] for event_id in found], list(found.values()))
    return PairScore("as stored", *shares, len(set(found.values()))), len(truth) - len(found)
