"""What a journey map holds a KPI against: the target and the wording of its question, read from the map's content.

Within a map the answers of one KPI, variant and scope have one wording. Targets may differ by where they are asked: those of the questions
that are asked at the stage or touchpoint count, else those of all; where that leaves several, none does.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.views import any_of

MET, MISSED, NOT_PROVED = "met", "missed", "not proved"

_TOUCHPOINTS = "JSONExtract(asked, 'ask', 'touchpoints', 'Array(String)')"
QUESTIONS: Final = f"""(
    SELECT
        kpi, kpi_variant, scope, any(wording) AS wording,
        groupArray((is_everywhere, touchpoints, stages, target)) AS questions
    FROM
    (
        SELECT
            JSONExtractString(asked, 'kpi') AS kpi, JSONExtractString(asked, 'variant') AS kpi_variant,
            JSONExtractString(asked, 'scope') AS scope, JSONExtractString(asked, 'question') AS wording,
            JSONExtractString(asked, 'ask', 'touchpoints') = 'all' AS is_everywhere,
            {_TOUCHPOINTS} AS touchpoints, JSONExtract(asked, 'ask', 'stages', 'Array(String)') AS stages,
            JSONExtract(asked, 'target', 'Nullable(Float64)') AS target
        FROM
        (
            SELECT arrayJoin(JSONExtractArrayRaw(content, 'kpis')) AS asked
            FROM
            (
                SELECT content FROM journey_raw.maps
                WHERE map = {{map:String}} AND version = {{map_version:UInt32}}
                ORDER BY registered_at LIMIT 1
            )
        )
    )
    GROUP BY kpi, kpi_variant, scope
)"""
"""A row a KPI, variant and scope of the map that the reader names: wording, and where it is asked against which target."""


def target_layers(*, touchpoint: bool = False, stages: str = "") -> list[dict[str, str]]:
    """Layers over rows joined with QUESTIONS that end with target and question. `touchpoint` says that the rows have one; `stages` is
    SQL for the stages that a row is about, as an array."""
    places = ["one.1"] + ["has(one.2, touchpoint)"] * touchpoint + [f"hasAny(one.3, {stages})"] * bool(stages)
    here = f"arrayFilter(one -> {any_of(*places)}, questions)" if touchpoint or stages else "questions"
    targets = "arrayDistinct(arrayFilter(one -> isNotNull(one), arrayMap(one -> one.4, if(empty(asked_here), questions, asked_here))))"
    return [
        {"asked_here": here},
        {"targets": targets},
        {"target": "if(length(targets) = 1, targets[1], NULL)", "question": "nullIf(wording, '')"},
    ]


def verdict_of_target(low: str, high: str) -> str:
    """What the interval says about the target; NULL without one. The arguments are the interval's bounds."""
    held, lost = (
        f"if(is_low_good, {high} <= target, {low} >= target)",
        f"if(is_low_good, {low} > target, {high} < target)",
    )
    return f"multiIf({any_of('isNull(target)', f'isNull({low})')}, NULL, {held}, '{MET}', {lost}, '{MISSED}', '{NOT_PROVED}')"
