"""`./run demo`: a published retail data set through the local stack into KPI views, then the report, and the proof that the numbers agree.

    stack up (or the running one) ─▶ touchline import retail ─▶ stored? ─▶ equal to the data set? ─▶ report ─▶ reconcile

It can be repeated: the same baskets again are duplicates and change no number.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from touchline.clickhouse import connect
from touchline.errors import EngineUnreachable, NotClean, TouchlineError
from touchline.local.commands import touchline_command
from touchline.local.parts import settings_environment
from touchline.local.stack import LocalStack
from touchline.local.status import lag
from touchline.settings import Settings, load_settings

SOURCE = "retail-pos"
STORED_WITHIN_SECONDS = 900
_POLL_SECONDS = 0.5
_LINE_SECONDS = 5.0

FIGURES = """
SELECT count() AS events, uniqExact(person) AS persons, uniqExact(place) AS places
FROM journey.touchpoints WHERE source = %(source)s
"""
REVENUE = "SELECT sum(amount) FROM journey.orders WHERE source = %(source)s"


def main() -> int:
    """Exit status 0 when everything agrees, 4 when a figure does not, else that of the error."""
    try:
        _run(load_settings())
    except TouchlineError as error:
        print(f"error: {error.what}", file=sys.stderr)
        if error.mend:
            print(f"mend: {error.mend}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _run(settings: Settings) -> None:
    stack = LocalStack.of(settings, workers=1)
    stack.progress = _say
    _say("starting the local stack (Kafka, ClickHouse, a worker), or taking the one that runs")
    started = stack.start()
    try:
        _demonstrate(stack.settings)
    finally:
        _end(stack, started)


def _end(stack: LocalStack, started: list[str]) -> None:
    """End what this demo started; a stack that ran before goes on."""
    if len(started) == len(stack.parts):
        _say("ending the stack; ./run up starts it again, with all that was stored")
        stack.stop()
        return
    for part in reversed(stack.parts):
        if part.name in started:
            part.terminate()
    stack.release()


def _demonstrate(settings: Settings) -> None:
    before = _figures(settings)
    if before["events"]:
        _say(
            f"{before['events']:,} baskets stand there already: all are sent again, and will be recognised as duplicates"
        )
    truth = json.loads(_touchline(settings, "import", "retail", "--json", shown=False))
    _say(f"sent {truth['acknowledged']:,} baskets in {truth['seconds']} s")
    _wait_until_stored(settings)
    figures = _figures(settings)
    expected = {name: truth[name] for name in ("events", "persons", "places", "amount_minor")}
    if figures != expected:
        raise NotClean(
            f"the views say {figures}, the data set says {expected}",
            "run ./run reconcile, and ask journey.quarantine for records that were kept out",
        )
    print(_touchline(settings, "report"))
    print(_touchline(settings, "reconcile"))
    print("the figures of the views equal the data set's own:")
    print(f"revenue {figures['amount_minor'] // 100:,}.{figures['amount_minor'] % 100:02} {truth['currency']}")
    print(f"events {figures['events']:,}")
    print(f"persons {figures['persons']:,}")
    print(f"places {figures['places']:,}")


def _figures(settings: Settings) -> dict[str, Any]:
    client = connect(settings)
    try:
        (events, persons, places), *_ = client.execute(FIGURES, {"source": SOURCE})
        ((revenue,),) = client.execute(REVENUE, {"source": SOURCE})
    finally:
        client.disconnect()
    return {"events": events, "persons": persons, "places": places, "amount_minor": round((revenue or 0) * 100)}


def _wait_until_stored(settings: Settings) -> None:
    """Until the group's commits, which follow what is durable in ClickHouse, have reached the topic's end."""
    started = time.monotonic()
    next_line = started + _LINE_SECONDS
    while (waiting := lag(settings)) != 0:
        now = time.monotonic()
        if now - started > STORED_WITHIN_SECONDS:
            raise EngineUnreachable(
                f"{waiting} records are still not stored after {STORED_WITHIN_SECONDS} s", "see `./run logs worker`"
            )
        if now >= next_line:
            next_line = now + _LINE_SECONDS
            _say(f"storing: {waiting or 0:,} records to go")
        time.sleep(_POLL_SECONDS)
    _say(f"stored after {time.monotonic() - started:.0f} s")


def _touchline(settings: Settings, *arguments: str, shown: bool = True) -> str:
    """Run a command as a user would, on this stack; its progress goes to the terminal."""
    if shown:
        print(f"\n$ ./run {' '.join(arguments)}", flush=True)
    command = touchline_command(*arguments)
    outcome = subprocess.run(
        command, env=settings_environment(settings), stdout=subprocess.PIPE, text=True, check=False
    )
    if outcome.returncode != 0:
        raise NotClean(f"`touchline {' '.join(arguments)}` ended with status {outcome.returncode}:\n{outcome.stdout}")
    return outcome.stdout


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
