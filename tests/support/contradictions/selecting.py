"""What a reader may select, generated: period, filters, map, mode and moment."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from touchline.sql.language.selection import SPLITS
from touchline.sql.language.usual import Period, moment_after

MODES = ("in_order", "any")
GRAINS = ("day", "week", "month")
LEVELS = ("touchpoint", "stage")
FILTERS_MOST = 2
VALUES_MOST = 3


class Selection(NamedTuple):
    """One selection of one map. `filters` maps keys to values; `is_usual`: what a reader gets who says nothing; `is_all`: every day and
    every event of the map."""

    map: str
    map_version: int
    is_default: bool
    period: Period
    filters: Mapping[str, Sequence[str]]
    as_of: str
    mode: str
    grain: str
    level: str
    is_usual: bool
    is_all: bool

    @property
    def asked(self) -> dict[str, Any]:
        """As parameters of every question of the API."""
        days = {"from": str(self.period.first), "to": str(self.period.last)}
        return {"map": self.map, "version": self.map_version, **days, **self.filters}

    @property
    def is_split(self) -> bool:
        """Whether small cells of answers may be suppressed."""
        return bool(self.filters.keys() & set(SPLITS))

    @property
    def is_day(self) -> bool:
        """Whether it is one day without a filter."""
        return self.period.first == self.period.last and not self.filters

    def name(self) -> str:
        """For people, who want to ask the same."""
        chosen = " ".join(f"{key}={'|'.join(values)}" for key, values in self.filters.items())
        return f"{self.map}:{self.map_version} {self.period.first}..{self.period.last} {chosen} {self.mode} as of {self.as_of}"


class Known(NamedTuple):
    """A map as the dashboard tells of it, and the values that its filters offer."""

    map: str
    map_version: int
    is_default: bool
    first_day: date
    last_day: date
    usual: Mapping[str, str]
    values: Mapping[str, Sequence[str]]


def selections(maps: Sequence[Known], seed: int, count: int) -> Iterator[Selection]:
    """For each map the usual one, all of it, one day, one week and one month, then `count` at random."""
    rng = random.Random(seed)
    for known in maps:
        usual = Period(date.fromisoformat(known.usual["from"]), date.fromisoformat(known.usual["to"]))
        yield _of(known, rng, usual, {}, known.usual["as_of"], is_usual=True)
        for mode in MODES:
            yield _of(known, rng, Period(known.first_day, known.last_day), {}, _end(known), is_all=True)._replace(
                mode=mode
            )
        yield _of(known, rng, Period(known.last_day, known.last_day), {}, _end(known))
        monday = known.last_day - timedelta(days=known.last_day.weekday() + 7)
        yield _of(known, rng, Period(monday, monday + timedelta(days=6)), {}, _end(known))
        last = known.last_day.replace(day=1) - timedelta(days=1)
        yield _of(known, rng, Period(last.replace(day=1), last), {}, _end(known))
    for _ in range(count):
        yield _anything(rng.choice(maps), rng)


def _end(known: Known) -> str:
    return f"{moment_after(known.last_day):%Y-%m-%dT%H:%M:%S}"


def _anything(known: Known, rng: random.Random) -> Selection:
    days = (known.last_day - known.first_day).days
    first, last = sorted(known.first_day + timedelta(days=rng.randint(0, days)) for _ in range(2))
    keys = rng.sample(sorted(known.values), rng.randint(0, min(FILTERS_MOST, len(known.values))))
    filters = {
        key: sorted(rng.sample(list(known.values[key]), rng.randint(1, min(VALUES_MOST, len(known.values[key])))))
        for key in keys
    }
    moment = known.first_day + timedelta(days=rng.randint(days // 2, days + 120))
    return _of(known, rng, Period(first, last), filters, f"{moment}T{rng.randint(0, 23):02d}:00:00")


def _of(
    known: Known, rng: random.Random, period: Period, filters: Mapping[str, Sequence[str]], as_of: str, *,
    is_usual: bool = False, is_all: bool = False,
) -> Selection:  # fmt: skip
    chosen = rng.choice(MODES), rng.choice(GRAINS), rng.choice(LEVELS)
    return Selection(known.map, known.map_version, known.is_default, period, filters, as_of, *chosen, is_usual, is_all)
