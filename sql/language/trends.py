"""Whether a KPI changed from one period to the one before: the change, its 95 % interval, and what that proves.

Of a difference of two shares (NPS) both periods are adjusted as for their own interval, then Wald (measuringu.com/nps-significance-test).
Of shares and means the two intervals give that of the difference (formulas.recovered).

Answers to a mean that are all alike say nothing about spread (two of two would prove any change): it is then taken to be that of the other
period, and at least the change.

Why: docs/decisions/0054.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.formulas import Z, recovered
from touchline.sql.language.views import all_of, any_of

UP, DOWN, NOT_SIGNIFICANT, NOT_KNOWN = "up", "down", "no significant change", "no answers to compare"
_SIDES: Final = ("now", "before")
_ALIKE: Final = 1e-6
"""An interval of a mean that is no wider comes from answers that are all alike."""
OF_SAMPLE: Final = {
    "deviation": "if(n > 1, sqrt(greatest(squares - total * total / n, 0) / t_degrees), greatest(value - lowest, highest - value))",
    "is_alike": all_of("kind = 'mean'", f"ci_high - ci_low <= {_ALIKE!r}"),
}
"""What the trend needs of each period's sample, beside what `value_layers` makes."""
SIDE: Final = ("n", "value", "ci_low", "ci_high", "wald_net", "wald_variance", "t_quantile", *OF_SAMPLE)
"""Columns of each sample that the layers call as now_<name> and before_<name>."""


def trend_layers() -> list[dict[str, str]]:
    """Layers that end with change, change_low, change_high and trend; numbers only where both periods have answers."""
    other = dict(zip(_SIDES, reversed(_SIDES), strict=True))
    first = {"change": "now_value - before_value"}
    first |= {
        f"{side}_half": f"{side}_t_quantile * greatest({other[side]}_deviation, abs(change)) / sqrt({side}_n)"
        for side in _SIDES
    }
    ends = {
        f"{side}_{end}": f"if({side}_is_alike, {side}_half, {sql})"
        for side in _SIDES
        for end, sql in (("below", f"{side}_value - {side}_ci_low"), ("above", f"{side}_ci_high - {side}_value"))
    }
    variances = " + ".join(f"{side}_wald_variance / ({side}_n + 3)" for side in _SIDES)
    ends |= {"net_change": "100 * (now_wald_net - before_wald_net)", "half_change": f"100 * {Z!r} * sqrt({variances})"}
    low, high = recovered("change", "now_below", "now_above", "before_below", "before_above")
    bounds = {
        "change_low": f"if(kind = 'net', net_change - half_change, {low})",
        "change_high": f"if(kind = 'net', net_change + half_change, {high})",
    }
    has_none = any_of("now_n = 0", "before_n = 0")
    verdict = (
        f"multiIf({has_none}, '{NOT_KNOWN}', change_low > 0, '{UP}', change_high < 0, '{DOWN}', '{NOT_SIGNIFICANT}')"
    )
    return [first, ends, bounds, {"trend": verdict}]
