"""`touchline up | restart | down | status | logs | doctor`: the local stack from the command line.

Clients of Kafka and ClickHouse take a second to import; `down` and `logs` need neither, so the others import them
inside.
"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.errors import EngineUnreachable, NotClean, WrongUsage
from touchline.local.ending import stop_all
from touchline.local.logs import follow, last_lines, log_files
from touchline.local.page import print_findings, print_status
from touchline.settings import load_settings
from touchline.terminal import progress_lines

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def up(
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay, start again what crashes, end all of it with Ctrl-C.")
    ] = False,
    brokers: Annotated[
        int | None, typer.Option(min=1, max=9, help="Kafka brokers; as many as before, at first 1.", show_default=False)
    ] = None,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Worker processes.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Engines, topic and schema only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start Kafka, ClickHouse, the topic, the schema and workers on this machine; returns when all are ready.

    Does nothing to what runs already, and starts again what has crashed. Data, logs and secrets stand in `.local`.

    Examples:

        touchline up

        touchline up --workers 2

        touchline up --foreground --set kafka_bootstrap=127.0.0.1:19092
    """
    from touchline.local.stack import LocalStack
    from touchline.local.status import stack_status

    stack = LocalStack.of(load_settings(), workers=0 if no_worker else workers, brokers=brokers)
    stack.progress = progress_lines()
    try:
        stack.start()
        status = stack_status(stack)
        if as_json:
            print(json.dumps(status.as_dict()), flush=True)
        else:
            print_status(status, stack.settings)
        if foreground:
            _stay(stack)
        else:
            stack.release()
    except KeyboardInterrupt:
        print("interrupted: what was started is ended again", file=sys.stderr)
        raise


def restart(as_json: AsJson = False) -> None:
    """End the workers and start as many with the settings, maps and code of now; returns when all are ready. Kafka and ClickHouse go on,
    and what comes meanwhile waits in Kafka.

    A changed sources.yaml needs no restart.

    Examples:

        touchline restart

        touchline restart --set company_zone=Europe/Berlin
    """
    from touchline.local.stack import LocalStack
    from touchline.local.status import stack_status

    stack = LocalStack.of(load_settings())
    stack.progress = progress_lines()
    stack.restart_workers()
    status = stack_status(stack)
    stack.release()
    if as_json:
        print(json.dumps(status.as_dict()))
    else:
        print_status(status, stack.settings)


def down(as_json: AsJson = False) -> None:
    """End all of the local stack, also an `up` that is under way. What was stored stays.

    Examples:

        touchline down
    """
    ended = stop_all(load_settings().local_dir)
    if as_json:
        print(json.dumps({"ended": ended}))
    else:
        print(f"ended {', '.join(ended)}" if ended else "nothing was running")


def status(as_json: AsJson = False) -> None:
    """Show each part: its state, process, ports, memory and version; how many records wait to be stored, which versions of maps are being
    applied, and which requests to erase are open, since when, and what they wait for.

    Exit status 3 unless every part is ready.

    Examples:

        touchline status

        touchline status --json
    """
    from touchline.local.stack import LocalStack
    from touchline.local.status import stack_status

    stack = LocalStack.of(load_settings())
    found = stack_status(stack)
    if as_json:
        print(json.dumps(found.as_dict()))
    else:
        print_status(found, stack.settings)
    if not found.is_ready:
        raise typer.Exit(EngineUnreachable.exit_status)


def logs(
    name: Annotated[
        str | None, typer.Argument(help="A part, as `status` names it; all of them without.", show_default=False)
    ] = None,
    keep_following: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines of each part.")] = 20,
) -> None:
    """Print what the parts of the local stack wrote.

    Examples:

        touchline logs worker -f

        touchline logs kafka -n 200
    """
    files = log_files(load_settings().local_dir)
    if name is not None and name not in files:
        known = ", ".join(files) or "none yet: start the stack with `touchline up`"
        raise WrongUsage(f"there is no log of {name!r}", f"there are: {known}")
    if not files:
        print("there are no logs yet: `touchline up` starts the stack", file=sys.stderr)
    chosen = {part: path for part, path in files.items() if name in (None, part)}
    width = max(map(len, chosen), default=0)
    positions = {}
    with suppress(KeyboardInterrupt) if keep_following else nullcontext():
        for part, path in chosen.items():
            text, positions[path] = last_lines(path, lines)
            for line in text:
                print(f"{part:<{width}} | {line}")
        if keep_following:
            sys.stdout.flush()  # a pipe's reader shall not wait for the next line to see these
            for path, line in follow([*chosen.values()], positions):
                print(f"{path.stem:<{width}} | {line}", flush=True)


def doctor(as_json: AsJson = False) -> None:
    """Look for what is missing or in the way of the local stack, and say how to mend it.

    Exit status 4 when a check failed.

    Examples:

        touchline doctor
    """
    from touchline.local.doctor import Grade, examine
    from touchline.local.stack import LocalStack

    findings = list(examine(LocalStack.of(load_settings())))
    if as_json:
        rows = [{"check": f.check, "grade": f.grade, "fact": f.fact, "hint": f.hint} for f in findings]
        print(json.dumps({"findings": rows}))
    else:
        print_findings(findings)
    if any(finding.grade is Grade.FAILED for finding in findings):
        raise typer.Exit(NotClean.exit_status)


def _stay(stack: LocalStack) -> None:
    """Attend the stack until Ctrl-C or SIGTERM, which both are the wanted end of a foreground stack."""
    from touchline.local.foreground import attend

    print("Ctrl-C ends it all", file=sys.stderr)
    try:
        attend(stack)
    except (KeyboardInterrupt, SystemExit):
        print("ending", file=sys.stderr)
    finally:
        stack.stop()
