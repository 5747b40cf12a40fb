"""`touchline worker`: one worker process of the pipeline."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from touchline.settings import load_settings


def worker(
    ready_file: Annotated[
        Path | None, typer.Option(help="Written when the worker has joined its group, removed when it ends.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log what Faust and aiokafka say at level info, too.")
    ] = False,
) -> None:
    """Store events from Kafka in ClickHouse until SIGTERM or Ctrl-C.

    Logs `key=value` lines to stderr. Waits for ClickHouse, and for Kafka once it was there; start as many workers as
    the topic has partitions.

    Examples:

        touchline worker

        touchline worker --ready-file /tmp/worker.ready
    """
    from touchline.log import configure_log
    from touchline.processors.worker.serve import serve

    configure_log(verbose=verbose)
    loop = asyncio.new_event_loop()
    status = loop.run_until_complete(serve(load_settings(), ready_file))
    _end(status)


def _end(status: int) -> None:
    """Exit, also while a thread still waits for a dead broker or ClickHouse: what it was doing counts for nothing."""
    if threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    raise typer.Exit(status)
