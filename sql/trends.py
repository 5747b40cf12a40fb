"""Whether a KPI changed from one period to the one before: the change, its 95 % interval, and what that proves.

Of a difference of two shares (NPS) both periods are adjusted as for their own interval, then Wald (measuringu.com/nps-significance-test).
Of shares and means the two intervals give that of the difference by the method of variance estimates recovery (Zou and Donner 2008), which
for Wilson's is Newcombe's hybrid score (Newcombe 1998, method 10).

Answers to a mean that are all alike say nothing about spread (two of two would prove any change): it is then taken to be that of the other
period, and at least the change.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.formulas import Z, t_quantile_sql

UP, DOWN, NO_PROOF, NOT_KNOWN = "up", "down", "no proof of change", "no answers to compare"
VERDICTS: Final = (UP, DOWN, NO_PROOF, NOT_KNOWN)
SIDE: Final = ("n", "n_positive", "n_negative", "total", "squares", "value", "ci_low", "ci_high")
"""What the layers call of each period, under the names now_<name> and before_<name>; and kind, lowest and highest."""
_SIDES: Final = ("now", "before")
_ALIKE: Final = 1e-6
"""An interval of a mean that is no wider comes from answers that are all alike."""


def trend_layers() -> list[dict[str, str]]:
    """Layers that end with change, change_low, change_high and trend; numbers only where both periods have answers."""
    other = dict(zip(_SIDES, reversed(_SIDES), strict=True))
    first = {"change": "now_value - before_value"}
    second: dict[str, str] = {}
    third: dict[str, str] = {}
    for side in _SIDES:
        n, total = f"{side}_n", f"{side}_total"
        first |= {
            f"{side}_net": f"({side}_n_positive - {side}_n_negative) / ({n} + 3)",
            f"{side}_sides": f"({side}_n_positive + {side}_n_negative + 1.5) / ({n} + 3)",
            f"{side}_t": t_quantile_sql(f"greatest({n} - 1, 1)"),
            f"{side}_deviation": f"if({n} > 1, sqrt(greatest({side}_squares - {total} * {total} / {n}, 0) / ({n} - 1)), "
            f"greatest({side}_value - lowest, highest - {side}_value))",
            f"is_{side}_alike": f"kind = 'mean' AND {side}_ci_high - {side}_ci_low <= {_ALIKE!r}",
        }
        second |= {
            f"{side}_variance": f"({side}_sides - {side}_net * {side}_net) / ({n} + 3)",
            f"{side}_half": f"{side}_t * greatest({other[side]}_deviation, abs(change)) / sqrt({n})",
        }
        third |= {
            f"{side}_below": f"if(is_{side}_alike, {side}_half, {side}_value - {side}_ci_low)",
            f"{side}_above": f"if(is_{side}_alike, {side}_half, {side}_ci_high - {side}_value)",
        }
    third["half_change"] = f"100 * {Z!r} * sqrt(now_variance + before_variance)"
    net = "100 * (now_net - before_net)"
    bounds = {
        "change_low": f"if(kind = 'net', {net} - half_change, change - sqrt(pow(now_below, 2) + pow(before_above, 2)))",
        "change_high": f"if(kind = 'net', {net} + half_change, change + sqrt(pow(now_above, 2) + pow(before_below, 2)))",
    }
    verdict = f"multiIf(now_n = 0 OR before_n = 0, '{NOT_KNOWN}', change_low > 0, '{UP}', change_high < 0, '{DOWN}', '{NO_PROOF}')"
    return [first, second, third, bounds, {"trend": verdict}]
