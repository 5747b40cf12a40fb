"""Blanks what has ended: first its rows count nowhere, then nothing in them tells any more whose they were.

Why: docs/decisions/0191, 0193.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clickhouse_driver import Client

from touchline.erasure.blank import Blanked, blank
from touchline.erasure.due import due
from touchline.erasure.tables import ask_to_read
from touchline.erasure.wait import not_read, wait_for
from touchline.errors import NotClean
from touchline.schemas.erasure import ErasureSecret

NOTHING: Final = Blanked(0, {})


def blank_ended(
    client: Client,
    secret: ErasureSecret,
    tell: Callable[[str], None],
    timeout_seconds: float,
    partitions: int | None = None,
) -> Blanked:
    """Blank all that waits for it, also of requests to erase; may be repeated. `partitions`: how many the topic has, where Kafka says.

    Raises NotClean where the workers have not read in time what is to be blanked, and TouchlineError as `blank` does.
    """
    if due(client).is_empty:
        return NOTHING
    # Links of what has ended are blanked, too, so all partitions must have heard that they are gone.
    number = ask_to_read(client, secret)
    found = wait_for(lambda: not_read(client, number, partitions), tell, timeout_seconds)
    if not found.is_over:
        raise NotClean(
            f"nothing is blanked yet: {found.sentence()}",
            "what has ended counts nowhere already; run it again when the workers are there",
        )
    return blank(client, secret, tell)
