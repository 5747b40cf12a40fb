"""`./run superset`: the bundle in a real Superset, on the demo's data, and whether every chart of it is drawn.

    stack up (or the running one) ─▶ the demo's data (or those that stand) ─▶ Superset set up, bundle exported and imported
        ─▶ server ─▶ every chart's query by the API ─▶ the dashboard in Chromium, and a picture of it

Exit status 0 when all charts are drawn without an error, 1 when one is not, 2 wrong usage, 3 an engine cannot be reached.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from playwright.sync_api import Error as BrowserError

from scripts import demo
from scripts.demo_figures import stored_events
from scripts.superset.asking import ask_every_chart
from scripts.superset.home import USER, Home, SupersetFailed
from scripts.superset.looking import look
from touchline.dashboards.bi.charts import CHARTS
from touchline.dashboards.bi.superset_dashboard import SLUG
from touchline.errors import TouchlineError
from touchline.local.parts import settings_environment
from touchline.local.ports import free_ports, is_free
from touchline.local.process import Part
from touchline.local.stack import LocalStack
from touchline.settings import Settings, load_settings

DEFAULT_PORT = 8088


def main() -> int:
    """Parse, run, say what went wrong and what mends it."""
    parser = argparse.ArgumentParser(prog="./run superset", description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="let Superset and the stack run on, and say how to log in")
    parser.add_argument(
        "--queries", action="store_true", help="ask every chart's query by the API only, without a browser"
    )
    parser.add_argument(
        "--port", type=int, help=f"where Superset listens on 127.0.0.1 (default {DEFAULT_PORT}, else a free one)"
    )
    wanted = parser.parse_args()
    try:
        _run(load_settings(), wanted)
    except TouchlineError as error:
        print(f"error: {error.what}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _run(settings: Settings, wanted: argparse.Namespace) -> None:
    stack = LocalStack.of(demo.with_maps(settings), workers=1)
    stack.progress = _say
    _say("starting the local stack (Kafka, ClickHouse, a worker), or taking the one that runs")
    started = stack.start()
    try:
        _ensure_data(stack.settings)
        _prove(stack, wanted)
    finally:
        if wanted.keep:
            stack.release()
        else:
            demo.end(stack, started)


def _ensure_data(settings: Settings) -> None:
    if events := stored_events(settings):
        _say(f"{events:,} events of the demo stand there")
        return
    _say("the ledger has none of the demo's events: running ./run demo")
    outcome = subprocess.run(
        [sys.executable, "-m", "scripts.demo", "--data"],
        env=settings_environment(settings),
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if outcome.returncode != 0:
        raise SupersetFailed(f"the demo ended with status {outcome.returncode}", "run ./run demo and see what it says")


def _prove(stack: LocalStack, wanted: argparse.Namespace) -> None:
    port = wanted.port or (DEFAULT_PORT if is_free(DEFAULT_PORT) else free_ports(1)[0])
    home = Home(stack.settings, port)
    home.make_secrets()
    server = Part(home.server(), home.folder)
    server.on_start = stack.guard  # it ends with this process, however that ends
    server.terminate()  # one that was kept would hold its own port and the older bundle
    _say("exporting the bundle")
    bundle = home.export()
    _say("setting Superset up (its tables, roles, the user admin) and importing the bundle")
    home.set_up(bundle)
    _say(f"starting Superset on {home.address}")
    server.start()
    try:
        faults = _ask(home) + ([] if wanted.queries else _look(home))
    finally:
        if wanted.keep:
            server.release()
        else:
            server.terminate()
    if wanted.keep:
        print(
            f"address   {home.address}/superset/dashboard/{SLUG}/\nuser      {USER}\npassword  in {home.password_file}"
        )
        print("./run down ends Superset and the stack")
    if faults:
        raise SupersetFailed("\n       ".join([f"{len(faults)} faults:", *faults]), f"see {server.log_path}")
    print("every chart of the dashboard answers" + ("" if wanted.queries else " and is drawn"))


def _ask(home: Home) -> list[str]:
    answers = list(ask_every_chart(home, SLUG))
    for answer in answers:
        print(f"{answer.chart:<42} {answer.rows:>6} rows {answer.seconds:>6.2f} s  {answer.error}")
    faults = [f"{answer.chart}: {answer.error}" for answer in answers if answer.error]
    if len(answers) != len(CHARTS):
        faults.append(f"the dashboard has {len(answers)} charts, the bundle {len(CHARTS)}")
    return faults


def _look(home: Home) -> list[str]:
    _say("opening the dashboard in Chromium")
    try:
        seen = look(home, SLUG, len(CHARTS))
    except BrowserError as error:
        raise SupersetFailed(
            f"the browser gave up: {error.message.splitlines()[0]}",
            "see the log of Superset; on a busy machine try again",
        ) from None
    print(f"{seen.charts} charts looked at in {seen.seconds:.0f} s, a picture of them is {seen.screenshot}")
    return seen.faults


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
