"""Why an answer counts in no survey KPI, by the catalogue."""

from __future__ import annotations

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.subjects.surveys.scores import COUNTED


def why_uncounted(kpi: str, variant: str, scale_min: int, scale_max: int, has_score: int, disposition: str) -> str:
    """The first reason for which the answer enters no KPI; empty when it enters one."""
    known = {one.id: one for one in load_catalogue().surveys}.get(kpi)
    scale = (scale_min, scale_max)
    if disposition not in COUNTED:
        return f"its disposition is {disposition or 'unknown'}, not {' or '.join(COUNTED)}"
    if not has_score:
        return "it has no score"
    if known is None:
        return f"the catalogue has no KPI {kpi}"
    variants = [one for one in known.variants if one.id == variant] if variant else list(known.variants)
    if not variants:
        return f"{kpi} has no variant {variant}: it has {', '.join(one.id for one in known.variants)}"
    if not any(one.scale == scale for one in variants):
        scales = sorted({one.scale for one in variants})
        asked = ", ".join(f"{low} to {high}" for low, high in scales)
        return f"{' '.join((kpi, variant)).strip()} is defined on {asked}, not on {scale_min} to {scale_max}"
    return ""
