"""Answers and the journeys that they are about: what people experienced, beside what they did.

An answer belongs to the journey cycle that ran when the touchpoint happened that it is about, not when it was given: "some time later" may
be in the next journey. Answers of nobody known, and answers about a touchpoint before a person's first journey, belong to none.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.select import indented
from touchline.sql.language.selection import OF_MAP, SELECTED
from touchline.sql.ledger.projections import ANSWER_ROWS, JOURNEY_SUMS
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.selected_journeys import WHO
from touchline.sql.subjects.surveys.values import counted_scores

_ANSWERS: Final = counted_scores(
    f"""SELECT
    touchpoint, is_simulated, {WHO} AS who, toUnixTimestamp64Micro(about_time) AS about_us,
    kpi, variant, scope, scale_min, scale_max, disposition, score, 1 AS answers
FROM journey_raw.ledger
WHERE {ANSWER_ROWS} AND has_score = 1 AND person != ''
    AND {SELECTED}
    AND {NET_ROWS}"""
)
_JOURNEYS: Final = f"""
(
    SELECT who, cycle, started_us, conversions > 0 AS is_converted
    FROM
    (
{indented(JOURNEY_SUMS.selecting(OF_MAP, {name: JOURNEY_SUMS.keys[name] for name in ("who", "cycle")}), "        ")}
        HAVING touchpoints > 0
    )
    WHERE who IN (SELECT {WHO} FROM journey_raw.ledger WHERE {ANSWER_ROWS} AND has_score = 1 AND {SELECTED})
)"""
EXPERIENCES: Final = f"""{indented(_ANSWERS)} AS answers
ASOF INNER JOIN{indented(_JOURNEYS)} AS journeys
ON answers.who = journeys.who AND answers.about_us >= journeys.started_us"""
"""What stands after FROM: the selected answers that a formula counts, each with `who`, `cycle` and `is_converted` of its journey."""
IS_GOOD: Final = "score BETWEEN good_from AND good_to"
IS_BAD: Final = "score BETWEEN bad_from AND bad_to"
