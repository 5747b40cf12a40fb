"""Takes out of outboxes, and of what `touchline care` keeps here, whoever was erased by a command on another machine.

Their identifiers are blank by now, so a key that stands in an outbox is compared by its digest with those of the requests.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from touchline.care.forgetting import forget_unknown, known_to
from touchline.care.store import CareStore
from touchline.erasure.look import Places
from touchline.erasure.tables import read_requests
from touchline.person.known import known_keys
from touchline.producers.outbox.forget import forget, keys_in
from touchline.schemas.erasure import ErasureSecret


def forget_erased(places: Places, secret: ErasureSecret) -> int:
    """How many person keys of requests that are done stood in outboxes here. Who has come back since stays: the ledger knows them. Raises
    OutboxUnusable, WrongUsage."""
    digests = {digest for one in read_requests(places.client) if not one.is_open for digest in one.digests}
    if not digests:
        return 0
    found: set[str] = set()
    for folder in places.outboxes:
        keys = {key for key in keys_in(folder) if secret.of_identifier(key).hex() in digests}
        gone = {key for key, known in known_keys(places.client, sorted(keys)).items() if not known}
        forget(folder, gone)
        found |= gone
    if places.care is not None:
        with CareStore.to_look_at_beside(places.care) as store:
            forget_unknown(store, known_to(places.client))
    return len(found)
