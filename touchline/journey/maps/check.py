"""Checks a map file as its author wants to hear of it: every mistake, then what the map does not cover."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from touchline.errors import WrongUsage
from touchline.schemas.journey.coverage import coverage, coverage_warnings
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.problems import MapInvalid
from touchline.schemas.journey.read import load_map
from touchline.sql.language.catalogue import load_catalogue


class CheckedMap(NamedTuple):
    """What was found out about one file: the map and its warnings, or why it cannot be used."""

    file: Path
    journey_map: JourneyMap | None
    warnings: list[str]
    refusal: WrongUsage | None


def check_map(file: Path) -> CheckedMap:
    """Read the file and look for questions without a KPI, and for what is not covered."""
    try:
        journey_map = load_map(file)
    except WrongUsage as refusal:
        return CheckedMap(file, None, [], refusal)
    warnings = list(coverage_warnings(journey_map)) + _unknown_variants(journey_map)
    if file.stem != journey_map.map:
        warnings.append(f"the file is named {file.stem!r}, the map {journey_map.map!r}: tables show the latter")
    return CheckedMap(file, journey_map, warnings, None)


def _unknown_variants(journey_map: JourneyMap) -> list[str]:
    """Questions whose answers would be stored but never computed."""
    known = {(kpi.id, variant.id): variant.scale for kpi in load_catalogue().surveys for variant in kpi.variants}
    return [
        f"kpi {asked.id!r}: the catalogue has no {asked.kpi} of variant {asked.variant!r} on {asked.scale.min} to "
        f"{asked.scale.max}: answers are kept, but no KPI is computed from them"
        for asked in journey_map.kpis
        if known.get((asked.kpi, asked.variant)) != (asked.scale.min, asked.scale.max)
    ]


def as_object(checked: CheckedMap) -> dict[str, Any]:
    """JSON-ready."""
    if checked.journey_map is None:
        refusal = checked.refusal
        problems = [problem._asdict() for problem in refusal.problems] if isinstance(refusal, MapInvalid) else []
        return {"file": str(checked.file), "ok": False, "error": refusal and refusal.what, "problems": problems}
    one = checked.journey_map
    return {
        "file": str(checked.file),
        "ok": True,
        "map": one.map,
        "version": one.version,
        "content_hash": one.content_hash(),
        "sources": one.sources,
        "except_sources": one.except_sources,
        "brands": one.brands,
        "stages": len(one.stages),
        "touchpoints": coverage(one)._asdict(),
        "rules": len(one.rules),
        "warnings": checked.warnings,
    }


def checked_lines(file: Path, journey_map: JourneyMap, warnings: list[str]) -> list[str]:
    """What is said of a map that can be used."""
    return [
        f"{file}: {journey_map.map} version {journey_map.version} is good: {len(journey_map.stages)} stages, "
        f"{len(journey_map.touchpoints)} touchpoints, {len(journey_map.rules)} rules (content {journey_map.content_hash()[:12]})",
        *(
            f"  {which} events of the {name} {', '.join(values)} are on it"
            for which, name, values in (
                ("only", "sources", journey_map.sources),
                ("no", "sources", journey_map.except_sources),
                ("only", "brands", journey_map.brands),
            )
            if values
        ),
        *(f"  warning: {warning}" for warning in warnings),
    ]
