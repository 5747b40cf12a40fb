"""Arbitrary bytes and mutated events through decode, validate and fates: `./run check bytes [--seed N] [--inputs N]`.

Every input gets exactly one fate with a reason of the closed set, none raises, none is put aside as a bug, and the account balances.
Half are hypothesis's arbitrary bytes, half are valid events of every type with their structure and then their bytes changed.
"""

from __future__ import annotations

from tests.checks.fates import check_bytes, check_mutations
from tests.checks.verdict import check_parser, end_with_verdict

INPUTS = 200_000


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("bytes", __doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help=f"inputs in all (default {INPUTS:,})")
    arguments = parser.parse_args()
    end_with_verdict(lambda: check(arguments.inputs, arguments.seed))


def check(inputs: int, seed: int) -> str:
    """What was found of so many inputs."""
    arbitrary = check_bytes(inputs // 2, seed)
    mutated = check_mutations(inputs - inputs // 2, seed)
    total = arbitrary + mutated
    received = total.pop("received")
    if received < inputs:
        raise AssertionError(f"only {received} of {inputs} inputs were made")
    if sum(total.values()) != received:
        raise AssertionError(f"{received} inputs, but {sum(total.values())} fates")
    shares = ", ".join(f"{fate} {count:,}" for fate, count in sorted(total.items()))
    return f"{received:,} inputs ({arbitrary['received']:,} arbitrary bytes), each with one fate: {shares}"


if __name__ == "__main__":
    main()
