"""`touchline collector`: one process that takes events over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from touchline.cli.sending import quiet_sending_log
from touchline.settings import load_settings


def collector(
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the OpenAPI document and end.")] = False,
    tag: Annotated[bool, typer.Option("--tag", help="Print the lines that load the browser tag, and end.")] = False,
) -> None:
    """Take events over HTTP (POST /v1/events) until SIGTERM or Ctrl-C.

    What it answers with 202 is durable: acknowledged by Kafka, or in the outbox where outbox_dir is set. Listens on
    collector_host and collector_port; write keys are lines of the file write_keys_file. Logs `key=value` lines to stderr.

    Examples:

        touchline collector

        touchline collector --set collector_port=9100 --set outbox_dir=.local/outbox

        touchline collector --openapi

        touchline collector --tag
    """
    settings = load_settings()
    if openapi:
        from touchline.producers.collector.openapi import openapi_document

        print(json.dumps(openapi_document(settings), indent=2))
        return
    if tag:
        from touchline.producers.browser.tag import script_lines

        print(script_lines(f"http://{settings.collector_host}:{settings.collector_port}"))
        return
    from touchline.log import configure_log
    from touchline.producers.collector.serve import serve
    from touchline.service.fair_loop import fair_loop

    configure_log()
    quiet_sending_log()
    with asyncio.Runner(loop_factory=fair_loop) as runner:
        runner.run(serve(settings))
