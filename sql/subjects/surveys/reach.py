"""How many people a touchpoint reached that no system can see: by what customers say when they are asked how they heard of us.

An answer to that question (KPI `heard_of_us`) is kept beside one declared touchpoint event for each thing it names; the event's id begins
with that of the answer, and a `.` or `/` follows. Reach is the share of answers that name a touchpoint, and that share of the buyers.

- Unweighted and weighted stand side by side. The weight of an answer is 1 / its sampling probability; the weighted share has the effective
  number of answers n_effective = (sum of weights)^2 / sum of their squares (Kish 1965), and Wilson's interval with it.
- All languages of one version of a question are one question: options are ids, the same in each. Versions are never pooled.
- Below k answers of a selection by who was asked or where, and where less than k are left out of it, nothing is shown.

Why: docs/decisions/0211.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS
from touchline.sql.language.formulas import wilson
from touchline.sql.language.parameterized import SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.selection import FILTER_COLUMNS, IN_PERIOD, KNOWN_KEYS, OF_MAP, SPLITS, filtered
from touchline.sql.language.suppression import is_unsafe
from touchline.sql.language.views import all_of, layered, own
from touchline.sql.ledger.projections import ANSWER_ROWS, TOUCHPOINT_ROWS
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.selected_journeys import WHO
from touchline.sql.subjects.surveys.api import IS_SPLIT

HEARD_OF_US: Final = "heard_of_us"
_SMALL_N: Final = 30
_OF_EVENT: Final = tuple(key for key in FILTER_COLUMNS if key not in SPLITS)
_ASKED: Final = "question, question_version, is_simulated"
_ANSWERS: Final = f"""
(
    SELECT
        source, event_id AS ask, toString(question) AS question, toString(question_version) AS question_version, is_simulated,
        if(sampling_probability > 0, 1 / sampling_probability, 1) AS weight, {filtered(*SPLITS)} AS is_in
    FROM journey_raw.ledger
    WHERE {ANSWER_ROWS} AND kpi = '{HEARD_OF_US}' AND disposition IN ('complete', 'partial')
        AND {OF_MAP} AND {IN_PERIOD} AND {filtered(*_OF_EVENT)} AND {KNOWN_KEYS}
        AND {NET_ROWS}
)"""
_NAMED: Final = f"""
(
    SELECT DISTINCT source, extract(event_id, '^([^./]+)[./]') AS ask, touchpoint
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND provenance = 'declared' AND {OF_MAP}
        AND {NET_ROWS}
)"""
_ANSWERED: Final = f"""
(
    SELECT
        {_ASKED}, countIf(is_in) AS n, countIf(NOT is_in) AS n_outside, sumIf(weight, is_in) AS weights,
        sumIf(weight * weight, is_in) AS squares
    FROM{indented(_ANSWERS)}
    GROUP BY {_ASKED}
    HAVING n > 0
)"""
_BY_TOUCHPOINT: Final = f"""
(
    SELECT {_ASKED}, touchpoint, countIf(is_in) AS named, sumIf(weight, is_in) AS named_weights
    FROM{indented(_ANSWERS)} AS answers
    INNER JOIN{indented(_NAMED)} AS named USING (source, ask)
    GROUP BY {_ASKED}, touchpoint
)"""
_BUYERS: Final = f"""
(
    SELECT is_simulated, toInt64(uniqExact({WHO})) AS buyers
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND is_conversion = 1 AND person != '' AND {OF_MAP} AND {IN_PERIOD} AND {filtered("is_simulated", *SPLITS)}
        AND {NET_ROWS}
    GROUP BY is_simulated
)"""
_PLAIN: Final = wilson("named", "greatest(n, 1)", "plain")
_WEIGHTED: Final = wilson("effective_named", "greatest(n_effective, 0.000001)", "weighted")
_SOURCE: Final = layered(
    f"""
(
    SELECT *
    FROM{indented(_BY_TOUCHPOINT)} AS touchpoints
    INNER JOIN{indented(_ANSWERED)} AS answered USING ({_ASKED})
    LEFT JOIN{indented(_BUYERS)} AS bought USING (is_simulated)
)""",
    {
        "is_hidden": all_of(IS_SPLIT, is_unsafe("n", "n_outside")),
        "n_effective": "if(n = 0, 0, weights * weights / squares)",
        "weighted": "if(n = 0, 0, named_weights / weights)",
    },
    {"effective_named": "least(weighted, 1) * n_effective"} | _PLAIN.layers[0],
    _WEIGHTED.layers[0],
    {"low": _WEIGHTED.low, "high": _WEIGHTED.high},
)
_NUMBER: Final = "Nullable(Float64)"
_COUNT: Final = "Nullable(Int64)"


def _shown(value: str) -> str:
    return f"if(is_hidden, NULL, {value})"


DECLARED_REACH: Final = ParameterizedView(
    "declared_reach",
    "Reach of touchpoints by what people say when asked how they heard of us: share of answers, and estimated buyers (additivity: derived)",
    ARGUMENTS,
    {"touchpoint": (COLUMNS["touchpoint"], "touchpoint")}
    | own(
        {
            "question": ("String", "Question, the same id in every language", ""),
            "question_version": ("String", "Version of its wording: never pooled", ""),
            "n": (_COUNT, "Answers of the selection to that question: complete or partial", _shown("n")),
            "n_named": (_COUNT, "Of those the ones that name the touchpoint", _shown("named")),
            "share": (_NUMBER, "n_named / n", _shown("named / n")),
            "ci_low": (_NUMBER, "Lower bound of its 95 % Wilson interval", _shown(_PLAIN.low)),
            "ci_high": (_NUMBER, "Upper bound of its 95 % Wilson interval", _shown(_PLAIN.high)),
            "n_effective": (
                _NUMBER,
                "So many answers the weighted share is worth (Kish); n where all were asked with the same probability",
                _shown("n_effective"),
            ),
            "weighted_share": (
                _NUMBER,
                "The share with each answer weighted by 1 / its sampling probability",
                _shown("weighted"),
            ),
            "weighted_low": (_NUMBER, "Lower bound of its 95 % Wilson interval for n_effective answers", _shown("low")),
            "weighted_high": (_NUMBER, "Upper bound of it", _shown("high")),
            "buyers": (
                _COUNT,
                "Distinct persons that converted in the period: whom the share is applied to. The filter's touchpoint, stage and channel "
                "are those of what was asked about, and leave no buyer out",
                _shown("buyers"),
            ),
            "persons": (
                _NUMBER,
                "Estimate of the buyers whom it reached: weighted_share times buyers",
                _shown("weighted * buyers"),
            ),
            "persons_low": (
                _NUMBER,
                "The same with weighted_low: the error of the sample, not of memory",
                _shown("low * buyers"),
            ),
            "persons_high": (_NUMBER, "The same with weighted_high", _shown("high * buyers")),
            "is_small_n": (
                "Nullable(UInt8)",
                f"1 when it rests on fewer than {_SMALL_N} answers",
                _shown(f"n < {_SMALL_N}"),
            ),
            "is_suppressed": (
                "UInt8",
                "1 when numbers are not shown: too few answers in a selection by brand, place, persona or segment",
                "is_hidden",
            ),
        }
    )
    | {"is_simulated": (COLUMNS["is_simulated"], "is_simulated")},
    _SOURCE,
)
