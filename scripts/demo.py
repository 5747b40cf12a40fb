"""`./run demo`: two published data sets and simulated answers to them through the local stack into KPI views, the report, and the proof
that the numbers agree; then the four stories of the articles, on a stack of their own.

    stack up (or the running one) ─▶ stands already? ──no──▶ import retail, import clicks, simulate answers
        ─▶ stored? ─▶ equal to the data sets? ─▶ report ─▶ reconcile ─▶ stories

It can be repeated: what stands already is not sent again; where something is missing, all is sent, and what stood is a duplicate.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import psutil

from scripts.demo_figures import CLICKS, MAPS, RETAIL, DemoFigures, require_present_maps, stored_figures
from scripts.stories.show import show_stories
from touchline.errors import EngineUnreachable, NotClean, TouchlineError
from touchline.kafka.offsets import lag
from touchline.local.commands import touchline_command
from touchline.local.parts import settings_environment
from touchline.local.stack import LocalStack
from touchline.settings import Settings, load_settings

MAPS_VARIABLE = "TOUCHLINE_MAPS"
STORED_WITHIN_SECONDS = 900
_POLL_SECONDS = 0.5
_LINE_SECONDS = 5.0


class Asking(NamedTuple):
    """Whose touchpoints are followed by simulated answers, under which map, and what is planted in them."""

    map: str
    sources: tuple[str, ...]
    share: float
    effects: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The command line."""
        sources = (word for source in self.sources for word in ("--source", source))
        effects = (word for effect in self.effects for word in ("--effect", effect))
        return ("simulate", "answers", *sources, "--map", self.map, "--share", str(self.share), *effects)


ASKINGS = (
    Asking("retail", RETAIL, 0.05, ("store_purchase:0.1:2017-12-04",)),
    Asking(
        "web_shop",
        (CLICKS,),
        0.25,
        (
            "purchase:0.1:2024-06-02",
            "error_page:-0.35:2024-01-01",
            "checkout_bug:-0.35:2024-01-01",
            "payment_error:-0.35:2024-01-01",
        ),
    ),
)
"""What is planted: baskets and orders are rated better from the last period of each report on, so that its trend has something to find;
nobody likes an error. The maps' annotations say so, too."""


def main(words: Sequence[str] | None = None) -> int:
    """Exit status 0 when everything agrees, 4 when a figure does not, else that of the error."""
    parser = argparse.ArgumentParser(
        prog="./run demo", description="Data sets, simulated answers and stories through the local stack."
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--stories", action="store_true", help="the four stories of the articles only")
    only.add_argument("--data", action="store_true", help="the data sets only")
    asked = parser.parse_args(words)
    try:
        settings = load_settings()
        if not asked.stories:
            _run(settings)
        if not asked.data:
            show_stories(settings, _say, partial(end, again="./run demo --stories"))
    except TouchlineError as error:
        print(f"error: {error.what}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _run(settings: Settings) -> None:
    stack = LocalStack.of(with_maps(settings), workers=1)
    stack.progress = _say
    _say("starting the local stack (Kafka, ClickHouse, a worker), or taking the one that runs")
    started = stack.start()
    try:
        _attach_by_maps(stack, started)
        _demonstrate(stack.settings)
    finally:
        end(stack, started)
    _say(how_to_look(stack.settings, is_running=len(started) < len(stack.parts)))


def how_to_look(settings: Settings, *, is_running: bool) -> str:
    """The way to the page from here."""
    first = "./run dashboard" if is_running else "./run up, then ./run dashboard"
    return f"look at it: {first}, and open http://{settings.dashboard_host}:{settings.dashboard_port}/"


def with_maps(settings: Settings) -> Settings:
    """The configured maps, and those of the two data sets."""
    missing = [name for name in MAPS if name not in settings.maps]
    return settings.with_changes(maps=[*settings.maps, *missing]) if missing else settings


def _attach_by_maps(stack: LocalStack, started: list[str]) -> None:
    """A worker that ran before goes on under the demo's maps, too: what it stored stays."""
    wanted = stack.environment[MAPS_VARIABLE]
    for worker in stack.workers:
        if worker.name not in started and psutil.Process(worker.pid).environ().get(MAPS_VARIABLE) != wanted:
            _say(f"{worker.name} attaches by other maps and is started anew, by {wanted}")
            worker.terminate()
            worker.start()


def end(stack: LocalStack, started: list[str], again: str = "./run up") -> None:
    """End what this demo started; a stack that ran before goes on. `again` is the command that starts it."""
    if len(started) == len(stack.parts):
        _say(f"ending the stack; {again} starts it again, with all that was stored")
        stack.stop()
        return
    for part in reversed(stack.parts):
        if part.name in started:
            part.terminate()
    stack.release()


def _demonstrate(settings: Settings) -> None:
    require_present_maps(settings)
    sent = DemoFigures.recalled(settings)
    if sent is not None and sent.all_stand(settings):
        _say("all events of the demo stand already: nothing is sent again")
    else:
        sent = _send_all(settings)
        _wait_until_stored(settings)
    figures = stored_figures(settings, sent.runs)
    sent.require_equal(figures)
    sent.remember(settings)
    print(_touchline(settings, "report"))
    print(_touchline(settings, "reconcile"))
    print("the figures of the views equal the data sets' own; of the baskets:")
    print(f"revenue {figures['amount_minor'] // 100:,}.{figures['amount_minor'] % 100:02} USD")
    print(f"events {figures[RETAIL[0]]:,}")
    print(f"persons {figures['persons']:,}")
    print(f"places {figures['places']:,}")


def _send_all(settings: Settings) -> DemoFigures:
    """Send everything; what the data sets and the simulator say of themselves."""
    retail = json.loads(_touchline(settings, "import", "retail", "--json", shown=False))
    sent = (retail["events"], retail["mailings"], retail["redemptions"])
    _say("sent {:,} baskets, {:,} mailings and {:,} coupons".format(*sent) + f" in {retail['seconds']} s")
    clicks = json.loads(_touchline(settings, "import", "clicks", "--json", shown=False))
    _say(f"sent {clicks['events']:,} clicks of a web shop (published synthetic) in {clicks['seconds']} s")
    truth = dict(zip(RETAIL, sent, strict=True)) | {CLICKS: clicks["events"]}
    truth |= {name: retail[name] for name in ("persons", "places", "amount_minor")}
    runs: dict[str, str] = {}
    for asking in ASKINGS:
        simulated = json.loads(_touchline(settings, *asking.words, "--json", shown=False))
        answers = sum(one["answers"] for one in simulated["answers"])
        _say(f"sent {answers:,} simulated answers under the map {asking.map} in {simulated['seconds']} s")
        truth[f"answers under {asking.map}"] = answers
        runs[asking.map] = simulated["run"]
    return DemoFigures(truth, runs)


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
