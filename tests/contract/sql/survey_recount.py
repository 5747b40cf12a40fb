"""Survey views recounted from ledger rows in plain Python: by their definitions in words, answer by answer, small cells in loops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from tests.contract.sql.recount import VARIANTS
from tests.contract.sql.rows import Row

Filter = Mapping[str, Sequence[str]]
Key = tuple[Any, ...]
K = 5
SPLITS = ("brand", "place", "persona", "segment")


class Cell(NamedTuple):
    """Scores that the filter selects, and the number of those that its splits leave out."""

    scores: list[float]
    outside: int


def chosen(row: Row, filter_: Filter, keys: Iterable[str]) -> bool:
    return all(not filter_.get(key) or str(row[key]) in filter_[key] for key in keys)


def is_split(filter_: Filter) -> bool:
    return any(filter_.get(key) for key in SPLITS)


def kpi_of(row: Row) -> Key | None:
    """is_simulated, KPI, variant and scope; None for an answer that enters no KPI."""
    known = VARIANTS.get((row["kpi"], row["variant"], row["scale_min"], row["scale_max"]))
    if known is None or row["disposition"] not in ("complete", "partial") or not row["has_score"]:
        return None
    return row["is_simulated"], row["kpi"], known[0], row["scope"]


def cells(rows: Iterable[Row], filter_: Filter, days: tuple[date, date], place: Any) -> dict[Key, dict[Key, Cell]]:
    """By KPI, then by what `place` makes of a row (None: not there; a list: several places)."""
    others = [key for key in ("touchpoint", "stage", "channel", "is_online", "is_simulated") if key in filter_]
    found: dict[Key, dict[Key, list[Any]]] = defaultdict(dict)
    for row in rows:
        kpi = kpi_of(row)
        if kpi is None or not days[0] <= row["local_date"] <= days[1] or not chosen(row, filter_, others):
            continue
        for where in place(row):
            cell = found[kpi].setdefault(where, [[], 0])
            if chosen(row, filter_, SPLITS):
                cell[0].append(row["score"])
            else:
                cell[1] += 1
    return {kpi: {where: Cell(*cell) for where, cell in parts.items()} for kpi, parts in found.items()}


def unsafe(cell: Cell) -> bool:
    return 0 < len(cell.scores) < K or (len(cell.scores) > 0 and 0 < cell.outside < K)


def together(parts: Iterable[Cell]) -> Cell:
    listed = list(parts)
    return Cell([score for part in listed for score in part.scores], sum(part.outside for part in listed))


def hidden(parts: Mapping[Key, Cell]) -> set[Key]:
    """Of the parts of a visible total those that are hidden: the unsafe ones, and the next smallest until together they are safe."""
    whole = together(parts.values())
    order = sorted(parts, key=lambda key: (not unsafe(parts[key]), len(parts[key].scores), key))
    taken = [key for key in order if unsafe(parts[key])]
    if not taken:
        return set()
    while len(taken) < len(order):
        union = together(parts[key] for key in taken)
        if len(union.scores) >= K and (union.outside >= K or whole.outside == 0):
            break
        taken.append(order[len(taken)])
    return set(taken)


def hidden_places(parts: Mapping[Key, Cell], depth: int) -> set[Key]:
    """Hidden keys among those of `depth` elements: whoever stands under a hidden one is hidden, too."""
    if unsafe(together(parts.values())):
        return set(parts)
    found: set[Key] = set()
    visible: list[Key] = [()]
    for level in range(1, depth + 1):
        following = []
        for parent in visible:
            groups: dict[Key, list[Cell]] = defaultdict(list)
            for key, cell in parts.items():
                if key[: level - 1] == parent:
                    groups[key[:level]].append(cell)
            gone = hidden({key: together(listed) for key, listed in groups.items()})
            found |= {key for key in parts if key[:level] in gone}
            following += [key for key in groups if key not in gone]
        visible = following
    return found


def value_of(kpi: Key, scores: Sequence[float]) -> tuple[int, int, int, int, float]:
    """n, positive, neutral, negative, value."""
    _, good, bad, kind = next(known for (name, *_), known in VARIANTS.items() if (name, known[0]) == (kpi[1], kpi[2]))
    n, positive, negative = len(scores), sum(one in good for one in scores), sum(one in bad for one in scores)
    value = {"net": 100 * (positive - negative) / n, "share": 100 * positive / n, "mean": sum(scores) / n}[kind]
    return n, positive, n - positive - negative, negative, round(value, 9)


def day_buckets(grain: str, days: tuple[date, date]) -> Any:
    """The buckets in which a row stands."""

    def place(row: Row) -> list[Key]:
        day = row["local_date"]
        if grain == "hour":
            return [(row["about_time"].replace(minute=0, second=0, microsecond=0, tzinfo=None),)]
        width = {"rolling_7d": 7, "rolling_28d": 28}.get(grain, 1)
        within = [day + timedelta(days=later) for later in range(width)]
        begins = [_begin(grain, one) for one in within if days[0] <= one <= days[1]]
        return [(at_midnight(one),) for one in begins]

    return place


def _begin(grain: str, day: date) -> date:
    """First day of the week or month, else the day itself."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if grain == "month" else day


def at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).replace(tzinfo=None)
