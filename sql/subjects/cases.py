"""Cases: what was opened for whom, how far it has come, and how well the company recovers those it could have lost.

Why: docs/decisions/0206.
"""

from __future__ import annotations

from typing import Final

from touchline.schemas.case import WORKED_STATES
from touchline.schemas.events import CASE
from touchline.sql.language.catalogue import load_catalogue
from touchline.sql.language.formulas import wilson
from touchline.sql.language.select import Select
from touchline.sql.language.views import View, layered, own
from touchline.sql.ledger.projections import LEDGER
from touchline.sql.ledger.rows import DEFAULT_MAP, IS_SHOWN, NET_ROWS
from touchline.sql.subjects.surveys.scores import COUNTED_DISPOSITIONS, formulas

_TEXT: Final = "LowCardinality(String)"
_SAID: Final = "LowCardinality(Nullable(String))"
_TIME: Final = "DateTime64(6, 'UTC')"
_SIMULATED: Final = ("UInt8", "1 for simulated events: label them wherever they are shown", "is_simulated_")
_STATES: Final = ("opened", *WORKED_STATES)
_EVENTS: Final = Select(
    {
        "case_id": "properties['case']",
        # Of events of one moment the later state counts: a rule and a person may speak within one microsecond.
        "rank": f"(event_time, indexOf({list(_STATES)!r}, toString(action)), event_id)",
        "state_": "toString(action)",
        "at": "event_time",
        "day": "local_date",
        "at_place": "place",
        "of_brand": "brand",
        "by_identifier": "identifier",
        "about_touchpoint": "touchpoint",
        "is_simulated_": "is_simulated",
        **{
            f"{name}_": f"properties['{name}']"
            for name in ("kind", "rule", "rule_version", "severity", "owner", "cause", "about_source", "about_event_id")
        },
        "due_": "parseDateTime64BestEffortOrNull(properties['due_at'], 6, 'UTC')",
    },
    LEDGER,
    where=("kind = 'received'", "fate = 'stored'", f"event_type = '{CASE}'", "action != 'began'", NET_ROWS),
)


def _newest(column: str, condition: str = "") -> str:
    return f"argMaxIf({column}, rank, {condition})" if condition else f"argMax({column}, rank)"


def _first(state: str) -> str:
    return f"minOrNullIf(at, state_ = '{state}')"


_SEVERITY: Final = _newest("severity_", "severity_ != ''")
_WORKED: Final = f"state_ IN {_STATES!r}"
_BY_CASE: Final = Select(
    {
        "case_id": "case_id",
        "person_key": "argMinIf(by_identifier, rank, by_identifier != '')",
        **{
            name: f"argMin({column}, rank)"
            for name, column in {
                "kind_": "kind_", "rule_": "rule_", "rule_version_": "rule_version_", "touchpoint_": "about_touchpoint",
                "about_source_": "about_source_", "about_event_id_": "about_event_id_", "place_": "at_place", "brand_": "of_brand",
                "opened_day": "day", "first_at": "at",
            }.items()
        },
        "severity_": f"if({_SEVERITY} = '', 'normal', {_SEVERITY})",
        "state_now": _newest("state_", _WORKED),
        "is_lapsed_": "argMaxIf(state_ = 'lapsed', (at, state_ = 'restored'), state_ IN ('lapsed', 'restored'))",
        "owner_": _newest("owner_", "owner_ != ''"),
        "cause_": _newest("cause_", "cause_ != ''"),
        "due_": _newest("due_", "due_ IS NOT NULL"),
        **{f"{state}_at_": _first(state) for state in ("owned", "contacted", "resolved", "verified")},
        "reopened_": "countIf(state_ = 'reopened')",
        "changed_at_": "max(at)",
        "is_simulated_": "max(is_simulated_)",
    },
    _EVENTS,
    group_by=("case_id",),
)  # fmt: skip
_ATTACHED: Final = Select(
    {"of_source": "toString(source)", "of_event_id": "event_id", "attached_person": "person"},
    LEDGER,
    where=("kind = 'attached'", "person != ''", NET_ROWS, IS_SHOWN, DEFAULT_MAP),
).nested()
# The person of the fact that is the reason, so that a merge of identifiers shows here, too; else the identifier of the case.
_WITH_PERSON: Final = Select(
    {"*": "*", "person_": "if(attached_person = '', person_key, attached_person)"},
    f"{_BY_CASE.nested()} AS cases\nLEFT JOIN{_ATTACHED} AS facts ON about_source_ = of_source AND about_event_id_ = of_event_id",
).nested()
_SOURCE: Final = layered(
    _WITH_PERSON,
    {"is_open_": "NOT is_lapsed_ AND state_now NOT IN ('resolved', 'verified')"},
    {
        "in_sla_": "multiIf(due_ IS NULL OR (is_lapsed_ AND contacted_at_ IS NULL), NULL, contacted_at_ <= due_, 1, "
        "contacted_at_ IS NOT NULL OR now64(6, 'UTC') > due_, 0, NULL)"
    },
)
CASES: Final = View(
    "cases",
    "One row per case: what was opened for whom and why, and how far it has come. A case has one id from its first event to its last; "
    "whatever is repeated, duplicated or killed, there is one",
    own(
        {
            "case_id": ("String", "Id of the case", ""),
            "kind": (_TEXT, "recovery, or encouragement of somebody who speaks well of the company", "kind_"),
            "rule": (_TEXT, "Rule that opened it", "rule_"),
            "rule_version": (_TEXT, "Version of that rule; empty when opened by hand", "rule_version_"),
            "severity": (_TEXT, "low, normal or high", "severity_"),
            "state": (_TEXT, f"Newest of {', '.join(_STATES)}", "state_now"),
            "is_open": ("UInt8", "1 until it is resolved, and while its reason stands", "is_open_"),
            "is_lapsed": ("UInt8", "1 when the fact that is its reason no longer stands", "is_lapsed_"),
            "person": (
                "Nullable(String)",
                "Person key; NULL when the reason names nobody",
                "nullIf(person_, '')",
            ),
            "touchpoint": (_TEXT, "Touchpoint that it is about", "touchpoint_"),
            "place": (_SAID, "Place (dim_place.id); NULL when unknown or nowhere", "nullIf(place_, '')"),
            "brand": (_SAID, "Brand; NULL when unknown", "nullIf(brand_, '')"),
            "about_source": (_SAID, "Source of the event that is its reason; NULL without one", "nullIf(about_source_, '')"),
            "about_event_id": ("Nullable(String)", "Id of that event; NULL without one", "nullIf(about_event_id_, '')"),
            "opened_on": ("Date", "Local day on which it was opened", "opened_day"),
            "opened_at": (_TIME, "When it was opened (UTC)", "first_at"),
            "owned_at": (f"Nullable({_TIME})", "When somebody first took it (UTC); NULL until then", "owned_at_"),
            "contacted_at": (f"Nullable({_TIME})", "When the person was first reached (UTC); NULL until then", "contacted_at_"),
            "resolved_at": (f"Nullable({_TIME})", "When it was first resolved (UTC); NULL until then", "resolved_at_"),
            "verified_at": (f"Nullable({_TIME})", "When the person first said that it is resolved (UTC); NULL until then", "verified_at_"),
            "changed_at": (_TIME, "When it last changed (UTC)", "changed_at_"),
            "reopened": ("UInt64", "How often it was opened again", "reopened_"),
            "due_at": (f"Nullable({_TIME})", "Until when the person is to be reached (UTC); NULL without a term", "due_"),
            "is_in_sla": ("Nullable(UInt8)", "1 when the person was reached in time, 0 when not; NULL until either is known", "in_sla_"),
            "owner": (_SAID, "Role that answers for it; NULL until one does", "nullIf(owner_, '')"),
            "cause": (_SAID, "Root cause; NULL until it is said", "nullIf(cause_, '')"),
            "is_simulated": _SIMULATED,
        }
    ),
    _SOURCE,
)  # fmt: skip

_CLASS: Final = formulas(load_catalogue())
_SCORES: Final = Select(
    {
        "given_by": "person",
        "given_at": "event_time",
        "scored_as": "(kpi_variant, toString(scope), answers.scale_min, answers.scale_max)",
        "given_source": "toString(source)",
        "given_event_id": "event_id",
        "is_bad": "score BETWEEN bad_from AND bad_to",
    },
    Select(
        {
            name: name
            for name in (
                "person", "event_time", "kpi", "variant", "scope", "scale_min", "scale_max", "source", "event_id", "score",
            )
        },
        LEDGER,
        where=(
            "kind = 'attached'", "has_score = 1", "person != ''", f"disposition IN ({COUNTED_DISPOSITIONS})",
            NET_ROWS, IS_SHOWN, DEFAULT_MAP,
        ),
    ).nested()
    + f" AS answers\nINNER JOIN {_CLASS} AS formulas\n    ON answers.kpi = formulas.kpi AND answers.variant = formulas.variant "
    "AND answers.scale_min = formulas.scale_min AND answers.scale_max = formulas.scale_max",
).nested()  # fmt: skip
_LATER: Final = Select(
    {
        "said_in_source": "one.given_source",
        "said_in_event": "one.given_event_id",
        "newest_is_bad": "argMax(later.is_bad, (later.given_at, later.given_source, later.given_event_id))",
    },
    f"{_SCORES} AS one\nINNER JOIN{_SCORES} AS later ON one.given_by = later.given_by AND one.scored_as = later.scored_as",
    where=("one.is_bad", "later.given_at > one.given_at"),
    group_by=("one.given_source", "one.given_event_id"),
).nested()
_SECONDS: Final = "dateDiff('second', opened_at, contacted_at)"
_CELLS: Final = Select(
    {
        "day": "opened_on",
        "kind_": "toString(kind)",
        "rule_": "toString(rule)",
        "touchpoint_": "toString(touchpoint)",
        "is_simulated_": "is_simulated",
        "opened": "toInt64(count())",
        "lapsed": "toInt64(countIf(is_lapsed))",
        "contacted": "toInt64(countIf(contacted_at IS NOT NULL))",
        "contact_seconds": f"quantileExactInclusiveIf(0.5)({_SECONDS}, contacted_at IS NOT NULL)",
        "due": "toInt64(countIf(is_in_sla IS NOT NULL))",
        "in_sla": "toInt64(countIf(is_in_sla = 1))",
        "resolved": "toInt64(countIf(resolved_at IS NOT NULL))",
        "reopened_": "toInt64(countIf(resolved_at IS NOT NULL AND reopened > 0))",
        "asked_again": "toInt64(countIf(said_in_event != ''))",
        "recovered": "toInt64(countIf(said_in_event != '' AND NOT newest_is_bad))",
    },
    f" journey.cases\nLEFT JOIN{_LATER} AS answers ON toString(ifNull(about_source, '')) = said_in_source "
    "AND ifNull(about_event_id, '') = said_in_event",
    group_by=("day", "kind_", "rule_", "touchpoint_", "is_simulated_"),
).nested()
_RATES: Final = {
    "sla": ("in_sla", "due", "those of which it is known whether the person was reached in time", "reached in time"),
    "reopen": ("reopened_", "resolved", "resolved cases", "opened again"),
    "recovery": (
        "recovered",
        "asked_again",
        "cases whose reason is a bad score and whose person has since answered the same question of the same scope on the same scale",
        "whose newest such answer is not bad",
    ),
}


def _rate(name: str) -> dict[str, tuple[str, str, str]]:
    positive, n, of, that = _RATES[name]
    interval = wilson(positive, n, name)
    bound = f"if({n} > 0, {{}}, NULL)"
    return {
        f"{name}_rate": ("Nullable(Float64)", f"Share of {of} that were {that}; NULL without any", f"if({n} > 0, {positive} / {n}, NULL)")
        if name != "recovery"
        else ("Nullable(Float64)", f"Share of {of}, {that}; NULL without any", f"if({n} > 0, {positive} / {n}, NULL)"),
        f"{name}_n": ("Int64", f"Number of {of} (additivity: sum)", n),
        f"{name}_ci_low": ("Nullable(Float64)", "Lower bound of its 95 % interval (Wilson)", bound.format(interval.low)),
        f"{name}_ci_high": ("Nullable(Float64)", "Upper bound of its 95 % interval (Wilson)", bound.format(interval.high)),
    }  # fmt: skip


_KEYS: Final = {
    "opened_on": ("Date", "Local day on which the cases were opened", "day"),
    "kind": (_TEXT, "recovery or encouragement", "kind_"),
    "rule": (_TEXT, "Rule that opened them", "rule_"),
    "touchpoint": (_TEXT, "Touchpoint that they are about", "touchpoint_"),
}
CASE_KPIS: Final = View(
    "case_kpis",
    "How well cases are looked after, by day of opening, rule and touchpoint: time to first contact, share in time, reopened, "
    "recovered. Counts are sums; of rates add numerator and denominator; a median cannot be added",
    own(
        {
            **_KEYS,
            "n": ("Int64", "Cases opened (additivity: sum)", "opened"),
            "n_lapsed": ("Int64", "Of those: their reason no longer stands (additivity: sum)", "lapsed"),
            "n_contacted": ("Int64", "Of those: the person was reached (additivity: sum)", "contacted"),
            "first_contact_seconds": (
                "Nullable(Float64)",
                "Median seconds from opening to the first contact, of those reached; NULL without any",
                "if(contacted > 0, toFloat64(contact_seconds), NULL)",
            ),
            **_rate("sla"),
            **_rate("reopen"),
            **_rate("recovery"),
            "ci_method": (_TEXT, "How the intervals were computed: wilson", "'wilson'"),
            "is_simulated": _SIMULATED,
        }
    ),
    layered(_CELLS, *({k: v for name in _RATES for k, v in wilson(*_RATES[name][:2], name).layers[0].items()},)),
)
CASE_CAUSES: Final = View(
    "case_causes",
    "Root causes of cases, by day of opening, rule and touchpoint (additivity: sum)",
    own(
        {
            **_KEYS,
            "cause": (_SAID, "Root cause; NULL where none was said yet", "cause_"),
            "n": ("Int64", "Cases (additivity: sum)", "cases_"),
            "is_simulated": _SIMULATED,
        }
    ),
    Select(
        {
            "day": "opened_on",
            "kind_": "toString(kind)",
            "rule_": "toString(rule)",
            "touchpoint_": "toString(touchpoint)",
            "cause_": "cause",
            "is_simulated_": "is_simulated",
            "cases_": "toInt64(count())",
        },
        " journey.cases",
        group_by=("day", "kind_", "rule_", "touchpoint_", "cause_", "is_simulated_"),
    ).nested(),
)
CASE_VIEWS: Final = (CASES, CASE_KPIS, CASE_CAUSES)
