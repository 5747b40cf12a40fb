"""SQL over rows of scores (one row per score, with the number `answers` of answers), made from the survey KPIs of the catalogue."""

from __future__ import annotations

from touchline.sql.language.catalogue import Catalogue

COUNTED = ("complete", "partial")
"""Dispositions of answers that enter a KPI."""
COUNTED_DISPOSITIONS = ", ".join(f"'{name}'" for name in COUNTED)
SCORE_UNITS_PER_POINT = 1000
"""Scores are summed as whole thousandths: sums of integers do not depend on the order of rows, sums of floats do."""

_FORMULAS = (
    "kpi String, variant String, scale_min Int16, scale_max Int16, kpi_variant String, kind String, good_from Int16, good_to Int16, "
    "bad_from Int16, bad_to Int16, lowest Float64, highest Float64, unit String, small_n UInt32, is_low_good UInt8"
)


def formulas(catalogue: Catalogue) -> str:
    """The survey formulas as a table: one row per variant, and one more under the empty name for each default.

    Joined with answers by (kpi, variant, scale_min, scale_max) it leaves those that count. A table and no expressions, because the
    engine plans a join in a fifth of the time that it takes for the many branches.
    """
    rows = []
    for kpi, variant in catalogue.variants():
        names = [variant.id, *([""] if variant in kpi.defaults().values() else [])]
        numbers = ", ".join(map(str, (*variant.positive, *variant.negative, *variant.range)))
        rows += [
            f"('{kpi.id}', '{name}', {variant.scale[0]}, {variant.scale[1]}, '{variant.id}', '{variant.kind}', {numbers}, "
            f"'{variant.unit}', {kpi.small_n}, {int(variant.is_low_good)})"
            for name in names
        ]
    lines = ",\n    ".join(rows)
    return f"values('{_FORMULAS}',\n    {lines})"


def classified(catalogue: Catalogue) -> str:
    """Whether the catalogue has a formula for the KPI, the variant (or none) and the scale of an answer."""
    known = [
        f"('{kpi.id}', '{name}', {variant.scale[0]}, {variant.scale[1]})"
        for kpi, variant in catalogue.variants()
        for name in (variant.id, *([""] if variant in kpi.defaults().values() else []))
    ]
    return (
        f"(toString(kpi), toString(variant), scale_min, scale_max) IN (\n        {f',{chr(10)}        '.join(known)})"
    )


def variant_key(catalogue: Catalogue) -> str:
    """The variant of an answer: the one it names, else the default of its KPI on its scale; empty for unknown ones."""
    defaults = ",\n    ".join(
        f"kpi = '{kpi.id}' AND scale_min = {low} AND scale_max = {high}, '{variant.id}'"
        for kpi in catalogue.surveys
        for (low, high), variant in kpi.defaults().items()
    )
    return f"multiIf(\n    variant != '', toString(variant),\n    {defaults},\n    '')"
