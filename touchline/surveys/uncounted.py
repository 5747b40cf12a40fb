"""Why an answer counts in no survey KPI, by the catalogue."""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.subjects.surveys.scores import COUNTED

_SCALES_LISTED: Final = 3


def why_uncounted(kpi: str, variant: str, scale_min: int, scale_max: int, has_score: int, disposition: str) -> str:
    """The first reason for which the answer enters no KPI; empty when it enters one."""
    surveys = {one.id: one for one in load_catalogue().surveys}
    known = surveys.get(kpi)
    scale = (scale_min, scale_max)
    if disposition not in COUNTED:
        return f"its disposition is {disposition or 'unknown'}, not {' or '.join(COUNTED)}"
    if not has_score:
        return "it has no score"
    if known is None:
        meant = kpi.strip().lower()
        return f"unclassified: the catalogue has no KPI {kpi}" + (
            f"; did you mean {meant}?" if meant in surveys else ""
        )
    asked = f"{scale_min} to {scale_max}"
    variants = [one for one in known.variants if one.id == variant] if variant else list(known.variants)
    if not variants:
        on_scale = [one.id for one in known.variants if one.scale == scale]
        has = f"on {asked} it has {', '.join(on_scale)}" if on_scale else "docs/kpis.md lists them"
        return f"unclassified: {kpi} has no variant {variant}: {has}"
    if not any(one.scale == scale for one in variants):
        name = " ".join((kpi, variant)).strip()
        ends = dict.fromkeys(f"{one.scale[0]} to {one.scale[1]}" for one in variants)
        if len(ends) > _SCALES_LISTED:
            return f"unclassified: {name} has no formula on {asked} (docs/kpis.md lists its scales)"
        return f"unclassified: {name} is defined on {', '.join(ends)}, not on {asked}"
    return ""
