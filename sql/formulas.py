"""Confidence intervals as SQL expressions: each formula stands here once, and every view that needs it is given its text.

All are two-sided at 95 %. Arguments are SQL names or expressions; results are SQL expressions of type Float64.
"""

from __future__ import annotations

from typing import NamedTuple

Z = 1.959963984540054
"""97.5 % quantile of the standard normal distribution."""

_T_TERMS = (
    (Z**3 + Z) / 4,
    (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
    (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
    (79 * Z**9 + 776 * Z**7 + 1482 * Z**5 - 1920 * Z**3 - 945 * Z) / 92160,
)


class IntervalSql(NamedTuple):
    """Lower and upper bound, as SQL."""

    low: str
    high: str


def wilson(positive: str, n: str) -> IntervalSql:
    """Of a share (0..1): Wilson 1927."""
    centre = f"({positive} + {Z**2 / 2!r}) / ({n} + {Z**2!r})"
    half = f"{Z!r} * sqrt({positive} * ({n} - {positive}) / {n} + {Z**2 / 4!r}) / ({n} + {Z**2!r})"
    return IntervalSql(f"greatest({centre} - {half}, 0)", f"least({centre} + {half}, 1)")


def adjusted_wald(positive: str, negative: str, n: str) -> IntervalSql:
    """Of a difference of two shares of the same answers (-1..1), such as NPS / 100: Rocks 2016.

    Three made-up answers are added (3/4 positive, 3/4 negative), then Wald: the variance of one answer is p + d - (p - d)^2. The
    bounds are cut at -1 and 1, which the plain formula leaves even when adjusted.
    """
    net = f"({positive} - {negative}) / ({n} + 3)"
    variance = f"({positive} + {negative} + 1.5) / ({n} + 3) - pow({net}, 2)"
    half = f"{Z!r} * sqrt(({variance}) / ({n} + 3))"
    return IntervalSql(f"greatest({net} - {half}, -1)", f"least({net} + {half}, 1)")


def student_t_quantile(degrees: str) -> str:
    """97.5 % quantile of Student's t: Abramowitz and Stegun 26.7.5. Off by 11 % at 1 degree, 1 % at 2, less than 0.2 % from 3 on;
    at 1 and 2 the exact values stand instead."""
    series = " + ".join([repr(Z), *(f"{term!r} / pow({degrees}, {power})" for power, term in enumerate(_T_TERMS, start=1))])
    return f"multiIf({degrees} = 1, 12.706204736174705, {degrees} = 2, 4.302652729749464, {series})"


def student_t(total: str, squares: str, n: str, lowest: str, highest: str) -> IntervalSql:
    """Of a mean on a scale, from the sum of scores and of their squares; cut at the ends of the scale.

    One answer says nothing about spread: its interval is the whole scale.
    """
    spread = f"sqrt(greatest({squares} - pow({total}, 2) / {n}, 0) / greatest({n} - 1, 1) / {n})"
    half = f"({student_t_quantile(f'greatest({n} - 1, 1)')}) * {spread}"
    return IntervalSql(
        f"if({n} > 1, greatest({total} / {n} - {half}, {lowest}), {lowest})",
        f"if({n} > 1, least({total} / {n} + {half}, {highest}), {highest})",
    )
