"""`touchline source test`: the last events of a source as they were understood, and what was refused, live."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from touchline.producers.collector.access import WriteKeys
from touchline.schemas.file_watch import FileWatch
from touchline.schemas.sources_watch import SourcesWatch
from touchline.settings import Settings, load_settings
from touchline.sources.collector import ask_collector, collector_url
from touchline.sources.files import text_of
from touchline.sources.keys import key_ids_of, presented_for, read_keys
from touchline.sources.missing import Way, missing
from touchline.sources.page import ending, render_look
from touchline.sources.values import CollectorSays, LastEvent, Look, as_object
from touchline.terminal import plain, print_page

if TYPE_CHECKING:
    from clickhouse_driver import Client

WIDTH_WHEN_PIPED: Final = 240
LOOK_SECONDS: Final = 2.0
LAST: Final = 10
ALIKE: Final = 3


def look_at(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Source, as its events carry it.")],
    follow: Annotated[
        bool | None,
        typer.Option("--follow/--once", help="Go on until Ctrl-C, or look once. Default: follow on a terminal."),
    ] = None,
    last: Annotated[
        int, typer.Option("--last", min=1, max=1_000, help="At most this number of records a look.")
    ] = LAST,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a look.")] = False,
) -> int:
    """Show the last events of a source as they were understood: type, touchpoint, stage in the default map, person, amount, fate; and what
    was refused: reason, field and remedy, never a value. Then show what comes, until Ctrl-C.

    Refused are records in quarantine, and what the collector at collector_host and collector_port did not take lately. Where no event
    came yet it says what may be wrong, from the declaration to the worker. Person keys are shortened. Exit status 1 where no event of the
    source was ever stored or refused.

    Examples:

        touchline source test web-shop

        touchline source test web-shop --once --last 50 --json
    """
    settings = load_settings()
    is_following = sys.stdout.isatty() if follow is None else follow
    from touchline.cli.ledger import open_ledger

    with open_ledger(settings) as client:
        watch = _Watch(settings, client, name, last)
        look = watch.first()
        has_any = look.has_news
        _show(look, is_first=True, as_json=as_json)
        if is_following and not as_json:
            print(ending(LOOK_SECONDS), file=sys.stderr)
        try:
            while is_following:
                time.sleep(LOOK_SECONDS)
                look = watch.next()
                if look.has_news:
                    has_any = True
                    _show(look, is_first=False, as_json=as_json)
        except KeyboardInterrupt:
            pass
    return 0 if has_any else 1


class _Watch:
    """Looks at one source; what was shown is not shown again."""

    def __init__(self, settings: Settings, client: Client, name: str, last: int) -> None:
        from touchline.sources.read import SourceReader, read_last_seen

        self._settings = settings
        self._name = name
        self._last = last
        self._reader = SourceReader(client, name, last)
        self._sources = SourcesWatch(settings.sources_file)
        self._keys = FileWatch(settings.write_keys_file, _keys_in)
        self._names: Callable[[], list[str]] = lambda: list(read_last_seen(client))
        self._told = 0

    def first(self) -> Look:
        """The last events, and where there are none why that may be."""
        look = self._look(self._reader.read())
        return look if look.events else look._replace(missing=missing(self._way(look)))

    def next(self) -> Look:
        """What came since."""
        return self._look(self._reader.read())

    def _look(self, events: list[LastEvent]) -> Look:
        self._sources.look()
        self._keys.look()
        declared = self._sources.sources.get(self._name)
        text, keys = self._keys.held
        says = ask_collector(self._settings, self._name, presented_for(text, self._name))
        basis = declared.legal_basis if declared else ""
        return Look(self._name, basis, key_ids_of(keys, self._name), self._only_new(says), events, ())

    def _only_new(self, says: CollectorSays | None) -> CollectorSays | None:
        if says is None:
            return None
        newest = says.lately[-1].number if says.lately else 0
        told = self._told if newest >= self._told else 0  # it was started anew, and counts from 1
        self._told = newest
        return says._replace(lately=[one for one in says.lately if one.number > told][-self._last :])

    def _way(self, look: Look) -> Way:
        from touchline.kafka.offsets import lag

        settings = self._settings
        names = {*self._sources.sources, *self._names()} - {self._name}
        alike = get_close_matches(self._name, names, n=ALIKE)
        file, url = str(settings.sources_file), collector_url(settings)
        is_declared, keys = bool(look.legal_basis), len(look.write_keys)
        return Way(self._name, file, is_declared, keys, look.collector, url, lag(settings), alike)


def _keys_in(path: Path) -> tuple[str, WriteKeys]:
    text = text_of(path, "")
    return text, read_keys(text, path)


def _show(look: Look, *, is_first: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(as_object(look), default=plain, ensure_ascii=False))
    else:
        print_page(render_look(look, is_first=is_first), WIDTH_WHEN_PIPED)
    sys.stdout.flush()
