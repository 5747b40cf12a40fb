"""Requests to answer as rows: how far each has come, in which one outcome it stands, and its class by AAPOR.

A request is one `touchline.answer.v1` event whose most complete version counts, so it has one disposition. Why somebody was not asked, and
how far an expired request had come, its received row says (`properties`): the attached row, which knows day and place, has none. Signed
rows of one event find the same received row, so a retraction takes away what its row had added.

Why: docs/decisions/0209.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.select import Select
from touchline.sql.language.views import layered
from touchline.sql.ledger.projections import ANSWER_ROWS, ANSWER_TYPE, LEDGER
from touchline.sql.ledger.rows import NET_ROWS

REASONS: Final = {"fatigue": "fatigue", "no_consent": "no_consent", "consent_withdrawn": "withdrawn"}
"""Values of `properties.reason` of an eligible request that have an outcome of their own -> its name behind `not_asked_`."""
NOT_ELIGIBLE: Final = "not_eligible"
"""`properties.reason` of a request that ended because the person turned out not to be one of those who are asked: screened out, or its
event was taken back. Reasons are those of touchline/surveys/decide.py; a test holds the two together."""
STEPS: Final = {
    "eligible": "Requests: everybody whom the policy could have asked here",
    "sampled": "Drawn by the sampling",
    "invited": "Invited, or shown the question without an invitation",
    "delivered": "Whom the invitation or the question reached",
    "shown": "Who had the question before them, as known",
    "started": "Who began to answer",
    "answered": "Who answered, partly or completely",
}
"""Steps from the first to the last; who came to one came to all before it."""
_CAME_TO: Final = {
    "sampled": 1, "invited": 2, "bounced": 2, "delivered": 3, "shown": 4, "dismissed": 4, "refused": 4, "started": 5, "partial": 6,
    "complete": 6,
}  # fmt: skip
"""Number of the last step that a request of the disposition came to; 0 for the others."""
_INVITED: Final = 2
OUTCOMES: Final = {
    "not_asked_fatigue": "Not asked: a fatigue rule spared the person",
    "not_asked_no_consent": "Not asked: a purpose that the policy needs was never granted",
    "not_asked_withdrawn": "Not asked: a purpose that the policy needs was withdrawn",
    "not_asked_other": "Eligible, and not asked for another reason, or for none that is said",
    "not_sampled": "Not asked: the draw fell so",
    "only_sampled": "Sampled, and no more is known",
    "only_invited": "Invited, and no more is known",
    "only_delivered": "Reached by the invitation, and no more is known",
    "only_shown": "Had the question before them, and no more is known",
    "only_started": "Began, and no more is known",
    "bounced": "The invitation came back",
    "dismissed": "Closed the question",
    "refused": "Said no",
    "ineligible": "Turned out not to be one of those who are asked: bounced, dismissed, refused or expired with the reason not_eligible",
    "expired": "The time to answer went by",
    "partial": "Answered partly",
    "complete": "Answered completely",
}
"""Outcomes: each request stands in exactly one."""
_TOLD_APART: Final = ("eligible", "bounced", "dismissed", "refused", "expired")
"""Dispositions of which a property says more."""
AAPOR: Final = {
    "aapor_i": "I, complete: complete",
    "aapor_p": "P, partial: partial",
    "aapor_r": "R, refusal and break-off: dismissed, refused, and who began and answered nothing",
    "aapor_nc": "NC, non-contact: delivered or shown, and nobody took it up",
    "aapor_o": "O, other eligible: always 0, no disposition says it",
    "aapor_uh": "UH, nothing known of the person: sampled or invited, and nothing came back",
    "aapor_uo": "UO, unknown, other: bounced",
    "aapor_ne": "NE, known not to be eligible: in no denominator, only in e",
}
_ENDED: Final = "'bounced', 'dismissed', 'refused', 'expired'"
_OUTCOME: Final = f"""multiIf(
            disposition = 'eligible', concat('not_asked_', transform(why, {list(REASONS)}, {list(REASONS.values())}, 'other')),
            disposition IN ({_ENDED}) AND why = '{NOT_ELIGIBLE}', 'ineligible',
            disposition IN ('sampled', 'invited', 'delivered', 'shown', 'started'), concat('only_', disposition),
            disposition)"""
_EXPIRED_AT: Final = "if(had_reached IN ('sampled', 'delivered', 'shown', 'started'), had_reached, 'invited')"
_STEP: Final = f"""transform(
            if(disposition = 'expired', {_EXPIRED_AT}, disposition),
            {list(_CAME_TO)}, {list(_CAME_TO.values())}, 0)"""
# R, NC and O are one sum in every rate, and so are UH and UO: what matters is whether eligibility is known.
_CLASS: Final = f"""multiIf(
            step = 0, '',
            outcome = 'ineligible', 'aapor_ne',
            outcome = 'complete', 'aapor_i',
            outcome = 'partial', 'aapor_p',
            outcome = 'bounced', 'aapor_uo',
            outcome IN ('dismissed', 'refused') OR step = {_CAME_TO["started"]}, 'aapor_r',
            step >= {_CAME_TO["delivered"]}, 'aapor_nc',
            'aapor_uh')"""

COUNTS: Final = {
    **{name: f"sum(sign * (step >= {number}))" for number, name in enumerate(STEPS)},
    **{name: f"sum(sign * (outcome = '{name}'))" for name in OUTCOMES},
    **{name: f"sum(sign * (class = '{name}'))" for name in AAPOR},
}
"""Sums over the rows of `requests`, and what each is: name -> expression."""
MEANINGS: Final = (
    {name: f"{comment} (additivity: sum)" for name, comment in STEPS.items()}
    | {name: f"{comment} (additivity: sum)" for name, comment in OUTCOMES.items()}
    | {name: f"AAPOR's {comment} (additivity: sum)" for name, comment in AAPOR.items()}
)


def requests(condition: str, keys: dict[str, str]) -> str:
    """Signed rows of requests by `keys` (name -> expression over the ledger), with `outcome`, `step` (number within STEPS) and `class` (of
    AAPOR; empty for who was not sampled). `condition` stands on the ledger's rows."""
    found = Select(
        {"source": "source", "event_id": "event_id", "sign": "sign", "disposition": "toString(disposition)"} | keys,
        LEDGER,
        where=(ANSWER_ROWS, condition),
    ).nested()
    said = Select(
        {
            "source": "source",
            "event_id": "event_id",
            "why": "properties['reason']",
            "had_reached": "properties['reached']",
        },
        LEDGER,
        where=(
            f"kind = 'received' AND fate = 'stored' AND event_type = '{ANSWER_TYPE}'",
            f"disposition IN ({', '.join(repr(name) for name in _TOLD_APART)})",
            NET_ROWS,
        ),
    ).nested()
    joined = Select({"*": "*"}, f"{found} AS found\nLEFT ANY JOIN{said} AS said USING (source, event_id)").nested()
    return layered(joined, {"outcome": _OUTCOME, "step": _STEP}, {"class": _CLASS})
