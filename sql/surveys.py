"""SQL over rows of scores (one row per score, with the number `answers` of answers), made from the survey KPIs of the catalogue."""

from __future__ import annotations

from collections.abc import Callable

from touchline.sql.catalogue import Catalogue, Kind, Variant

COUNTED_DISPOSITIONS = "'complete', 'partial'"
SCORE_UNITS_PER_POINT = 1000
"""Scores are summed as whole thousandths: sums of integers do not depend on the order of rows, sums of floats do."""


def variant_key(catalogue: Catalogue, indent: str = "    ") -> str:
    """The variant of an answer: the one it names, else the default of its KPI on its scale; empty for unknown ones."""
    defaults = [
        f"kpi = '{kpi.id}' AND scale_min = {low} AND scale_max = {high}, '{variant.id}'"
        for kpi in catalogue.surveys
        for (low, high), variant in kpi.defaults().items()
    ]
    return _multi_if(["variant != '', toString(variant)", *defaults, "''"], indent)


def is_known(catalogue: Catalogue, indent: str) -> str:
    """Whether the catalogue defines the formula variant on the scale that the answer was asked on."""
    known = f",\n{indent}    ".join(
        f"('{kpi.id}', '{variant.id}', {variant.scale[0]}, {variant.scale[1]})" for kpi, variant in catalogue.variants()
    )
    return f"(kpi, kpi_variant, scale_min, scale_max) IN (\n{indent}    {known})"


def is_positive(catalogue: Catalogue, indent: str) -> str:
    """Whether the score is of the good class of its variant (promoter, satisfied, ...)."""
    return _by_variant(catalogue, lambda variant: variant.positive, indent)


def is_negative(catalogue: Catalogue, indent: str) -> str:
    """Whether the score is of the bad class."""
    return _by_variant(catalogue, lambda variant: variant.negative, indent)


def of_kind(catalogue: Catalogue, kind: Kind) -> str:
    """SQL list of the (kpi, variant) pairs of a kind."""
    return ", ".join(f"('{kpi.id}', '{variant.id}')" for kpi, variant in catalogue.variants() if variant.kind == kind)


def scale_end(catalogue: Catalogue, end: int, indent: str) -> str:
    """The lowest (0) or highest (1) value that a mean can have."""
    cases = [
        f"kpi = '{kpi.id}' AND kpi_variant = '{variant.id}', {variant.range[end]}"
        for kpi, variant in catalogue.variants()
        if variant.kind == "mean"
    ]
    return _multi_if([*cases, "0"], indent)


def _by_variant(catalogue: Catalogue, condition: Callable[[Variant], str], indent: str) -> str:
    cases = [
        f"kpi = '{kpi.id}' AND kpi_variant = '{variant.id}', {condition(variant)}"
        for kpi, variant in catalogue.variants()
    ]
    return _multi_if([*cases, "0"], indent)


def _multi_if(arguments: list[str], indent: str) -> str:
    separator = f",\n{indent}    "
    return f"multiIf(\n{indent}    {separator.join(arguments)})"
