"""How far journeys of a map came: the funnel in both modes, side by side."""

from __future__ import annotations

from typing import NamedTuple

from clickhouse_driver import Client


class StageLine(NamedTuple):
    """One stage. `rate` is the share of the journeys that `reached` it in order which came to the next, with its 95 % interval; `rate_any`
    the same of those that reached it in any order. None for the last stage, and where nobody came."""

    stage: str
    reached: int
    rate: float | None
    ci_low: float | None
    ci_high: float | None
    reached_any: int
    rate_any: float | None
    ci_low_any: float | None
    ci_high_any: float | None


def read_stages(client: Client, map_name: str, map_version: int) -> list[StageLine]:
    """The stages of a map in their order."""
    in_order, in_any = (
        client.execute(
            f"SELECT stage, reached, rate, ci_low, ci_high FROM journey.{view} "
            "WHERE map = %(map)s AND map_version = %(version)s ORDER BY stage_order",
            {"map": map_name, "version": map_version},
        )
        for view in ("funnel_stage", "funnel_stage_any")
    )
    return [StageLine(*one, *other[1:]) for one, other in zip(in_order, in_any, strict=True)]
