"""SQL expressions over the ledger's answer columns, made from the survey KPIs of the catalogue."""

from __future__ import annotations

from collections.abc import Callable

from touchline.sql.catalogue import Catalogue, Kind, Variant

COUNTED_DISPOSITIONS = ("complete", "partial")
SCORE_UNITS_PER_POINT = 1000
"""Scores are summed as whole thousandths: sums of integers do not depend on the order of rows, sums of floats do."""


def variant_key(catalogue: Catalogue) -> str:
    """The variant of an answer: the one it names, else the default of its KPI on its scale; empty for unknown ones."""
    defaults = "".join(
        f"\n        kpi = '{kpi.id}' AND scale_min = {low} AND scale_max = {high}, '{variant.id}',"
        for kpi in catalogue.surveys
        for (low, high), variant in kpi.defaults().items()
    )
    return f"multiIf(\n        variant != '', variant,{defaults}\n        '')"


def counted(catalogue: Catalogue, key: str) -> str:
    """Whether an answer enters its KPI: a score was given, on the scale of the variant."""
    known = ",\n        ".join(
        f"('{kpi.id}', '{variant.id}', {variant.scale[0]}, {variant.scale[1]})" for kpi, variant in catalogue.variants()
    )
    dispositions = ", ".join(f"'{name}'" for name in COUNTED_DISPOSITIONS)
    return (
        f"has_score = 1 AND disposition IN ({dispositions})\n"
        f"        AND (kpi, {key}, scale_min, scale_max) IN (\n        {known})"
    )


def is_positive(catalogue: Catalogue, key: str) -> str:
    """Whether the score of an answer is of the good class of its variant (promoter, satisfied, ...)."""
    return _by_variant(catalogue, key, lambda variant: variant.positive)


def is_negative(catalogue: Catalogue, key: str) -> str:
    """Whether the score is of the bad class."""
    return _by_variant(catalogue, key, lambda variant: variant.negative)


def of_kind(catalogue: Catalogue, kind: Kind) -> str:
    """SQL list of the (kpi, variant) pairs of a kind."""
    return ", ".join(f"('{kpi.id}', '{variant.id}')" for kpi, variant in catalogue.variants() if variant.kind == kind)


def _by_variant(catalogue: Catalogue, key: str, condition: Callable[[Variant], str]) -> str:
    groups: dict[str, list[str]] = {}
    for kpi, variant in catalogue.variants():
        groups.setdefault(condition(variant), []).append(f"('{kpi.id}', '{variant.id}')")
    cases = "".join(f"\n        (kpi, {key}) IN ({', '.join(pairs)}), {test}," for test, pairs in groups.items())
    return f"multiIf({cases}\n        0)"
