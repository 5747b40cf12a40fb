"""`touchline source list`: the sources, who may send for them, and when they were last seen."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated, Final, NamedTuple

import typer

from touchline.errors import TouchlineError
from touchline.schemas.sources import load_sources
from touchline.settings import Settings, load_settings
from touchline.sources.files import text_of
from touchline.sources.keys import key_ids_of, read_keys
from touchline.terminal import plain, print_page, whole_table

WIDTH_WHEN_PIPED: Final = 200


class _Listed(NamedTuple):
    """One source. Numbers are None where ClickHouse was not to be asked."""

    source: str
    legal_basis: str | None
    write_keys: list[str]
    records: int | None
    last_stored_at: datetime | None


def list_sources(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> int:
    """List the declared sources, the keys that may send for each, and when its last record was stored; and names that came undeclared.

    Where ClickHouse does not answer, the rest is shown.

    Examples:

        touchline source list

        touchline source list --json
    """
    settings = load_settings()
    declared = load_sources(settings.sources_file)
    keys = read_keys(text_of(settings.write_keys_file, ""), settings.write_keys_file)
    seen, unasked = _last_seen(settings)
    found = []
    for name in [*declared, *sorted({*seen} - {*declared})]:
        records, stored_at = seen.get(name, (None if unasked else 0, None))
        basis = declared[name].legal_basis if name in declared else None
        found.append(_Listed(name, basis, key_ids_of(keys, name) if name in declared else [], records, stored_at))
    if as_json:
        document = {"sources": [one._asdict() for one in found], "unknown_because": unasked or None}
        print(json.dumps(document, default=plain, ensure_ascii=False))
        return 0
    table = whole_table("source", "legal basis", "write keys", "records", "last stored (UTC)", right={"records"})
    for one in found:
        last = f"{one.last_stored_at:%Y-%m-%d %H:%M:%S}" if one.last_stored_at else "-"
        count = "?" if one.records is None else f"{one.records:,}"
        ids = ", ".join(one.write_keys) or "-"
        table.add_row(one.source, one.legal_basis or "not declared", ids, count, "?" if unasked else last)
    print_page(table, WIDTH_WHEN_PIPED)
    if unasked:
        print(f"records are not known: {unasked}", file=sys.stderr)
    return 0


def _last_seen(settings: Settings) -> tuple[dict[str, tuple[int | None, datetime | None]], str]:
    """By source its records and when the last one was stored; and why they are not known."""
    try:
        from touchline.cli.ledger import open_ledger
        from touchline.sources.read import read_last_seen

        with open_ledger(settings) as client:
            return {name: (one.records, one.stored_at) for name, one in read_last_seen(client).items()}, ""
    except ModuleNotFoundError:
        return {}, "this needs touchline[worker]"
    except TouchlineError as error:
        return {}, error.what
