"""`touchline surveys serve` is killed again and again while it is asked: `./run check survey_kills [--kills N] [--seed N]`.

Three ask about receipts all the time; the process is killed (SIGKILL) while what it has decided waits in Kafka, and begins again. In the
end of each receipt one decision stands, nobody was asked beyond the rule, and each yes that was told stands and was told once.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.survey_kills import RECEIPTS, ask_and_kill, faults
from touchline.local.stack import LocalStack

KILLS = 50


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("survey_kills", __doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help="kills of touchline surveys (default %(default)s)")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.seed, arguments.kills))


def check(seed: int, kills: int) -> str:
    """What was found. Raises AssertionError for a decision that is lost or made twice, and for a rule that is broken."""
    with tempfile.TemporaryDirectory(prefix="touchline-survey-kills-") as name:
        folder = Path(name)
        with LocalStack(folder / "stack", partitions=2, migrate=False) as stack:
            asked = ask_and_kill(stack, folder, kills, Random(seed))
    if found := faults(asked):
        raise AssertionError("; ".join(found[:10]))
    return f"{kills} kills, {asked.persons * RECEIPTS} receipts with one decision each, {len(asked.told)} told yes, each once"


if __name__ == "__main__":
    main()
