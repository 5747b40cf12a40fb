"""`map_versions`: how far each version of a journey map is: being applied, seen by readers, dropped.

Why: docs/decisions/0186.
"""

from __future__ import annotations

from typing import Final

from touchline.sql.language.columns import COLUMNS
from touchline.sql.language.select import indented
from touchline.sql.language.views import View, own
from touchline.sql.ledger.projections import TOUCHPOINT_TYPE, VOLUME_1D
from touchline.sql.ledger.rows import NET_ROWS, is_default_map

STATES: Final = ("applying", "applied", "dropped")

_CHANGES = "SELECT map, version, max(number) AS change, argMax(state, number) = 'dropped' AS is_dropped, max(changed_at) AS last_changed_at"
_SHOWN = "SELECT map, version, max(change) AS shown_change, max(shown_at) AS last_shown_at"
_NEWEST = "SELECT map, argMax(version, shown_at) AS seen FROM journey_raw.shown_maps GROUP BY map"
_IS_APPLYING = "(SELECT count() FROM journey_raw.hidden_maps) > 0"
_ATTACHED = VOLUME_1D.of_all_versions(_IS_APPLYING, {"map": "map", "version": "map_version"})
# Few sources and brands, few versions: every pair is looked at.
_STORED = f"""SELECT map, version, sum(stored) AS stored_events
FROM
(
    SELECT source, brand, toInt64(count()) AS stored FROM journey_raw.ledger
    WHERE {_IS_APPLYING} AND kind = 'received' AND fate = 'stored' AND event_type = '{TOUCHPOINT_TYPE}' AND {NET_ROWS}
    GROUP BY source, brand
) AS events
CROSS JOIN
(
    SELECT
        map, version, JSONExtract(content, 'sources', 'Array(String)') AS sources,
        JSONExtract(content, 'except_sources', 'Array(String)') AS except_sources, JSONExtract(content, 'brands', 'Array(String)') AS brands
    FROM journey_raw.maps ORDER BY registered_at DESC LIMIT 1 BY map, version
) AS takers
WHERE (empty(sources) OR has(sources, toString(source))) AND NOT has(except_sources, toString(source))
    AND (empty(brands) OR has(brands, toString(brand)))
GROUP BY map, version"""
_SOURCE = f"""
(
    SELECT map, version, title FROM journey_raw.maps ORDER BY registered_at DESC LIMIT 1 BY map, version
) AS known
LEFT JOIN ({_CHANGES} FROM journey_raw.map_changes GROUP BY map, version) AS changes USING (map, version)
LEFT JOIN ({_SHOWN} FROM journey_raw.shown_maps GROUP BY map, version) AS shown USING (map, version)
LEFT JOIN ({_NEWEST}) AS newest USING (map)
LEFT JOIN
(
    SELECT map, version, events AS attached_events FROM
    (
{indented(_ATTACHED, "        ")}
    )
) AS attached USING (map, version)
LEFT JOIN
(
{indented(_STORED)}
) AS stored USING (map, version)"""
_SHARE = "least(intDiv(100 * attached_events, greatest(stored_events, 1)), 99)"
_STATE = "multiIf(is_dropped, 'dropped', change > shown_change, 'applying', 'applied')"

MAP_VERSIONS = View(
    "map_versions",
    "Every version of a journey map that was ever registered, and how far it is. Other views show the applied ones",
    own(
        {
            "map": ("LowCardinality(String)", COLUMNS["map"].comment, ""),
            "map_version": ("UInt32", "Version of the journey map", "version"),
            "title": ("String", "Title of the map", ""),
            "state": (
                "LowCardinality(String)",
                "applying: stored events are being attached under it, no other view shows it yet; applied: all events are attached; "
                "dropped: withdrawn, no other view shows it",
                _STATE,
            ),
            "is_shown": (
                "UInt8",
                "1 for the version of its map that readers see who name none",
                f"seen = version AND {_STATE} = 'applied'",
            ),
            "is_default": (
                "UInt8",
                "1 for the map by which touchpoints, answers and orders are shown",
                f"assumeNotNull({is_default_map('version')})",
            ),
            "change": ("UInt64", "Number of its newest change; 0 where no change names it", ""),
            "changed_at": (
                "Nullable(DateTime64(6, 'UTC'))",
                "When that was (UTC); NULL where no change names it",
                "if(change = 0, NULL, last_changed_at)",
            ),
            "shown_at": (
                "Nullable(DateTime64(6, 'UTC'))",
                "When readers were switched to it last (UTC); NULL if never",
                "if(toUnixTimestamp64Micro(last_shown_at) = 0, NULL, last_shown_at)",
            ),
            "events": (
                "Nullable(Int64)",
                "Touchpoint events attached under it so far; NULL unless it is being applied",
                f"if({_STATE} = 'applying', attached_events, NULL)",
            ),
            "of_events": (
                "Nullable(Int64)",
                "Stored touchpoint events that it takes in all; NULL unless it is being applied",
                f"if({_STATE} = 'applying', stored_events, NULL)",
            ),
            "percent": (
                "UInt8",
                "Share of its events that are attached under it, rounded down; 100 when it is applied only, 0 when it is dropped",
                f"toUInt8(multiIf({_STATE} = 'applied', 100, {_STATE} = 'dropped', 0, {_SHARE}))",
            ),
        }
    ),
    _SOURCE,
)
