"""What people wrote, as it is kept: encrypted. The one view of it, for the one role that may read it; neither BI tools nor the page's
ordinary questions see it.

Why: docs/decisions/0189.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS, MAP
from touchline.sql.language.views import View, chosen, own
from touchline.sql.ledger.projections import ANSWER_ROWS, ANSWER_TYPE
from touchline.sql.ledger.rows import DEFAULT_MAP, NET_ROWS

_PLACED: Final = ("about_time", "local_date", "channel", "is_online", "brand", "place", "persona", "segment", *MAP)
"""What the map decides, or the event that the answer names: of the attached row."""
_SAID: Final = (
    *("source", "event_id", "event_time", "touchpoint", "is_simulated", "identifier", "survey", "question", "language"),
    *("kpi", "scope", "scale_min", "scale_max", "score", "has_score", "comment", "cipher_key_id"),
)
# An empty text is sealed as well: 12 bytes of nonce and 16 of tag, which base64 writes in 40 characters with two for filling.
_WITH_COMMENT: Final = (
    f"kind = 'received' AND fate = 'stored' AND event_type = '{ANSWER_TYPE}' AND comment != '' "
    f"AND NOT (length(comment) = 40 AND endsWith(comment, '==')) AND {NET_ROWS}"
)
_SOURCE: Final = f"""
(
    SELECT said.*, if(attached_person != '', attached_person, identifier) AS person, {", ".join(_PLACED)}
    FROM
    (
        SELECT {", ".join(_SAID)}
        FROM journey_raw.ledger
        WHERE {_WITH_COMMENT}
    ) AS said
    LEFT ANY JOIN
    (
        SELECT source, event_id, person AS attached_person, {", ".join(_PLACED)}
        FROM journey_raw.ledger
        WHERE {ANSWER_ROWS} AND {NET_ROWS} AND {DEFAULT_MAP}
          AND event_id IN (SELECT event_id FROM journey_raw.ledger WHERE {_WITH_COMMENT})
    ) AS placed
    USING (source, event_id)
)"""

COMMENTS: Final = View(
    "comments",
    "One row per survey answer with free text, at the stage of its touchpoint in the default map. The text is encrypted: "
    "`touchline comments` reads it, and writes down that it did",
    chosen(
        *("answered_at", "about_time", "about_date", "source", "event_id", "person", "touchpoint", "channel"),
        *(
            "is_online",
            "is_simulated",
            "brand",
            "place",
            "persona",
            "segment",
            *MAP,
            "survey",
            "question",
            "kpi",
            "scope",
        ),
        *("scale_min", "scale_max", "score"),
    )
    | own(
        {
            "language": (
                COLUMNS["channel"].type,
                "Language in which was asked; NULL when not said",
                "nullIf(language, '')",
            ),
            "comment": ("String", "The free text: base64 of nonce and AES-GCM ciphertext", ""),
            "cipher_key_id": (
                "LowCardinality(String)",
                "Key with which it is encrypted; the key itself is in no table",
                "",
            ),
        }
    ),
    _SOURCE,
    "journey_raw",
)
