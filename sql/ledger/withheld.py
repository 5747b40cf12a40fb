"""Stored events that count nowhere, since their person has withdrawn the consent that they name.

Their fate stays `stored`: it says what became of the record, while whether it may count follows from the person. So they are found by what
is missing: no row of them stands in any map.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from typing import Final

from touchline.schemas.events import CONSENT
from touchline.sql.ledger.projections import ANSWER_TYPE, TOUCHPOINT_TYPE
from touchline.sql.ledger.rows import NET_ROWS

ON_A_JOURNEY: Final = f"event_type IN ('{TOUCHPOINT_TYPE}', '{ANSWER_TYPE}')"
HAS_WITHDRAWN: Final = f"""
SELECT 1 FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND event_type = '{CONSENT}' AND action = 'withdrawn' AND {NET_ROWS} LIMIT 1"""
"""One row where anybody ever withdrew one; asked first, since the rest costs more."""
# Persons are led by what stands of them. Of an identifier of which nothing stands any more, the links tell whose it is.
_WHO_WITHDREW: Final = """
SELECT identifier FROM journey.consents WHERE state = 'withdrawn'
UNION ALL
SELECT identifier FROM journey.identifiers WHERE person IN (SELECT person FROM journey.consents WHERE state = 'withdrawn')"""


def withheld(columns: str, group_by: str) -> str:
    """A query over the received rows of these events."""
    return f"""
WITH withdrew AS ({_WHO_WITHDREW})
SELECT {columns}
FROM journey_raw.ledger WHERE kind = 'received' AND fate = 'stored' AND {ON_A_JOURNEY} AND purposes != '' AND {NET_ROWS}
    AND identifier IN (
        SELECT identifier FROM withdrew
        UNION ALL SELECT linked_identifier FROM journey.links WHERE is_in_force AND identifier IN (SELECT identifier FROM withdrew)
        UNION ALL SELECT identifier FROM journey.links WHERE is_in_force AND linked_identifier IN (SELECT identifier FROM withdrew)
    )
    AND event_time >= (SELECT min(valid_from) FROM journey.consents WHERE state = 'withdrawn')
    AND (source, event_id) NOT IN (
        SELECT source, event_id FROM journey_raw.ledger
        WHERE kind = 'attached' GROUP BY source, event_id HAVING sum(sign) > 0
    )
GROUP BY {group_by}"""
