"""What persons said about consent, and how many of the events of sources under consent came with a grant.

The states are those by which workers decide what may count (processors/steps/consent.py): of a purpose the newest statement by effective
time, and the withdrawal at the same time.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from typing import Final

from touchline.schemas.events import CONSENT
from touchline.sql.language.formulas import wilson
from touchline.sql.language.select import Select
from touchline.sql.language.views import View, layered, own
from touchline.sql.ledger.projections import LEDGER
from touchline.sql.ledger.rows import DEFAULT_MAP, IS_SHOWN, NET_ROWS
from touchline.sql.ledger.said import in_force, said

ENDED_MOST: Final = 100
"""A rate is shown while at most one in so many of the day's events has been erased since: it is off by a hundredth at most then."""
_TEXT: Final = "LowCardinality(String)"
_TIME: Final = "DateTime64(6, 'UTC')"
_STATED: Final = (
    "kind = 'received'",
    "fate = 'stored'",
    f"event_type = '{CONSENT}'",
    "identifier != ''",
    NET_ROWS,
)
_STATEMENTS: Final = Select(
    {
        "by_identifier": "identifier",
        "stated": "event_time",
        "effective": "about_time",
        "takes_back": "action = 'withdrawn'",
        "consent": "consent_id",
        "named": "if(purposes = '', emptyArrayString(), splitByChar(',', toString(purposes)))",
        "text_version": "properties['version']",
        "said_by": "toString(source)",
        "said_as": "event_id",
        "simulated": "is_simulated",
    },
    LEDGER,
    where=_STATED,
).nested()
# Which purposes a grant stands for is asked of those alone of which somebody said something without purposes.
_UNNAMED: Final = Select({"consent_id": "consent_id"}, LEDGER, where=(*_STATED, "purposes = ''")).to_sql()
_OF_GRANTS: Final = Select(
    {
        "grant_id": "consent_id",
        "stands_for": "arraySort(groupUniqArrayArray(splitByChar(',', toString(purposes))))",
    },
    LEDGER,
    where=(
        "kind = 'received'",
        "fate = 'stored'",
        "purposes != ''",
        f"NOT (event_type = '{CONSENT}' AND action = 'withdrawn')",
        f"consent_id IN (\n{_UNNAMED}\n)",
        NET_ROWS,
    ),
    group_by=("consent_id",),
).nested()
_ATTACHED: Final = ("kind = 'attached'", "identifier != ''", NET_ROWS, IS_SHOWN, DEFAULT_MAP)
_PERSONS: Final = Select(
    {
        "attached_as": "identifier",
        "persons_of_it": "groupUniqArray(person)",
        "first_of_it": "argMin(person, event_time)",
    },
    LEDGER,
    where=_ATTACHED,
    group_by=("identifier",),
).nested()
_SHARED: Final = Select(
    {"identifier": "identifier"},
    LEDGER,
    where=_ATTACHED,
    group_by=("identifier",),
    having=("uniqExact(person) > 1",),
).to_sql()
_ON_SHARED: Final = Select(
    {"shared_as": "identifier", "used_at": "event_time", "used_by": "person"},
    LEDGER,
    where=(*_ATTACHED, f"identifier IN (\n{_SHARED}\n)"),
).nested()
# Of an identifier without events of its own: the person of those that it is linked with, where that is one.
_LINK_ENDS: Final = Select(
    {"ends": "arrayJoin([(identifier_, linked_identifier_), (linked_identifier_, identifier_)])"},
    in_force(said()),
    where=("is_in_force = 1",),
).nested()
_BY_LINKS: Final = Select(
    {"linked_as": "ends.1", "persons_by_links": "groupUniqArrayArray(persons_of_it)"},
    f"{_LINK_ENDS} AS linked\nINNER JOIN{_PERSONS} AS attached_ends ON ends.2 = attached_as",
    group_by=("ends.1",),
).nested()
_OF_PERSONS: Final = Select(
    {
        "*": "*",
        "of_person": "multiIf(length(persons_of_it) = 1, persons_of_it[1], used_by != '', used_by, notEmpty(persons_of_it), first_of_it, "
        "length(persons_by_links) = 1, persons_by_links[1], by_identifier)",
        "for_purpose": "arrayJoin(if(empty(named), stands_for, named))",
    },
    f"{_STATEMENTS} AS statements\n"
    f"LEFT JOIN{_OF_GRANTS} AS grants ON consent = grant_id\n"
    f"LEFT JOIN{_PERSONS} AS attached ON by_identifier = attached_as\n"
    f"LEFT JOIN{_BY_LINKS} AS links ON by_identifier = linked_as\n"
    f"ASOF LEFT JOIN{_ON_SHARED} AS shared ON by_identifier = shared_as AND stated >= used_at",
).nested()
_NEWEST: Final = "argMax({}, (takes_back, said_by, said_as))"
_CHANGES: Final = Select(
    {
        "of_person": "of_person",
        "for_purpose": "for_purpose",
        "effective": "effective",
        "is_taken_back": "max(takes_back)",
        **{
            name: _NEWEST.format(column)
            for name, column in {
                "consent_id_": "consent",
                "version_": "text_version",
                "identifier_": "by_identifier",
                "source_": "said_by",
                "event_id_": "said_as",
                "stated_": "stated",
            }.items()
        },
        "simulated_": "max(simulated)",
    },
    _OF_PERSONS,
    group_by=("of_person", "for_purpose", "effective"),
).nested()
_NEXT: Final = (
    "leadInFrame(toNullable(effective)) OVER (PARTITION BY of_person, for_purpose ORDER BY effective "
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
)
CONSENTS = View(
    "consents",
    "The state of each purpose of each person over time: one row per person, purpose and moment at which something was said of it. As of a "
    "moment: valid_from <= it AND (valid_until IS NULL OR valid_until > it). A purpose without a row was never spoken of: unknown, so no "
    "consent",
    own(
        {
            "person": (
                "String",
                "Person key, as journeys show it; of an identifier that leads to no journey that identifier",
                "of_person",
            ),
            "purpose": (_TEXT, "Purpose: as sources name theirs, contact_me, profiling, ...", "for_purpose"),
            "state": (_TEXT, "granted or withdrawn", "if(is_taken_back, 'withdrawn', 'granted')"),
            "valid_from": (_TIME, "From when on it holds (UTC); may lie in the future", "effective"),
            "valid_until": (f"Nullable({_TIME})", "Until when: the next statement; NULL where there is none", "next_"),
            "consent_id": ("String", "The consent that was granted or withdrawn", "consent_id_"),
            "version": (
                "Nullable(String)",
                "Version of the text agreed to; NULL where it was not said",
                "nullIf(version_, '')",
            ),
            "identifier": ("String", "Person key under which it was said", "identifier_"),
            "source": (_TEXT, "Source that said it", "source_"),
            "event_id": ("String", "Event that said it", "event_id_"),
            "stated_at": (_TIME, "Time of that event (UTC)", "stated_"),
            "is_simulated": ("UInt8", "1 when it is simulated: label it wherever it is shown", "simulated_"),
        }
    ),
    Select({"*": "*", "next_": _NEXT}, _CHANGES).nested(),
)
_RATE: Final = wilson("granted", "asked")
# What was asserted once with a grant, and whose record has ended: it keeps its purposes and its time when it is blank. What was anonymised
# stands, without the id of its grant.
_GRANTED: Final = f"fate = 'stored' AND purposes != '' AND event_type != '{CONSENT}'"
_ERASED: Final = Select(
    {"stream": "stream", "offset": "offset"}, LEDGER, where=("kind = 'received'", "fate = 'erased'", NET_ROWS)
).to_sql()
_HAS_ENDED: Final = f"fate = 'stored' AND (stream, offset) IN (\n{_ERASED}\n)"
_RECORDS: Final = Select(
    {
        "sender": "source",
        "day": "toDate(if(toUnixTimestamp64Micro(received_time) = 0, stored_time, received_time), 'UTC')",
        "place": "(stream, offset)",
        "is_granted": "fate = 'stored'",
        "has_ended": _HAS_ENDED,
        "simulated_": "is_simulated",
    },
    LEDGER,
    where=(
        "kind = 'received'",
        "sign = 1",
        f"(({_GRANTED}) OR (fate = 'suppressed' AND reason = 'no_consent'))",
        f"(({NET_ROWS}) OR ({_HAS_ENDED}))",
    ),
).nested()
_ASKED: Final = Select(
    {
        "sender": "sender",
        "day": "day",
        "granted": "toInt64(countIf(is_granted AND NOT has_ended))",
        "asked": "toInt64(countIf(NOT has_ended))",
        "ended": "toInt64(uniqExactIf(place, has_ended))",
        "simulated": "maxIf(simulated_, NOT has_ended)",
    },
    _RECORDS,
    group_by=("sender", "day"),
    having=("asked > 0",),
).nested()
_TELLS: Final = f"ended * {ENDED_MOST} <= asked + ended"
CONSENT_RATE = View(
    "consent_rate",
    "How many of the events of each source and day came with a grant: one row per source under consent and UTC day of receipt. Events, not "
    "persons: nothing is kept of who gave no consent, so the interval takes events for independent (additivity: n and n_granted sum). The "
    f"rate is NULL where more than one in {ENDED_MOST} of the day's events has been erased since, by its term or by requests: what had a "
    "grant goes, what had none is still counted",
    own(
        {
            "source": (_TEXT, "System that sent the events (dim_source.id)", "sender"),
            "received_on": ("Date", "UTC day on which they were received", "day"),
            "n_granted": (
                "Int64",
                "Events kept, anonymised ones included: each came with a grant for a purpose of its source",
                "granted",
            ),
            "n": ("Int64", "Those, and the ones suppressed for want of a grant", "asked"),
            "n_ended": (
                "Int64",
                "Events that came with a grant and have been erased since; they are in no other number",
                "ended",
            ),
            "consent_rate": (
                "Nullable(Float64)",
                "n_granted / n; NULL where too many have ended",
                f"if({_TELLS}, granted / asked, NULL)",
            ),
            "ci_low": ("Nullable(Float64)", "Lower bound of its 95 % interval", f"if({_TELLS}, {_RATE.low}, NULL)"),
            "ci_high": ("Nullable(Float64)", "Upper bound of its 95 % interval", f"if({_TELLS}, {_RATE.high}, NULL)"),
            "ci_method": (_TEXT, "How the interval was computed: wilson", "'wilson'"),
            "is_simulated": (
                "UInt8",
                "1 when one of those kept is simulated: label it wherever it is shown; suppressed ones do not say",
                "simulated",
            ),
        }
    ),
    layered(_ASKED, _RATE.layers[0]),
)
CONSENT_VIEWS = (CONSENTS, CONSENT_RATE)
