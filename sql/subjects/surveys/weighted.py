"""Survey KPIs weighted to the real population of their touchpoints: the events that could have been asked about.

Each answer has the weight 1 / sampling_probability, then post-stratification makes the weights of a stratum add up to its events. A stratum
is a touchpoint and a value of the key that the reader names. Strata of less than k answers are put together, the smallest first, until
there are k, as is done where strata are sparse: a weight of few answers is no estimate, and two numbers of one answer would give it away.

The intervals take the effective number of answers by Kish, (sum of weights)^2 / sum of squared weights, for the number of answers. That
leaves out what stratification gains, so they are rather too wide.

Why: docs/decisions/0209.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.columns import Column
from touchline.sql.language.parameterized import SELECTION, ParameterizedView
from touchline.sql.language.select import Select, indented
from touchline.sql.language.selection import IN_PERIOD, KNOWN_KEYS, OF_MAP, filtered
from touchline.sql.language.suppression import suppressed
from touchline.sql.language.views import any_of, layered
from touchline.sql.ledger.projections import ANSWER_KEYS, SURVEY_1D, VOLUME_1D
from touchline.sql.subjects.surveys.api import IDENTITY, IS_SPLIT, SCALE, Shown, flags, measured
from touchline.sql.subjects.surveys.cells import CARRIED, REST, SPLIT
from touchline.sql.subjects.surveys.scores import SCORE_UNITS_PER_POINT
from touchline.sql.subjects.surveys.split import BY, split_value
from touchline.sql.subjects.surveys.values import KPI_KEYS, SUMS, counted_scores, sums_of, value_layers

_K: Final = load_catalogue().split_k
_GROUP: Final = ("is_simulated", *KPI_KEYS)
_KEYS: Final = ", ".join(_GROUP)
_STRATUM: Final = ("touchpoint", "stratum")
_IS: Final = {"positive": "score BETWEEN good_from AND good_to", "negative": "score BETWEEN bad_from AND bad_to"}
_DESIGN: Final = "chosen_answers / probability"
_WEIGHTED: Final = {
    "design": f"sum({_DESIGN})",
    "design_squares": f"sum({_DESIGN} / probability)",
    "design_positive": f"sum({_DESIGN} * ({_IS['positive']}))",
    "design_negative": f"sum({_DESIGN} * ({_IS['negative']}))",
    "design_total": f"sum({_DESIGN} * units) / {SCORE_UNITS_PER_POINT}",
    "design_score_squares": f"sum({_DESIGN} * units * units) / {SCORE_UNITS_PER_POINT**2}",
}
"""Of a stratum the sums of 1 / sampling_probability, of its square, and of it times class and score."""
_SUMMED: Final = ("n_outside", *SUMS, *_WEIGHTED)


def _answers() -> str:
    """Strata with answers, with their unweighted sums and those of the design weights."""
    condition = "\n    AND ".join((OF_MAP, IN_PERIOD, REST, KNOWN_KEYS, BY.is_known))
    keys = {name: name for name in ("is_simulated", "touchpoint", *ANSWER_KEYS)} | {
        "stratum": split_value(),
        # A row of a ledger that has none was written by hand: it was surely asked.
        "probability": "if(sampling_probability > 0, sampling_probability, 1)",
        "is_chosen": f"toInt64({SPLIT})",
    }
    scores = counted_scores(SURVEY_1D.selecting(condition, keys))
    chosen = Select({"*": "*", "chosen_answers": "answers * is_chosen"}, scores)
    names = (*_GROUP, *_STRATUM)
    carried = {name: f"any({name})" for name in CARRIED}
    outside = {"n_outside": "sum(answers - chosen_answers)"}
    return Select(
        {name: name for name in names} | carried | sums_of("chosen_answers") | _WEIGHTED | outside,
        chosen,
        group_by=names,
    ).nested()


def _population() -> str:
    """Events of the selection by stratum, as one array for real and one for simulated ones."""
    events = VOLUME_1D.selecting(
        "\n    AND ".join((OF_MAP, IN_PERIOD, filtered())),
        {"is_simulated": "is_simulated", "touchpoint": "toString(touchpoint)", "stratum": split_value()},
    )
    return f"""
(
    SELECT is_simulated, groupArray((touchpoint, stratum, events)) AS population
    FROM
    (
{indented(events, "        ")}
    )
    WHERE events > 0
    GROUP BY is_simulated
)"""


def _strata() -> str:
    """A row a KPI and stratum, those without answers included, with `events`. Touchpoints at which the KPI has no answer are left out."""
    zeros = ", ".join("0" for _ in _SUMMED)
    grouped = f"""
(
    SELECT
        {_KEYS}, {", ".join(f"any({name}) AS {name}" for name in CARRIED)},
        groupUniqArray(toString(touchpoint)) AS asked_at,
        groupArray((toString(touchpoint), stratum, 0, {", ".join(f"toFloat64({name})" for name in _SUMMED)})) AS answered
    FROM{indented(_answers())}
    GROUP BY {_KEYS}
    HAVING sum(n) > 0 OR sum(n_outside) > 0
)"""
    rows = f"""
(
    SELECT
        {_KEYS}, {", ".join(CARRIED)},
        arrayJoin(arrayConcat(
            answered,
            arrayMap(one -> (one.1, one.2, one.3, {zeros}), arrayFilter(one -> has(asked_at, one.1), population)))) AS one
    FROM{indented(grouped)} AS grouped
    LEFT JOIN{indented(_population())} AS events USING (is_simulated)
)"""
    parts = ", ".join(f"sum(one.{number}) AS {name}" for number, name in enumerate(("events", *_SUMMED), start=3))
    return f"""
(
    SELECT
        {_KEYS}, {", ".join(f"any({name}) AS {name}" for name in CARRIED)},
        one.1 AS touchpoint, one.2 AS stratum, {parts}
    FROM{indented(rows)}
    GROUP BY {_KEYS}, touchpoint, stratum
)"""


def _weighted() -> str:
    """A row a KPI: unweighted sums, and the sums of the weights over strata that have events."""
    ordered = f"(PARTITION BY {_KEYS} ORDER BY n, touchpoint, stratum ROWS UNBOUNDED PRECEDING)"
    pooled = layered(
        _strata(),
        {"until": f"sum(n) OVER {ordered}", "least": f"min(n) OVER (PARTITION BY {_KEYS})"},
        {"is_pooled": f"toUInt8(n < {_K} OR (least < {_K} AND until - n < {_K}))"},
    )
    sums = ", ".join(f"sum(strata.{name}) AS {name}" for name in ("events", *_SUMMED))
    carried = ", ".join(f"any({name}) AS {name}" for name in CARRIED)
    collapsed = f"""
(
    SELECT {_KEYS}, is_pooled, {carried}, {sums}, count() AS n_strata
    FROM{indented(pooled)} AS strata
    GROUP BY {_KEYS}, is_pooled, if(is_pooled, ('', ''), (touchpoint, stratum))
)"""
    factors = layered(collapsed, {"factor": "if(design > 0, events / design, 0)"})
    weights = {
        "weight": "factor * design",
        "weight_squares": "factor * factor * design_squares",
        "weight_positive": "factor * design_positive",
        "weight_negative": "factor * design_negative",
        "weight_total": "factor * design_total",
        "weight_score_squares": "factor * design_score_squares",
    }
    columns = (
        {name: name for name in _GROUP}
        | {name: f"any({name})" for name in CARRIED}
        | {name: f"sum(parts.{name})" for name in ("n_outside", *SUMS)}
        | {name: f"sum({sql})" for name, sql in weights.items()}
        | {
            "population": "sum(events)",
            "n_weighted": "sumIf(parts.n, factor > 0)",
            "n_merged": "sumIf(parts.n, is_pooled AND n_strata > 1)",
            "strata": "countIf(factor > 0)",
        }
    )
    return Select(columns, f"{factors} AS parts", group_by=_GROUP).nested()


def _source() -> str:
    judged = suppressed(_weighted(), _GROUP, condition=IS_SPLIT)
    unweighted = layered(judged, *value_layers())
    kept = ("n", "n_positive", "n_neutral", "n_negative", "value", "ci_low", "ci_high", "ci_method")
    plain = ", ".join(f"{name} AS plain_{name}" for name in kept)
    others = (
        *_GROUP, *CARRIED, "is_hidden", "population", "n_weighted", "n_merged", "strata", "weight", "weight_squares", "weight_positive",
        "weight_negative", "weight_total", "weight_score_squares",
    )  # fmt: skip
    apart = f"""
(
    SELECT
        {", ".join(others)}, {plain},
        if(weight_squares > 0, weight * weight / weight_squares, 0) AS effective
    FROM{indented(unweighted)}
    WHERE {any_of("n > 0", "is_hidden")}
)"""
    # Of a mean whole answers: Student's t is known for whole degrees of freedom, and the lower number is the careful one.
    as_answers = {"n": "if(kind = 'mean', greatest(floor(effective + 1e-9), 1), effective)"}
    shares = {
        "n_positive": "weight_positive / weight * n",
        "n_negative": "weight_negative / weight * n",
        "total": "weight_total / weight * n",
        "squares": "weight_score_squares / weight * n",
    }
    # Names of their own: a view's column `value` would stand for `value` in the other columns.
    apart_again = {"weighted": "value", "weighted_below": "ci_low", "weighted_above": "ci_high"}
    return layered(apart, as_answers, shares, *value_layers(), apart_again)


_NONE: Final = any_of("is_hidden", "weight = 0")


def _number(comment: str, sql: str) -> tuple[Column, str]:
    return Column(
        "Nullable(Float64)", f"{comment}; NULL when suppressed or without events"
    ), f"if({_NONE}, NULL, {sql})"


def _count(comment: str, sql: str) -> tuple[Column, str]:
    return Column("Nullable(Int64)", f"{comment}; NULL when suppressed"), f"if(is_hidden, NULL, toInt64({sql}))"


_WEIGHTS: Final[Shown] = {
    "population": _count("Touchpoint events of the selection in the strata", "population"),
    "strata": _count("Strata that are weighted, those put together as one", "strata"),
    "n_weighted": _count("Answers of strata with events; the others have no weight", "n_weighted"),
    "n_merged": _count(
        f"Answers of strata that were put together, each of less than {_K} answers or the next smallest", "n_merged"
    ),
    "weighted_value": _number("The KPI weighted to the population", "weighted"),
    "weighted_low": _number("Lower bound of its 95 % interval, by the effective number of answers", "weighted_below"),
    "weighted_high": _number("Upper bound of its 95 % interval, by the effective number of answers", "weighted_above"),
    "difference": _number(
        "Weighted value less value: what was wrong by who was asked and who answered", "weighted - plain_value"
    ),
    "design_effect": _number("Design effect of the weights (Kish): n_weighted / effective_n", "n_weighted / effective"),
    "effective_n": _number("Effective number of answers: (sum of weights)^2 / sum of squared weights", "effective"),
    "is_small_effective_n": (
        Column(
            "Nullable(UInt8)",
            "1 when the effective number is below the KPI's minimum (small_n of the catalogue): read with care",
        ),
        f"if({_NONE}, NULL, effective < small_n)",
    ),
}
SURVEY_WEIGHTED: Final = ParameterizedView(
    "survey_weighted",
    "Survey KPIs of the selection beside the same weighted to the selection's touchpoint events, by touchpoint and one key, and by the "
    "probability of being asked (additivity: derived)",
    SELECTION | BY.parameter,
    IDENTITY | SCALE | measured("plain_", "is_hidden") | _WEIGHTS | flags("plain_n", "is_hidden"),
    _source(),
)
