"""How well the real pipeline merges simulated customers: exactly as well as the rules of identity do in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.engines import Ledger, own_face_with_worker, touchline
from tests.support.rest import wait_until_at_rest
from touchline.simulate.score import AS_TOUCHLINE_DOES

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

PEOPLE = ("--identities", "--map", "five_stages", "--seed", "1", "--persons", "80", "--days", "30")
SHARES = ("0", "0.5")
"""Of every second person the chance to use the browser of the one before."""
Figures = tuple[float, float, int]


def by_rule(said: dict[str, Any]) -> dict[str, Figures]:
    """Rule -> precision, recall, persons found."""
    return {one["rule"]: (one["precision"], one["recall"], one["persons"]) for one in said["scores"]}


def simulate(ledger: Ledger, file: Path, share: str) -> dict[str, Figures]:
    """Send them, and score them in memory."""
    words = (*PEOPLE, "--shared-share", share, "--score", "--ledger", str(file), "--json")
    return by_rule(json.loads(touchline(ledger, "simulate", *words)))


def test_persons_as_stored_are_those_of_the_rules_in_memory_with_and_without_shared_devices(
    stack: LocalStack, tmp_path: Path
) -> None:
    with own_face_with_worker(stack, tmp_path, maps=["five_stages"]) as ledger:
        files = {share: tmp_path / f"truth-{share}.ndjson" for share in SHARES}
        in_memory = {share: simulate(ledger, file, share) for share, file in files.items()}
        wait_until_at_rest(ledger.settings)
        touchline(ledger, "reconcile", "--wait", "120")
        for share, file in files.items():
            said = json.loads(touchline(ledger, "simulate", "score", str(file), "--json"))
            assert said["missing"] == 0
            assert said["events"] > 400
            found = by_rule(said)
            stored = found.pop("as stored")
            assert found == in_memory[share], "the ledger says what was sent"
            assert stored == in_memory[share][AS_TOUCHLINE_DOES]
            assert stored[1] > in_memory[share]["no links"][1]
            assert (stored[0] == 1) is (share == "0")
