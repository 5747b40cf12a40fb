"""Which person keys an event names, of keys that are whole or of which only the beginning is given.

Why: docs/decisions/0187.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from clickhouse_driver import Client

from touchline.person.ask import ask, ask_of_keys, parts
from touchline.schemas.identifiers import is_person_key

_BEGINNINGS_AT_ONCE: Final = 100
_SHOWN: Final = 2
"""So many keys of one beginning tell that it is not enough."""


def keys_beginning_with(client: Client, beginning: str) -> list[str]:
    """Person keys of identifiers that begin so, at most two; also of those that only links name."""
    return known_keys(client, [beginning])[beginning]


def known_keys(client: Client, named: Iterable[str]) -> dict[str, list[str]]:
    """The same of many, whole keys or beginnings, in a few queries."""
    wanted = dict.fromkeys(named)
    whole = [one for one in wanted if is_person_key(one)]
    found = {key for (key,) in ask_of_keys(client, _WHOLE, whole)}
    known = {one: [one] if one in found else [] for one in wanted}
    return known | _beginning_so(client, [one for one in wanted if not is_person_key(one)])


def _beginning_so(client: Client, beginnings: Sequence[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for part in parts(beginnings, _BEGINNINGS_AT_ONCE):
        values = {f"beginning_{place}": one for place, one in enumerate(part)}
        own, linked = (
            " OR ".join(f"startsWith({column}, %({name})s)" for name in values)
            for column in ("identifier", "linked_identifier")
        )
        query = _BEGINNING.format(own=own, linked=linked, shown=_SHOWN)
        for beginning, keys in ask(client, query, beginnings=list(part), **values):
            found[beginning] = sorted(keys)
    return {one: found[one] for one in beginnings}


_WHOLE = """
SELECT DISTINCT key FROM
(
    SELECT identifier AS key FROM journey_raw.ledger WHERE identifier IN %(keys)s
    UNION ALL
    SELECT linked_identifier FROM journey_raw.ledger
    WHERE kind IN ('link', 'unlink') AND linked_identifier IN %(keys)s
)"""
_BEGINNING = """
SELECT arrayJoin(arrayFilter(one -> startsWith(key, one), %(beginnings)s)) AS beginning, groupUniqArray({shown})(key) FROM
(
    SELECT identifier AS key FROM journey_raw.ledger WHERE {own}
    UNION ALL
    SELECT linked_identifier FROM journey_raw.ledger WHERE kind IN ('link', 'unlink') AND ({linked})
)
GROUP BY beginning"""
