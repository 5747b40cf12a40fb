"""Whether the server can merge and rewrite the ledger, asked before it is told to: it would do nothing, and say nothing.

Why: docs/decisions/0052, 0191.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.errors import TouchlineError
from touchline.wording import counted

_TENTH: Final = 10
"""The server merges where a tenth more than the bytes of the parts is free (DISK_USAGE_COEFFICIENT_TO_RESERVE)."""
_SHOWN: Final = 3
"""Parts that an error names."""
_MIB: Final = 1 << 20


class OddPart(NamedTuple):
    """A part of the ledger that lacks projections which others have. The server merges it with none of these."""

    name: str
    missing: tuple[str, ...]


def require_room(client: Client) -> None:
    """Raises TouchlineError where the disk has not the free space that the ledger has: a merge writes it anew, and so may blanking."""
    ((used,),) = client.execute(_USED)
    ((free,),) = client.execute(_FREE)
    if free < used + used // _TENTH:
        raise TouchlineError(
            "ClickHouse has not enough free disk space to blank rows: "
            f"the ledger has {used // _MIB:,} MiB, {free // _MIB:,} MiB are free",
            "blanking writes the ledger anew beside itself: free as much as it has and a tenth more, then run it again; "
            "nothing was blanked",
        )


def odd_parts(client: Client) -> list[OddPart]:
    """By name; none where the server can merge all into one."""
    return [OddPart(name, tuple(missing)) for name, missing in client.execute(_ODD)]


def require_one_kind_of_parts(client: Client) -> None:
    """Raises TouchlineError where parts lack projections: rows were inserted that have no mark beside them, or a projection was added or
    cleared and not materialized."""
    found = odd_parts(client)
    if not found:
        return
    names = ", ".join(one.name for one in found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
    missing = sorted({name for one in found for name in one.missing})
    raise TouchlineError(
        f"ClickHouse cannot merge the ledger: {counted(len(found), 'part')} ({names}) "
        f"{'lacks' if len(found) == 1 else 'lack'} projections that others have: {', '.join(missing)}",
        "rows were inserted by something else than a worker, without the mark that each insert has, or a projection was cleared. "
        "For each of these: ALTER TABLE journey_raw.ledger CLEAR PROJECTION name; then OPTIMIZE TABLE journey_raw.ledger FINAL; "
        "then for each ALTER TABLE journey_raw.ledger MATERIALIZE PROJECTION name; then run it again",
    )


_LEDGER: Final = "database = 'journey_raw' AND table = 'ledger'"
_USED: Final = f"SELECT toInt64(sum(bytes_on_disk)) FROM system.parts WHERE {_LEDGER} AND active"
# A merge goes to whichever disk of the table's policy has most room. Disks without an end say the largest number there is.
_FREE: Final = """
SELECT toInt64(least(max(unreserved_space), toUInt64(9223372036854775807))) FROM system.disks WHERE has((
    SELECT groupArrayArray(disks) FROM system.storage_policies WHERE policy_name IN (
        SELECT storage_policy FROM system.tables WHERE database = 'journey_raw' AND name = 'ledger')), name)"""
# What any part has, all should: a part without rows for a projection has none of it, and a ledger without any is of one kind.
_ODD: Final = f"""
WITH (SELECT groupUniqArray(name) FROM system.projection_parts WHERE {_LEDGER} AND active) AS known
SELECT parts.name, arraySort(arrayFilter(one -> NOT has(had.names, one), known)) AS missing
FROM (SELECT name FROM system.parts WHERE {_LEDGER} AND active) AS parts
LEFT JOIN
(
    SELECT parent_name, groupArray(name) AS names FROM system.projection_parts WHERE {_LEDGER} AND active GROUP BY parent_name
) AS had ON had.parent_name = parts.name
WHERE notEmpty(missing) ORDER BY parts.name"""
