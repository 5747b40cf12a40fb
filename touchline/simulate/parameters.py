"""What a simulation is made of, and the name that its events bear."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from touchline.schemas.times import US_PER_DAY, US_PER_SECOND

SOURCE: Final = "simulator"
ZONE: Final = "Europe/Berlin"
CURRENCY: Final = "EUR"
BEGIN: Final = date(2025, 1, 1)


class Identities(NamedTuple):
    """That persons are met under many identifiers. `login_share`: of the persons, those who log in at all; `shared_share`: of every second
    person the chance to use the browser of the one before."""

    login_share: float = 0.6
    shared_share: float = 0.2


class SimulationParameters(NamedTuple):
    """`days` from `begin` (UTC), in which `persons` arrive. `is_disturbed`: events come twice, late and out of order; what is true does
    not depend on it. `merge_share`: of the persons, those who are first known by a device only. With `identities` that is replaced by
    anonymous visits, logins, cards and shared devices."""

    seed: int
    persons: int
    days: int
    begin: date = BEGIN
    is_disturbed: bool = True
    merge_share: float = 0.15
    identities: Identities | None = None

    @property
    def begin_us(self) -> int:
        """First instant."""
        return int(datetime(self.begin.year, self.begin.month, self.begin.day, tzinfo=UTC).timestamp()) * US_PER_SECOND

    @property
    def end_us(self) -> int:
        """First instant that does not belong to it any more."""
        return self.begin_us + self.days * US_PER_DAY

    def run_id(self, map_name: str, map_version: int) -> str:
        """Begins every id: another simulation sends other events, the same one the same, disturbed or not."""
        fields: tuple[object, ...] = (
            *(self.seed, self.persons, self.days, self.begin, self.merge_share, map_name, map_version),
            *(self.identities or ()),
        )
        return "sim" + hashlib.blake2b(repr(tuple(map(str, fields))).encode(), digest_size=5).hexdigest()
