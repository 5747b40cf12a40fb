"""Confidence intervals as SQL: each formula stands here once, and every view that needs it is given its text.

All are two-sided at 95 %. Arguments are SQL names or expressions, none of them NULL; results are expressions of type Float64.

Why: docs/decisions/0054.
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


_T_OF_FEW = {1: 12.706204736174705, 2: 4.302652729749464}


def t_quantile_sql(degrees: str) -> str:
    """97.5 % quantile of Student's t by the series of Abramowitz and Stegun 26.7.5, which is off by less than 0.2 % from 3 degrees of
    freedom on; at 1 and 2 the exact values stand."""
    terms = (f"{term!r} / pow({degrees}, {power})" for power, term in enumerate(_T_TERMS, start=1))
    few = "".join(f"{degrees} = {number}, {exact!r}, " for number, exact in _T_OF_FEW.items())
    return f"multiIf({few}{' + '.join([repr(Z), *terms])})"


class IntervalSql(NamedTuple):
    """Bounds as SQL, which call the names of the last of `layers`. Each layer is named expressions that call the layer before: a
    SELECT each. (In one SELECT the engine would spell every name out again wherever it is called, and plan for a tenth of a second.)"""

    layers: tuple[dict[str, str], ...]
    low: str
    high: str


def wilson(positive: str, n: str, name: str = "wilson") -> IntervalSql:
    """Of a share (0..1): Wilson 1927. `name` begins the names of its layer: another one for each interval beside it."""
    layer = {
        f"{name}_centre": f"({positive} + {Z**2 / 2!r}) / ({n} + {Z**2!r})",
        f"{name}_half": f"{Z!r} * sqrt({positive} * ({n} - {positive}) / {n} + {Z**2 / 4!r}) / ({n} + {Z**2!r})",
    }
    return IntervalSql((layer,), f"greatest({name}_centre - {name}_half, 0)", f"least({name}_centre + {name}_half, 1)")


def adjusted_wald(positive: str, negative: str, n: str) -> IntervalSql:
    """Of a difference of two shares of the same answers (-1..1), such as NPS / 100: Rocks 2016.

    Three pseudo-answers are added (3/4 positive, 3/4 negative), then Wald: the variance of one answer is p + d - (p - d)^2. The
    bounds are cut at -1 and 1, which the formula can pass even when adjusted.
    """
    layers = (
        {"wald_net": f"({positive} - {negative}) / ({n} + 3)"},
        {"wald_variance": f"({positive} + {negative} + 1.5) / ({n} + 3) - wald_net * wald_net"},
        {"wald_half": f"{Z!r} * sqrt(wald_variance / ({n} + 3))"},
    )
    return IntervalSql(layers, "greatest(wald_net - wald_half, -1)", "least(wald_net + wald_half, 1)")


def student_t(total: str, squares: str, n: str, lowest: str, highest: str) -> IntervalSql:
    """Of a mean on a scale, from the sum of scores and of their squares; cut at the ends of the scale.

    One answer says nothing about spread: its interval is the whole scale.
    """
    layers = (
        {"t_degrees": f"greatest({n} - 1, 1)"},
        {"t_quantile": t_quantile_sql("t_degrees")},
        {"t_half": f"t_quantile * sqrt(greatest({squares} - {total} * {total} / {n}, 0) / t_degrees / {n})"},
    )
    return IntervalSql(
        layers,
        f"if({n} > 1, greatest({total} / {n} - t_half, {lowest}), {lowest})",
        f"if({n} > 1, least({total} / {n} + t_half, {highest}), {highest})",
    )


def recovered(difference: str, low: str, high: str, less_low: str, less_high: str) -> tuple[str, str]:
    """Bounds of a difference from how far the bounds of its two parts are from their values: the method of variance estimates recovery
    (Zou and Donner 2008), which for Wilson's is Newcombe's hybrid score (Newcombe 1998, method 10). All arguments but the first are
    distances; `less_` are those of the part that is taken away."""
    return (
        f"{difference} - sqrt(pow({low}, 2) + pow({less_high}, 2))",
        f"{difference} + sqrt(pow({high}, 2) + pow({less_low}, 2))",
    )
