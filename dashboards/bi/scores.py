"""Formulas of survey KPIs over rows of a mart: numerators over denominators, and the interval from the summed classes."""

from __future__ import annotations

from collections.abc import Iterator

from touchline.dashboards.bi.guards import (
    ONE_BUCKET,
    ONE_KPI,
    ONE_MAP,
    TENTHS,
    WHOLE,
    GuardedMetric,
    guarded,
    is_rolling,
)
from touchline.sql.language.catalogue import REVERSED, Kind, SurveyKpi, Variant, load_catalogue
from touchline.sql.language.formulas import IntervalSql, adjusted_wald, wilson
from touchline.sql.language.views import View

BAND_LOW, BAND_HIGH = "__yhat_lower", "__yhat_upper"
"""Endings by which Superset draws two metrics as a band about a third one."""

_N, _GOOD, _BAD = "sum(n)", "sum(n_positive)", "sum(n_negative)"


def _inlined(interval: IntervalSql) -> tuple[str, str]:
    """The bounds as one expression each: a tool's formula has no layers."""
    low, high = interval.low, interval.high
    for layer in reversed(interval.layers):
        for name, sql in layer.items():
            low, high = low.replace(name, f"({sql})"), high.replace(name, f"({sql})")
    return low, high


def _of_kind(net: str, share: str, mean: str) -> str:
    return f"multiIf(any(variant) IN ({_ids('net')}), {net}, any(variant) IN ({_ids('share')}), {share}, {mean})"


def _ids(kind: Kind) -> str:
    ids = dict.fromkeys(variant.id for _, variant in load_catalogue().variants() if variant.kind == kind)
    return ", ".join(f"'{one}'" for one in ids)


def score_metrics(view: View) -> list[GuardedMetric]:
    """What may be computed of any rows of a survey mart."""
    also = f" AND {ONE_BUCKET}" if is_rolling(view) else ""
    return [*_scores(also), *_variants(also)]


def _scores(also: str) -> Iterator[GuardedMetric]:
    """Of one KPI, formula variant and scope, over any hours or days, touchpoints and so on. `also` is one more condition."""
    net_low, net_high = _inlined(adjusted_wald(_GOOD, _BAD, _N))
    share_low, share_high = _inlined(wilson(_GOOD, _N))
    value = _of_kind("100", "100", "1") + " * sum(numerator) / nullIf(sum(denominator), 0)"
    low = _of_kind(f"100 * ({net_low})", f"100 * ({share_low})", guarded("count() = 1", "any(ci_low)"))
    high = _of_kind(f"100 * ({net_high})", f"100 * ({share_high})", guarded("count() = 1", "any(ci_high)"))
    one = "NULL over several KPIs, variants, scopes or maps"
    yield GuardedMetric(
        "answers", "n", guarded(ONE_MAP + also, "sum(n)"), "Answers that count; NULL over several maps", WHOLE
    )
    simulated = guarded(ONE_MAP + also, "sumIf(n, is_simulated = 1)")
    about = "Simulated answers among those that count; NULL over several maps"
    yield GuardedMetric("answers_simulated", "Simulated among them", simulated, about, WHOLE)
    yield GuardedMetric(
        "score", "Value", guarded(ONE_KPI + also, value), f"The KPI in the unit of its variant; {one}", TENTHS
    )
    yield GuardedMetric(
        "wordings",
        "Wordings",
        guarded(ONE_KPI + also, "uniqExact((question, question_version))"),
        f"Different questions and versions among the answers: above 1 the value is of several wordings; {one}",
        WHOLE,
    )
    of_means = "of means only where it is one row of the view"
    for name, title, sql in ((BAND_LOW, "Low (95 %)", low), (BAND_HIGH, "High (95 %)", high)):
        yield GuardedMetric(
            f"score{name}",
            title,
            guarded(f"{ONE_KPI}{also} AND sum(n) > 0", sql),
            f"Bound of the 95 % interval; {one}; {of_means}",
            TENTHS,
        )


def _variants(also: str) -> Iterator[GuardedMetric]:
    """Of each formula variant, its value and n, for tables that show several KPIs side by side; mirrored ones have `score` only, since they
    would double the list."""
    for kpi, variant in load_catalogue().variants():
        if variant.id.endswith(REVERSED):
            continue
        is_it = f"kpi = '{kpi.id}' AND variant = '{variant.id}'"
        one = f"uniqExactIf((map, map_version, scope), {is_it}) <= 1{also}"
        factor = "" if variant.kind == "mean" else "100 * "
        value = f"{factor}sumIf(numerator, {is_it}) / nullIf(sumIf(denominator, {is_it}), 0)"
        yield GuardedMetric(
            f"{kpi.id}_{variant.id}", _name(kpi, variant), guarded(one, value), _meaning(variant), TENTHS
        )
        answers = guarded(one, f"sumIf(n, {is_it})")
        yield GuardedMetric(
            f"{kpi.id}_{variant.id}_n", f"n of {_name(kpi, variant)}", answers, "Answers that count", WHOLE
        )


def _name(kpi: SurveyKpi, variant: Variant) -> str:
    return f"{kpi.name} ({variant.id.replace('_', ' ')})"


def _meaning(variant: Variant) -> str:
    return f"{variant.formula}; NULL over several scopes or maps"
