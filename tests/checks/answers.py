"""Every view's answer of a running ClickHouse, written down or compared: `./run check answers --write FOLDER | --against FOLDER`.

For a change that must change no number: write before, change, compare after. It knows nothing of this checkout's views: names, columns and
arguments come from ClickHouse, over HTTP, so that it can also ask one that an older release migrated. Views with arguments are asked over
every map that places events, several selections of it, and each value of an argument that takes one of a few words.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.checks.verdict import check_parser, end_with_verdict

FILE_NAME: Final = "answers.json"
TIMEOUT_SECONDS: Final = 600
FILTER_KEYS: Final = (
    "touchpoint",
    "stage",
    "channel",
    "is_online",
    "is_simulated",
    "brand",
    "place",
    "persona",
    "segment",
)
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "grain": ("hour", "day", "week", "month"),
    "mode": ("in_order", "any"),
    "by": ("touchpoint", "stage"),
    "steps": ("4",),
    "top": ("3",),
    "answers": ("all", "good", "neutral", "bad"),
    "kpi": ("nps",),
    "variant": ("standard",),
    "scope": ("transactional",),
}
CHOICES_OF: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "survey_over_time": {"grain": (*CHOICES["grain"], "rolling_7d", "rolling_28d")},
    "survey_split": {"by": FILTER_KEYS},
}
FILTERED: Final = ("channel", "persona", "is_simulated")
"""Keys by whose most frequent value a selection is narrowed."""


class Engine:
    """ClickHouse over HTTP."""

    def __init__(self, url: str, user: str, password_file: Path) -> None:
        self._url = url
        self._headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password_file.read_text("utf-8").strip()}

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Rows by column. Raises RuntimeError with what ClickHouse says."""
        # One thread: a sum of floats depends on the order in which they are added.
        request = urllib.request.Request(
            f"{self._url}/?{urllib.parse.urlencode({'max_threads': 1})}",
            f"{sql} FORMAT JSON".encode(),
            self._headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                rows: list[dict[str, Any]] = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"ClickHouse refuses a query: {error.read().decode()[:400]}") from None
        return rows


class Asked(NamedTuple):
    """One question: a name that stays the same from run to run, and what stands after FROM."""

    name: str
    source: str


def questions(engine: Engine) -> Iterator[Asked]:
    """Every plain view once, every view with arguments in all its variants."""
    views = engine.ask(
        "SELECT database, name, parameterized_view_parameters.1 AS arguments FROM system.tables "
        "WHERE database IN ('journey', 'journey_api') AND engine = 'View' ORDER BY database, name"
    )
    selections = [*_selections(engine)]
    for view in views:
        name = f"{view['database']}.{view['name']}"
        if not view["arguments"]:
            yield Asked(name, name)
            continue
        yield from _variants(name, view["name"], view["arguments"], selections)


def _variants(
    full_name: str, name: str, arguments: list[str], selections: list[tuple[str, dict[str, str]]]
) -> Iterator[Asked]:
    choices = CHOICES | CHOICES_OF.get(name, {})
    chosen = [one for one in arguments if one in choices]
    for (selection, values), words in product(selections, product(*(choices[one] for one in chosen))):
        given = values | {one: f"'{word}'" for one, word in zip(chosen, words, strict=True)}
        if missing := [one for one in arguments if one not in given]:
            raise RuntimeError(f"{full_name} has arguments that this check does not know: {', '.join(missing)}")
        call = ", ".join(f"{one} = {given[one]}" for one in arguments)
        yield Asked(" ".join((full_name, selection, *words)), f"{full_name}({call})")


def _selections(engine: Engine) -> Iterator[tuple[str, dict[str, str]]]:
    """Of each map its last 28 days, all its days, and the last 28 narrowed by some keys; with one of its journeys."""
    for row in engine.ask("SELECT * FROM journey.map_days ORDER BY map, map_version"):
        first, last = (f"toDate('{row[name]}')" for name in ("first_day", "last_day"))
        of_map = {"map": f"'{row['map']}'", "map_version": str(row["map_version"])}
        days = of_map | {
            "date_from": f"addDays({last}, -27)", "date_to": last, "before_from": f"addDays({last}, -55)",
            "before_to": f"addDays({last}, -28)", "as_of": f"toDateTime(addDays({last}, 1), 'UTC') + INTERVAL 12 HOUR",
            "filter": "map()",
        }  # fmt: skip
        days |= _journey(engine, of_map)
        name = f"{row['map']}:{row['map_version']}"
        yield f"{name} last", days
        yield f"{name} all", days | {"date_from": first}
        for key in FILTERED:
            call = f"journey_api.dimension_values(map = {of_map['map']}, map_version = {of_map['map_version']})"
            found = engine.ask(
                f"SELECT value FROM {call} WHERE key = '{key}' AND value != '' ORDER BY events DESC, value LIMIT 1"
            )
            if found:
                yield f"{name} {key}", days | {"filter": f"map('{key}', ['{found[0]['value']}'])"}


def _journey(engine: Engine, of_map: Mapping[str, str]) -> dict[str, str]:
    rows = engine.ask(
        f"SELECT person, cycle FROM journey.journeys WHERE map = {of_map['map']} AND map_version = {of_map['map_version']} "
        "ORDER BY touchpoints DESC, person, cycle LIMIT 1"
    )
    return (
        {"person": f"'{rows[0]['person']}'", "cycle": str(rows[0]["cycle"])} if rows else {"person": "''", "cycle": "0"}
    )


def answer_of(engine: Engine, asked: Asked) -> dict[str, Any]:
    """Columns with types in order, number of rows, and a digest of the rows in whatever order."""
    columns = engine.ask(f"DESCRIBE TABLE (SELECT * FROM {asked.source})")
    digest = "hex(groupBitXor(hash)) || hex(sum(hash))"
    (found,) = engine.ask(
        f"SELECT toUInt32(count()) AS rows, {digest} AS digest FROM (SELECT sipHash64(toString(tuple(*))) AS hash FROM {asked.source})"
    )
    return {"columns": [f"{one['name']} {one['type']}" for one in columns], **found}


def compared(
    before: Mapping[str, Any], after: Mapping[str, Any], may_differ: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Names of questions that answer otherwise or are asked on one side only: those that may not, and those that may."""
    differing = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    allowed = frozenset(may_differ)
    return [name for name in differing if name.split()[0] not in allowed], [
        name for name in differing if name.split()[0] in allowed
    ]


def check(engine: Engine, write: Path | None, against: Path | None, may_differ: Iterable[str]) -> str:
    """What was found. Raises AssertionError for an answer that differs."""
    answers: dict[str, Any] = {}
    for asked in questions(engine):
        answers[asked.name] = answer_of(engine, asked)
        print(f"{answers[asked.name]['rows']:>9,} {asked.name}", file=sys.stderr, flush=True)
    rows = sum(one["rows"] for one in answers.values())
    views = len({name.split()[0] for name in answers})
    told = f"{views} views, {len(answers)} questions, {rows:,} rows"
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        (write / FILE_NAME).write_text(json.dumps(answers, indent=1), encoding="utf-8")
        return f"written: {told}"
    before = json.loads(((against or Path()) / FILE_NAME).read_text(encoding="utf-8"))
    wrong, allowed = compared(before, answers, may_differ)
    for name in (*wrong, *allowed):
        print(f"differs: {name}\n  before {before.get(name)}\n  after  {answers.get(name)}", flush=True)
    if wrong:
        raise AssertionError(f"{len(wrong)} of {len(answers)} answers differ, {wrong[0]} among them")
    return f"the same: {told}" + (f"; {len(allowed)} differ, as they may" if allowed else "")


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("answers", __doc__)
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument("--write", type=Path, metavar="FOLDER", help="write the answers there")
    side.add_argument("--against", type=Path, metavar="FOLDER", help="compare with those that were written there")
    parser.add_argument(
        "--url", default="http://127.0.0.1:8123", help="ClickHouse's HTTP address (default %(default)s)"
    )
    parser.add_argument("--user", default="touchline", help="its user (default %(default)s)")
    parser.add_argument("--password-file", type=Path, default=Path(".local/secrets/clickhouse_password"))
    parser.add_argument("--may-differ", action="append", default=[], metavar="VIEW", help="told, and no failure")
    arguments = parser.parse_args()
    engine = Engine(arguments.url, arguments.user, arguments.password_file)
    end_with_verdict(lambda: check(engine, arguments.write, arguments.against, arguments.may_differ))


if __name__ == "__main__":
    main()
