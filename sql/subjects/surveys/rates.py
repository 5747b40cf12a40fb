"""Response rates by the Standard Definitions of AAPOR, and the completion rate, which is another thing.

AAPOR's letters stand for: I complete, P partial, R refusal and break-off, NC non-contact, O other eligible, UH and UO of unknown
eligibility, NE known not to be eligible; requests.py says which request is which.

    RR1 = I / (I + P + R + NC + O + UH + UO)           RR2: I + P above the line
    RR3 = I / (I + P + R + NC + O + e (UH + UO))       RR4: I + P above the line
    RR5 = I / (I + P + R + NC + O)                     RR6: I + P above the line

e, the share of those of unknown eligibility who are eligible, is taken to be that among those of whom it is known (CASRO, proportional
allocation): e = (I + P + R + NC + O) / (I + P + R + NC + O + NE). Without NE it is 1, and RR3 is RR1.

Why: docs/decisions/0209.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.columns import Column
from touchline.sql.language.formulas import wilson
from touchline.sql.language.views import View, any_of, layered
from touchline.sql.subjects.surveys.accounting import KEYS, RATED, counted, numbers
from touchline.sql.subjects.surveys.requests import AAPOR

_RATE: Final = "Nullable(Float64)"
_SMALL_N: Final = load_catalogue().asked_small_n
_OF_STARTED: Final = wilson("aapor_i", "started", "completion")
_ONLY_ANSWERS: Final = "eligible = aapor_i + aapor_p"
ANSWERS_ONLY: Final = "min({}) OVER (PARTITION BY is_simulated, survey, question)"


def rate_layers() -> list[dict[str, str]]:
    """Layers over rows with the counts of RATED, and `is_answers_only`, that end with known, unknown, e and the bounds of completion."""
    return [
        {
            "known": "aapor_i + aapor_p + aapor_r + aapor_nc + aapor_o",
            "unknown": "aapor_uh + aapor_uo",
            **_OF_STARTED.layers[0],
        },
        {"e_share": "known / (known + aapor_ne)"},
    ]


def answers_only_layer() -> dict[str, str]:
    """Whether of the survey and question of a row nothing but answers was ever reported."""
    return {"is_answers_only": ANSWERS_ONLY.format(_ONLY_ANSWERS)}


def rates(is_hidden: str = "0") -> dict[str, tuple[Column, str]]:
    """Columns of the rates over `rate_layers`; NULL where they are hidden, where nobody knows who was asked, and where nobody was."""

    def unless(missing: str, value: str) -> str:
        return f"if({any_of(is_hidden, missing)}, NULL, {value})"

    def rate(above: str, below: str, needs: str) -> str:
        return unless(any_of("is_answers_only", f"{needs} = 0"), f"({above}) / ({below})")

    answered = "aapor_i + aapor_p"
    weighted = "known + e_share * unknown"
    shown = {
        "e": ("e of RR3 and RR4: eligible of those of whom it is known", rate("known", "known + aapor_ne", "known + aapor_ne")),
        "rr1": ("RR1, the least rate: complete / all who may be eligible", rate("aapor_i", "known + unknown", "known + unknown")),
        "rr2": ("RR2: as RR1, partial answers counted", rate(answered, "known + unknown", "known + unknown")),
        "rr3": ("RR3: as RR1, with the share e of those of unknown eligibility", rate("aapor_i", weighted, "known")),
        "rr4": ("RR4: as RR3, partial answers counted", rate(answered, weighted, "known")),
        "rr5": ("RR5, the greatest rate: as RR1, none of unknown eligibility taken to be eligible", rate("aapor_i", "known", "known")),
        "rr6": ("RR6: as RR5, partial answers counted", rate(answered, "known", "known")),
        "completion_rate": ("Complete / started: of those who began, and no response rate", rate("aapor_i", "started", "started")),
    }  # fmt: skip
    columns = {name: (Column(_RATE, f"{comment} (additivity: derived)"), sql) for name, (comment, sql) in shown.items()}
    bounds = {
        f"completion_{side}": (
            Column(_RATE, f"{end} bound of the 95 % interval of the completion rate (Wilson)"),
            unless(any_of("is_answers_only", "started = 0"), bound),
        )
        for side, end, bound in (("low", "Lower", _OF_STARTED.low), ("high", "Upper", _OF_STARTED.high))
    }
    return columns | bounds | _flags(is_hidden)


def _flags(is_hidden: str) -> dict[str, tuple[Column, str]]:
    small = f"1 where fewer than {_SMALL_N} {{}}: read with care"
    flags = {
        "is_accounted": (
            "1 when it is known who was asked; 0 where of survey and question nothing but answers was ever reported: rates are NULL",
            "NOT is_answers_only",
        ),
        "is_small_n": (small.format("stand in the denominator of RR1"), f"known + unknown < {_SMALL_N}"),
        "is_small_started": (small.format("began to answer"), f"started < {_SMALL_N}"),
    }
    if is_hidden == "0":
        return {name: (Column("UInt8", comment), sql) for name, (comment, sql) in flags.items()}
    return {
        name: (Column("Nullable(UInt8)", comment), f"if({is_hidden}, NULL, {sql})")
        for name, (comment, sql) in flags.items()
    }


_INPUTS: Final = ("sampled", "started", *AAPOR)
SURVEY_RESPONSE_RATES: Final = View(
    "survey_response_rates",
    "Response rates RR1 to RR6 of AAPOR with their inputs, and the completion rate, by policy, question, wording, touchpoint and local "
    "day, under the default map. To put rows together, add the inputs and divide again; journey_api.survey_response does it for a "
    "selection. Requests that are still open count as far as they have come (additivity: derived)",
    KEYS | numbers(_INPUTS) | rates(),
    layered(counted(RATED), answers_only_layer(), *rate_layers()),
)
