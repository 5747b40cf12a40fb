"""The columns that readers see: name, type and meaning, each written once. Views choose from them, in order.

`shown` turns what the ledger keeps into what readers see: where nothing is known the ledger has an empty text or 0, readers get NULL.
"""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """One column of views. `shown` is its expression over the ledger's column of the same name; empty for the name itself."""

    type: str
    comment: str
    shown: str = ""


_TEXT = "LowCardinality(String)"
_OPTIONAL = "LowCardinality(Nullable(String))"


def _optional(name: str, comment: str) -> Column:
    return Column(_OPTIONAL, comment, f"nullIf({name}, '')")


COLUMNS: dict[str, Column] = {
    # H, D, F
    "touchpoint": Column(_TEXT, "Touchpoint, as events name it"),
    "channel": _optional("channel", "Channel of the event, else of the touchpoint; NULL when unknown"),
    "is_online": Column("UInt8", "1 when the touchpoint or its channel is online"),
    "is_simulated": Column("UInt8", "1 for simulated events: label them wherever they are shown"),
    "is_declared": Column(
        "UInt8",
        "1 for events that nobody observed: people declared them afterwards. Show them beside the others, not in one number",
        "provenance = 'declared'",
    ),
    "brand": _optional("brand", "Brand; NULL when unknown"),
    "place": _optional("place", "Place (dim_place.id); NULL when unknown or nowhere"),
    "persona": _optional("persona", "Persona as of the event; NULL when unknown"),
    "segment": _optional("segment", "Segment as of the event; NULL when unknown"),
    "action": _optional("action", "What the person did there; NULL when not said"),
    "campaign": _optional("campaign", "Campaign; NULL when none"),
    # M
    "map": Column(_TEXT, "Journey map (dim_map.id)"),
    "map_version": Column("UInt32", "Version of the journey map: never mix versions in one number"),
    "stage": _optional("stage", "Stage of the journey (dim_stage.id); NULL when the touchpoint is unmapped"),
    "stage_order": Column(
        "Nullable(UInt8)", "Place of the stage in the map, from 1; NULL when unmapped", "nullIf(stage_order, 0)"
    ),
    # facts
    "event_time": Column("DateTime64(6, 'UTC')", "When it happened (UTC), clock skew corrected"),
    "local_date": Column("Date", "Day in the zone of the place, else of the company"),
    "source": Column(_TEXT, "System that sent the event (dim_source.id)"),
    "event_id": Column("String", "Id of the event within its source"),
    "revision": Column("UInt32", "Revision of the event that counts"),
    "person": Column("Nullable(String)", "Person key; NULL when the event names nobody", "nullIf(person, '')"),
    "is_mapped": Column("UInt8", "1 when the map gives the event a stage"),
    "cycle": Column(
        "Nullable(UInt32)", "Journey cycle of the person, from 1; NULL when no journey moves", "nullIf(cycle, 0)"
    ),
    "transition": _optional("transition", "enter, advance, skip, return or stay; NULL when no journey moves"),
    "wait_seconds": Column(
        "Nullable(Float64)",
        "Time since the same person's touchpoint before; NULL for the first",
        "if(touchpoint_number > 1, wait_us / 1000000, NULL)",
    ),
    "is_conversion": Column("UInt8", "1 when the event converts its journey cycle"),
    "rule": _optional("rule", "Rule of the map that decided the stage; NULL when none did"),
    "evidence": _optional("evidence", "What the rule saw; NULL when none decided"),
    # answers
    "answered_at": Column("DateTime64(6, 'UTC')", "When the answer was given (UTC)", "event_time"),
    "answered_date": Column("Date", "Day on which the answer was given, in the zone of the touchpoint's place"),
    "about_time": Column(
        "DateTime64(6, 'UTC')",
        "When the touchpoint happened that it is about (UTC): said by the answer, else the time of the event that it names, else "
        "answered_at",
    ),
    "about_date": Column("Date", "Day of about_time: on this one the answer counts", "local_date"),
    "about_source": _optional("about_source", "Source of the event that the answer names; NULL when it names none"),
    "about_event_id": Column(
        "Nullable(String)",
        "Id of the event that the answer names; NULL when it names none",
        "nullIf(about_event_id, '')",
    ),
    "about_amount": Column(
        "Nullable(Decimal(18, 4))",
        "Amount of the event that the answer names, in units of its currency; NULL while no event with an amount is known",
    ),
    "about_currency": _optional("currency", "ISO 4217 currency of that amount; NULL without amount"),
    "amount_class": Column(
        _OPTIONAL,
        "Class of that amount, in units of its currency: its bounds are 1, 2 and 5 times a power of ten, the lower one belongs to it; "
        "refund below 0; NULL without amount",
    ),
    "survey": _optional("survey", "Survey; NULL when unnamed"),
    "question": _optional("question", "Question, the same id in every language; NULL when unnamed"),
    "kpi": _optional("kpi", "KPI that the question feeds (dim_kpi.id); NULL for other questions"),
    "variant": Column(
        _OPTIONAL,
        "Formula variant (dim_kpi.variant); NULL when the answer names none and the catalogue has none for KPI and scale",
        "nullIf(kpi_variant, '')",
    ),
    "is_classified": Column(
        "UInt8",
        "1 when the catalogue has a formula for KPI, variant and scale; 0: kept, in no KPI, shown in unclassified_answers",
    ),
    "scope": _optional("scope", "relational (all experiences) or transactional (this touchpoint): never pool them"),
    "scale_min": Column("Int16", "Bad end of the scale: the lowest score, where high scores are good"),
    "scale_max": Column("Int16", "Good end of the scale; below scale_min where low scores are good"),
    "score": Column("Nullable(Float64)", "Score; NULL when none was given", "if(has_score = 1, score, NULL)"),
    "disposition": _optional("disposition", "What became of the question: complete, partial, shown, dismissed, ..."),
    # orders
    "order_id": Column(
        "Nullable(String)", "Order that the event names; NULL when it names none", "nullIf(order_id, '')"
    ),
    "kind": _optional("order_kind", "purchase or refund; NULL when not said"),
    "amount": Column(
        "Nullable(Decimal(18, 4))", "Paid amount, tax included, in units of the currency; negative for a refund"
    ),
    "currency": _optional("currency", "ISO 4217 currency: never sum across currencies; NULL without amount"),
    # marts
    "bucket_1h": Column("DateTime('UTC')", "UTC hour"),
    "bucket_1d": Column("Date", "Local day"),
    "events": Column("Int64", "Number of events (additivity: sum)"),
    "persons": Column("Int64", "Distinct persons of the day in this grain (additivity: distinct, do not add up)"),
    "journeys": Column(
        "Int64", "Distinct journey cycles of the day in this grain (additivity: distinct, do not add up)"
    ),
    "orders": Column("Int64", "Number of events with an amount (additivity: sum)"),
    "n": Column(
        "Int64", "Answers that count: complete or partial, with a score on the scale of the variant (additivity: sum)"
    ),
    "n_positive": Column("Int64", "Answers of the good class: promoters, satisfied, ... (additivity: sum)"),
    "n_neutral": Column("Int64", "Answers of neither class (additivity: sum)"),
    "n_negative": Column("Int64", "Answers of the bad class: detractors, dissatisfied, ... (additivity: sum)"),
    "numerator": Column(
        "Float64", "Numerator of the value, before the factor 100 of points and percent (additivity: sum)"
    ),
    "denominator": Column("Int64", "Denominator of the value (additivity: sum)"),
    "value": Column("Float64", "The KPI, in the unit of dim_kpi (additivity: derived)"),
    "ci_low": Column("Float64", "Lower bound of the 95 % confidence interval, in the unit of the value"),
    "ci_high": Column("Float64", "Upper bound of the 95 % confidence interval, in the unit of the value"),
    "ci_method": Column(_TEXT, "How the interval was computed: adjusted_wald, wilson or student_t"),
}

HOURLY = ("touchpoint", "channel", "is_online", "is_simulated")
DAILY = (*HOURLY, "brand", "place", "persona", "segment")
FACTS = (*DAILY, "action", "campaign")
MAP = ("map", "map_version", "stage", "stage_order")
