"""Events that no map places, by what they are: the most frequent first."""

from __future__ import annotations

from collections.abc import Sequence

from clickhouse_driver import Client


def read_unmapped(client: Client, maps: Sequence[tuple[str, int]]) -> list[tuple[str, str, str, int]]:
    """(source, touchpoint, action, events). With one map that is the view `unmapped`; with several, an event that another map places is
    none of them."""
    rows = client.execute(_OF_DEFAULT_MAP) if len(maps) < 2 else client.execute(_OF_ALL_MAPS, {"maps": tuple(maps)})
    return [tuple(row) for row in rows]


_OF_DEFAULT_MAP = """
SELECT source, touchpoint, ifNull(action, ''), events FROM journey.unmapped ORDER BY events DESC, 1, 2, 3
"""
# Only touchpoints that the default map leaves out are counted event by event.
_OF_ALL_MAPS = """
SELECT source, met, done, count() AS events
FROM
(
    SELECT source, event_id, any(touchpoint) AS met, any(ifNull(action, '')) AS done
    FROM journey.attachments
    WHERE (map, map_version) IN %(maps)s AND touchpoint IN (SELECT touchpoint FROM journey.unmapped)
    GROUP BY source, event_id
    HAVING max(is_mapped) = 0
)
GROUP BY source, met, done
ORDER BY events DESC, source, met, done
"""
