"""Quantiles of times of which some are not over yet, as SQL: Kaplan and Meier 1958.

Left out, the open ones make waits look short (the long ones are those that are still open); counted as if they ended now, too. Here each
counts among those at risk for as long as it was seen.
"""

from __future__ import annotations

from collections.abc import Sequence

_TOLERANCE = 1e-9


def survival_layers(times: str, is_open: str, condition: str) -> list[dict[str, str]]:
    """For a GROUP BY, and two layers over it. Names `sorted_times`, then `logs`: of the share that has not ended by each of the times.

    Of n at risk one ends: the share is multiplied by 1 - 1/n. Of those that end together the factors multiply to that of all of them; an
    open one of the same length counts as longer.
    """
    one = f"2 * toInt64({times}) + {is_open}"  # one number sorts several times as fast as a pair
    return [
        {"sorted_times": f"arraySort(groupArrayIf({one}, {condition}))"},
        {
            "logs": "arrayCumSum(arrayMap((one, number) -> if(bitTest(one, 0), 0, log1p(-1 / (length(sorted_times) - number + 1))), "
            "sorted_times, arrayEnumerate(sorted_times)))"
        },
    ]


def quantile_layers(shares: Sequence[float]) -> dict[str, str]:
    """`rank_<percent>`: index of the first time by which at least the share has ended; 0 when so many never did."""
    return {
        f"rank_{round(100 * share)}": f"arrayFirstIndex(one -> one <= log(1 - {share!r}) + {_TOLERANCE!r}, logs)"
        for share in shares
    }


def quantile(share: float) -> str:
    """The quantile in the unit of the times; NULL where it is not reached."""
    rank = f"rank_{round(100 * share)}"
    return f"if({rank} = 0, NULL, intDiv(sorted_times[{rank}], 2))"
