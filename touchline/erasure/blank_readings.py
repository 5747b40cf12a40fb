"""In the log of readings the digest of somebody who is erased becomes one under the erasure secret.

The one of before can be made by whoever has the secret of the person keys, as every sender has, and would tell who is among the erased.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from clickhouse_driver import Client

from touchline.comments.readings import digest_of
from touchline.erasure.volatile import drop_leftovers, volatile_pairs
from touchline.person.ask import ask_of_keys
from touchline.person.known import known_keys
from touchline.schemas.erasure import ErasureSecret


def blank_readings(client: Client, secret: ErasureSecret, keys: Collection[str]) -> int:
    """Of these person keys those that no row of the ledger names any more; how many of them somebody had asked for. May be repeated."""
    digests = {digest_of(key): key for key in keys}
    read = [digest for (digest,) in ask_of_keys(client, _READ, sorted(digests))]
    known = known_keys(client, [digests[one] for one in read])
    gone = [(one, secret.of_reading(digests[one])) for one in read if not known[digests[one]]]
    if gone:
        drop_leftovers(client)
        with volatile_pairs(client) as pairs:
            client.execute(f"INSERT INTO {pairs} (before, hidden) VALUES", gone)
            client.execute(_UPDATE.format(pairs=pairs), settings={"mutations_sync": 2})
    return len(gone)


_READ: Final = "SELECT DISTINCT person_digest FROM journey_raw.readings WHERE person_digest IN %(keys)s"
_UPDATE: Final = """
ALTER TABLE journey_raw.readings UPDATE person_digest = joinGet('{pairs}', 'hidden', person_digest)
WHERE joinGet('{pairs}', 'hidden', person_digest) != ''"""
