"""Who belongs together: the identifiers of persons as their journeys show them, the links behind them, and the hubs that link nobody.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from typing import Final

from touchline.schemas.identifiers import MERGE_NOBODY
from touchline.sql.language.columns import Column
from touchline.sql.language.parameterized import ParameterizedView
from touchline.sql.language.select import Select
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.projections import LEDGER
from touchline.sql.ledger.rows import DEFAULT_MAP, IS_SHOWN, NET_ROWS
from touchline.sql.ledger.said import HUB_NEIGHBOURS, in_force, said

_TYPE: Final = "LowCardinality(String)"
_TIME: Final = "DateTime64(6, 'UTC')"
_IDENTIFIER: Final = {
    "identifier": ("String", "Person key of one identifier", "identifier_"),
    "identifier_type": (_TYPE, "Its type: login, loyalty, anonymous, ...", "identifier_type_"),
}
# An identifier has one type; a row whose fate moved, and its retraction, repeat the identifier without it.
_TYPES: Final = Select(
    {"typed": "identifier", "type_of_it": "max(toString(identifier_type))"},
    LEDGER,
    where=("kind = 'received'", "fate = 'stored'", "identifier != ''"),
    group_by=("identifier",),
).nested()
_ATTACHED: Final = Select(
    {
        "identifier_": "identifier",
        "of_person": "person",
        "events_of_it": "toInt64(count())",
        "first_of_it": "min(event_time)",
        "last_of_it": "max(event_time)",
        "simulated": "max(is_simulated)",
    },
    LEDGER,
    where=("kind = 'attached'", "identifier != ''", NET_ROWS, IS_SHOWN, DEFAULT_MAP),
    group_by=("identifier", "person"),
).nested()
IDENTIFIERS = View(
    "identifiers",
    "Which identifiers are which person, as the journeys show it: one row per identifier and person. An identifier of several persons is a "
    "device that they share",
    own(
        {
            "identifier": _IDENTIFIER["identifier"],
            "identifier_type": (*_IDENTIFIER["identifier_type"][:2], "type_of_it"),
            "person": ("String", "Person key: that of the person's smallest identifier", "of_person"),
            "events": (
                "Int64",
                "Touchpoints and answers of the person under this identifier (additivity: sum)",
                "events_of_it",
            ),
            "first_at": (_TIME, "Time of the first of them (UTC)", "first_of_it"),
            "last_at": (_TIME, "Time of the last of them (UTC)", "last_of_it"),
            "is_simulated": ("UInt8", "1 when one of them is simulated: label it wherever it is shown", "simulated"),
        }
    ),
    f"{_ATTACHED} AS attached\nLEFT JOIN{_TYPES} AS types ON identifier_ = typed",
)
_SAID: Final = chosen("event_time", "source", "event_id", event_time="event_time") | own(
    {
        "kind": (_TYPE, "link or unlink", "said_as"),
        **_IDENTIFIER,
        "linked_identifier": ("String", "Person key of the other identifier", "linked_identifier_"),
        "linked_identifier_type": (_TYPE, "Type of the other identifier", "linked_identifier_type_"),
        "is_in_force": (
            "UInt8",
            "1 for a link that is newer than every unlink of the two; those of a hub (view hubs), of a household, or stated when the "
            "consent to be linked was withdrawn join nobody all the same",
            "",
        ),
    }
)
LINKS = View(
    "links",
    "What events that count say about two identifiers: that they are, or are not, one person's; one row per event and pair",
    _SAID,
    in_force(said()),
)
_JOIN_NOBODY: Final = ", ".join(f"'{name}'" for name in sorted(MERGE_NOBODY))
_END, _OTHER_END = (f"({end}identifier_, {end}identifier_type_)" for end in ("", "linked_"))
_ENDS: Final = Select(
    {"ends": f"arrayJoin([({_END}, {_OTHER_END}), ({_OTHER_END}, {_END})])"},
    in_force(said()),
    where=("is_in_force = 1", *(f"{end}identifier_type_ NOT IN ({_JOIN_NOBODY})" for end in ("", "linked_"))),
).nested()
_NEIGHBOURS: Final = Select(
    {"identifier_": "ends.1.1", "identifier_type_": "any(ends.1.2)", "found": "toInt64(uniqExact(ends.2.1))"},
    _ENDS,
    group_by=("identifier_",),
    having=(f"found > {HUB_NEIGHBOURS}",),
).nested()
HUBS = View(
    "hubs",
    "Identifiers with more links in force than the setting hub_neighbours allows: placeholders and devices of many. Their links count for "
    "nothing, and whoever has such an identifier alone is a person by it",
    own(_IDENTIFIER | {"neighbours": ("Int64", "Identifiers that it is linked with (additivity: none)", "found")}),
    _NEIGHBOURS,
)
_OF_PERSON: Final = Select(
    {"identifier": "identifier"},
    LEDGER,
    where=("kind = 'attached'", "person != ''", "person = {person:String}", NET_ROWS, IS_SHOWN),
).to_sql()
_NAMES_PERSON: Final = " OR ".join(
    f"{end} = {{person:String}} OR {end} IN (\n{_OF_PERSON}\n)" for end in ("identifier", "linked_identifier")
)
PERSON_LINKS = ParameterizedView(
    "person_links",
    "What was said about the identifiers of one person, and when: the marks in the time line of a journey",
    {"person": Column("String", "Person key")},
    _SAID,
    in_force(said(f"({_NAMES_PERSON})")),
)
IDENTITY_VIEWS = (IDENTIFIERS, LINKS, HUBS)
