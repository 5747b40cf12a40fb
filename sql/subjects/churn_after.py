"""Who does not come back after a bad experience, beside who does not after a good one (features: hazard by the last bad touchpoint).

Of each person one experience counts by touchpoint and question: the last one of the good or the bad class whose churn term has passed. The
person came back who was met again more than a day after it, so that the rest of the visit is no return, and within the term. An answer is
of the good or the bad class as for impact (impact.py); what people declared afterwards is no coming back.

The difference has Newcombe's interval. Answers are observations, no experiment: "consistent with" is all that can be said.

Why: docs/decisions/0211.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.columns import COLUMNS
from touchline.sql.language.formulas import recovered, wilson
from touchline.sql.language.parameterized import AS_OF as MOMENT, SELECTION as ARGUMENTS, ParameterizedView
from touchline.sql.language.select import indented
from touchline.sql.language.selection import AS_OF, OF_MAP, SELECTED
from touchline.sql.language.views import all_of, any_of, layered, own
from touchline.sql.ledger.projections import ANSWER_ROWS, TOUCHPOINT_ROWS
from touchline.sql.ledger.rows import NET_ROWS
from touchline.sql.ledger.selected_journeys import TERM_US, WHO
from touchline.sql.subjects.churn import AS_OF_US, DAY_US
from touchline.sql.subjects.experiences import EXPERIENCES, IS_BAD, IS_GOOD
from touchline.sql.subjects.impact import NO_CONTRAST, NOT_SIGNIFICANT, REVERSED, SIGNIFICANT, TOO_FEW
from touchline.sql.subjects.surveys.api import IS_SPLIT
from touchline.sql.subjects.surveys.values import KPI_KEYS

_NEEDED: Final = load_catalogue().compared_min
_KEYS: Final = ", ".join(("touchpoint", "is_simulated", *KPI_KEYS))
_SEEN: Final = f"""
(
    SELECT {WHO} AS who, groupArray(toUnixTimestamp64Micro(event_time)) AS seen_us
    FROM journey_raw.ledger
    WHERE {TOUCHPOINT_ROWS} AND touchpoint_number > 0 AND provenance != 'declared' AND {OF_MAP} AND event_time <= {AS_OF}
        AND {NET_ROWS}
        AND {WHO} IN (SELECT {WHO} FROM journey_raw.ledger WHERE {ANSWER_ROWS} AND has_score = 1 AND {SELECTED})
    GROUP BY who
)"""
_EXPERIENCED: Final = f"""
(
    SELECT {_KEYS}, who, max(about_us) AS last_us, argMax({IS_BAD}, (about_us, {IS_BAD})) AS is_bad
    FROM
    (
        SELECT {_KEYS}, answers.who AS who, about_us, score, good_from, good_to, bad_from, bad_to
        FROM{indented(EXPERIENCES, "        ")}
    )
    WHERE ({IS_GOOD} OR {IS_BAD}) AND {TERM_US} > 0 AND about_us + {TERM_US} <= {AS_OF_US}
    GROUP BY {_KEYS}, who
)"""
_IS_LOST: Final = f"NOT arrayExists(one -> one > last_us + {DAY_US} AND one <= last_us + {TERM_US}, seen_us)"
_COUNTED: Final = f"""
(
    SELECT
        {_KEYS},
        countIf(is_bad) AS n_bad, countIf(NOT is_bad) AS n_good,
        countIf(is_bad AND is_lost) AS gone_bad, countIf(NOT is_bad AND is_lost) AS gone_good,
        {IS_SPLIT} AS is_hidden
    FROM
    (
        SELECT {_KEYS}, is_bad, {_IS_LOST} AS is_lost
        FROM{indented(_EXPERIENCED, "        ")} AS experienced
        LEFT JOIN{indented(_SEEN, "        ")} AS seen USING (who)
    )
    GROUP BY {_KEYS}
)"""
_BAD: Final = wilson("gone_bad", "greatest(n_bad, 1)", "bad")
_GOOD: Final = wilson("gone_good", "greatest(n_good, 1)", "good")
_LOW, _HIGH = recovered("bad_share - good_share", "bad_below", "bad_above", "good_below", "good_above")
_COMPARISON: Final = f"""multiIf(
        is_hidden, NULL,
        least(n_good, n_bad) < {_NEEDED}, '{TOO_FEW}',
        gone_good + gone_bad IN (0, n_good + n_bad), '{NO_CONTRAST}',
        difference_low > 0, '{SIGNIFICANT}',
        difference_high < 0, '{REVERSED}',
        '{NOT_SIGNIFICANT}'
    )"""
_SAYS: Final = {
    TOO_FEW: "too few persons to compare",
    NO_CONTRAST: "all or none of them came back: nothing to compare",
    SIGNIFICANT: "consistent with bad experiences here driving people away; observed, not tried",
    REVERSED: "not consistent with bad experiences here driving people away: more came back after them; observed, not tried",
    NOT_SIGNIFICANT: "consistent with no difference; observed, not tried",
}
_SOURCE: Final = layered(
    _COUNTED,
    {"bad_share": "gone_bad / greatest(n_bad, 1)", "good_share": "gone_good / greatest(n_good, 1)"}
    | _BAD.layers[0]
    | _GOOD.layers[0],
    {
        **{f"{side}_low": of_side.low for side, of_side in (("bad", _BAD), ("good", _GOOD))},
        **{f"{side}_high": of_side.high for side, of_side in (("bad", _BAD), ("good", _GOOD))},
    },
    {
        **{f"{side}_below": f"{side}_share - {side}_low" for side in ("bad", "good")},
        **{f"{side}_above": f"{side}_high - {side}_share" for side in ("bad", "good")},
        "is_known": all_of("NOT is_hidden", "n_good > 0", "n_bad > 0"),
    },
    {
        "difference": "if(is_known, bad_share - good_share, NULL)",
        "difference_low": f"if(is_known, {_LOW}, NULL)",
        "difference_high": f"if(is_known, {_HIGH}, NULL)",
    },
    {"comparison": _COMPARISON},
)
_NUMBER: Final = "Nullable(Float64)"


def _of_side(side: str, said: str) -> dict[str, tuple[str, str, str]]:
    none = any_of("is_hidden", f"n_{side} = 0")
    return {
        f"n_{side}": (
            "Nullable(Int64)",
            f"Persons whose last experience there is {said}, the churn term ago or longer",
            f"if(is_hidden, NULL, n_{side})",
        ),
        f"n_{side}_lost": (
            "Nullable(Int64)",
            "Of those the ones that were not met again within the term, more than a day later",
            f"if(is_hidden, NULL, gone_{side})",
        ),
        f"lost_{side}": (_NUMBER, f"n_{side}_lost / n_{side}; NULL without any", f"if({none}, NULL, {side}_share)"),
        f"lost_{side}_low": (_NUMBER, "Lower bound of its 95 % Wilson interval", f"if({none}, NULL, {side}_low)"),
        f"lost_{side}_high": (_NUMBER, "Upper bound of its 95 % Wilson interval", f"if({none}, NULL, {side}_high)"),
    }


CHURN_AFTER_EXPERIENCE: Final = ParameterizedView(
    "churn_after_experience",
    "Share of persons that did not come back within the churn term after a bad experience at a touchpoint, beside that after a good one "
    "(additivity: derived)",
    ARGUMENTS | MOMENT,
    {"touchpoint": (COLUMNS["touchpoint"], "touchpoint"), "is_simulated": (COLUMNS["is_simulated"], "is_simulated")}
    | own(
        {
            "kpi": ("LowCardinality(String)", "KPI (dim_kpi.id)", ""),
            "variant": (
                "LowCardinality(String)",
                "Formula variant (dim_kpi.variant): its classes say what is good and bad",
                "kpi_variant",
            ),
            "scope": ("LowCardinality(String)", "relational or transactional", ""),
        }
        | _of_side("bad", "bad")
        | _of_side("good", "good")
        | {
            "difference": (
                _NUMBER,
                "lost_bad less lost_good: above 0 where more stay away after bad experiences; consistent with an effect, not evidence",
                "",
            ),
            "difference_low": (_NUMBER, "Lower bound of its 95 % interval (Newcombe)", ""),
            "difference_high": (_NUMBER, "Upper bound of its 95 % interval (Newcombe)", ""),
            "comparison": (
                "LowCardinality(Nullable(String))",
                "too few: less than n_needed persons on one side; no contrast: all or none are lost; significant: the whole interval is "
                "above 0; reversed: below 0; else not significant. NULL when suppressed",
                "",
            ),
            "says": (
                "LowCardinality(Nullable(String))",
                "The same in words",
                f"transform(ifNull(comparison, ''), {list(_SAYS)!r}, {list(_SAYS.values())!r}, NULL)",
            ),
            "n_needed": ("UInt16", "So many persons on each side a comparison needs", str(_NEEDED)),
            "is_suppressed": (
                "UInt8",
                "1 when the reader selects by brand, place, persona or segment: the numbers would say too much of few persons",
                "is_hidden",
            ),
        }
    ),
    _SOURCE,
)
