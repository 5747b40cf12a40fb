"""`touchline care`: the process that opens cases and tells whoever is to act, and what its sinks did not take."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from touchline.care.rules import SHIPPED, load_rules
from touchline.care.store import CareStore
from touchline.care.words import dead_lines, rules_lines, rules_object
from touchline.cli.groups import DefaultCommandGroup
from touchline.cli.sending import quiet_sending_log
from touchline.producers.producer import now_us
from touchline.settings import load_settings
from touchline.wording import counted


class RunOrCommandGroup(DefaultCommandGroup):
    """`touchline care` is `touchline care run`."""

    default_command = "run"
    runs_without_words = True


app = typer.Typer(
    cls=RunOrCommandGroup,
    help="""Open cases by rules, and tell whoever is to act: `touchline care` runs until SIGTERM or Ctrl-C.

    Examples:

        touchline care check

        touchline care
    """,
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command()
def run() -> None:
    """Read the ledger as it grows, open cases by the rules of care_rules_file, and bring alerts to its sinks, until SIGTERM or Ctrl-C.

    Logs `key=value` lines to stderr. Waits for ClickHouse and for Kafka. What it knows stands in care_dir; where that is lost, it reads
    everything again and opens no case twice.

    Examples:

        touchline care

        touchline care --set care_rules_file=care.yaml --set care_http_port=8791
    """
    from touchline.care.serve import serve
    from touchline.log import configure_log

    configure_log()
    quiet_sending_log()
    asyncio.run(serve(load_settings()))


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="Rules; care_rules_file, else those that ship.")] = None,
    as_json: AsJson = False,
) -> int:
    """Say what each rule of a file means and where alerts go; or every mistake with its line and what to write instead.

    Exit status 2 where the file cannot be used.

    Examples:

        touchline care check

        touchline care check care.yaml --json
    """
    path = file or load_settings().care_rules_file
    rules = load_rules(path)
    if as_json:
        print(json.dumps({"file": str(path or SHIPPED)} | rules_object(rules), ensure_ascii=False))
    else:
        print("\n".join(rules_lines(rules)))
    return 0


@app.command()
def dead(as_json: AsJson = False) -> int:
    """Show alerts that a sink did not take in all its attempts: which, since when, and what the sink said; nothing of persons.

    Examples:

        touchline care dead

        touchline care dead --json
    """
    with CareStore.to_look_at_beside(load_settings().care_dir) as store:
        letters = store.dead()
    if as_json:
        print(json.dumps({"dead": [one._asdict() for one in letters]}))
    else:
        print("\n".join(dead_lines(letters)))
    return 0


@app.command()
def retry(
    sink: Annotated[str, typer.Argument(help="As the rules file names it.")],
    as_json: AsJson = False,
) -> int:
    """Bring the dead letters of a sink once more, with all its attempts: after its address or its other side was mended.

    Examples:

        touchline care retry crm
    """
    with CareStore.to_look_at_beside(load_settings().care_dir) as store:
        revived = store.revive(sink, now_us())
    if as_json:
        print(json.dumps({"sink": sink, "revived": revived}))
    else:
        print(f"{counted(revived, 'alert')} will be brought again")
    return 0
