"""`touchline retention`: how long events are kept, what is due, and what remains of what was anonymised."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from touchline.cli.ledger import ANSWER_SECONDS, CHANGE_SECONDS, open_ledger
from touchline.kafka.topic import count_partitions
from touchline.retention.blanking import blank_ended
from touchline.retention.page import render_retention
from touchline.retention.read import read_retention
from touchline.retention.values import as_object
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.sources import load_sources
from touchline.settings import load_settings
from touchline.terminal import plain, print_page, progress_lines
from touchline.wording import counted

WIDTH_WHEN_PIPED = 200


def retention(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    blank: Annotated[
        bool, typer.Option("--blank", help="Blank what has ended, so that nothing tells any more whose it was.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0, help="With --blank: seconds to wait for the workers at most.")
    ] = 120.0,
) -> None:
    """Show how long the events of each source are kept, by class, what is past its term, and what has ended.

    The terms stand in sources.yaml. Where a source declares `when_expired`, the workers end what is past its term; of the others this shows
    what would end. Days of a touchpoint and place with few anonymised events are named: they may tell who it was.

    What has ended counts nowhere any more, but its rows still name somebody until --blank is given; let it run each night. It takes the
    key in erasure_secret_file, a login that may change rows (the role touchline_migrator), and running workers: exit status 4 where these
    have not read in time what is to go.

    Examples:

        touchline retention

        touchline retention --blank --json
    """
    settings = load_settings()
    sources = load_sources(settings.sources_file)
    with open_ledger(settings, CHANGE_SECONDS if blank else ANSWER_SECONDS) as client:
        if blank:
            secret = ErasureSecret.from_file(settings.erasure_secret_file)
            done = blank_ended(client, secret, progress_lines(), timeout, count_partitions(settings))
            if not as_json:
                print(f"blanked {counted(done.records, 'record')}, {counted(sum(done.rows.values()), 'row')}\n")
        found = read_retention(client, sources, time.time_ns() // 1_000_000, settings.small_cell_events)
    if as_json:
        print(json.dumps(as_object(found), default=plain, ensure_ascii=False))
    else:
        print_page(render_retention(found), WIDTH_WHEN_PIPED)
