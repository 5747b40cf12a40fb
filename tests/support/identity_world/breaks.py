"""Each safety step that can be removed. Some schedule must find each.

Most are of the worker's own code. Some ClickHouse does for it (the fence, one insert is one part, an insert under way is waited for); these
are taken from the server of the simulation.

Not among them: that a handoff counts once it was read, and not before. No schedule needs it, and why it is kept stands in
docs/decisions/0187.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from tests.support.identity_world.removals import consent, erasures, kept, maps, persons, reading, versions, writers
from tests.support.identity_world.removals.patching import Break

BREAKS: dict[str, Break] = (
    writers.BREAKS
    | persons.BREAKS
    | kept.BREAKS
    | reading.BREAKS
    | versions.BREAKS
    | maps.BREAKS
    | consent.BREAKS
    | erasures.BREAKS
)


@contextmanager
def broken(name: str) -> Iterator[None]:
    """The worker without this step, for one schedule; with an empty name the worker as it is."""
    with BREAKS[name].remove() if name else nullcontext():
        yield
