"""The table of all commands: what is known of each before its module is imported, so that help is quick.

Why: docs/decisions/0004.
"""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """One command: where it lives, the extra that it needs, and how help presents it.

    `function` is None where the module holds a group of commands in `app`.
    """

    name: str
    module: str
    function: str | None
    extra: str
    section: str
    summary: str


WAYS_IN = "Ways in"
WAYS_TO_LOOK = "Ways to look"
JOURNEYS = "Journeys"
STACK = "Local stack"
PROCESSES = "Processes"
ABOUT = "About"

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command("up", "touchline.cli.stack", "up", "local", STACK, "start Kafka, ClickHouse and a worker here"),
        Command(
            "restart", "touchline.cli.stack", "restart", "local", STACK, "start the workers anew: settings, maps, code"
        ),
        Command("down", "touchline.cli.stack", "down", "local", STACK, "stop them; what they stored stays"),
        Command("status", "touchline.cli.stack", "status", "local", STACK, "what runs and where it listens"),
        Command("logs", "touchline.cli.stack", "logs", "local", STACK, "what the parts of the local stack wrote"),
        Command("doctor", "touchline.cli.stack", "doctor", "local", STACK, "look for what is missing or in the way"),
        Command("migrate", "touchline.cli.migrate", "migrate", "worker", PROCESSES, "update ClickHouse's schema"),
        Command(
            "worker", "touchline.cli.worker", "worker", "worker", PROCESSES, "carry events from Kafka to ClickHouse"
        ),
        Command(
            "backup", "touchline.cli.backup", "backup", "worker", PROCESSES, "copy what ClickHouse holds, while it runs"
        ),
        Command(
            "restore",
            "touchline.cli.backup",
            "restore",
            "worker",
            PROCESSES,
            "restore a backup; newer events are replayed from Kafka",
        ),
        Command("emit", "touchline.cli.emit", "emit", "cli", WAYS_IN, "send one event, or NDJSON from standard input"),
        Command("collector", "touchline.cli.collector", "collector", "collector", PROCESSES, "take events over HTTP"),
        Command("care", "touchline.cli.care", None, "worker", PROCESSES, "open cases by rules, and tell who is to act"),
        Command(
            "cases", "touchline.cli.cases", None, "worker", JOURNEYS, "who is to be looked after: look, and work them"
        ),
        Command(
            "dashboard", "touchline.cli.dashboard", "dashboard", "dashboard", WAYS_TO_LOOK, "serve the journey map page"
        ),
        Command(
            "source",
            "touchline.cli.source",
            None,
            "cli",
            WAYS_IN,
            "connect a source: declare it, its key, its events live",
        ),
        Command("outbox", "touchline.cli.outbox", None, "cli", WAYS_IN, "what waits in a sender's durable outbox"),
        Command("import", "touchline.cli.import_", None, "import", WAYS_IN, "send files by a mapping, or a data set"),
        Command("simulate", "touchline.cli.simulate", None, "cli", WAYS_IN, "send the events of simulated customers"),
        Command("report", "touchline.cli.report", "report", "worker", WAYS_TO_LOOK, "every touchpoint and its KPIs"),
        Command(
            "surveys",
            "touchline.cli.surveys",
            None,
            "worker",
            PROCESSES,
            "ask short questions, by a policy; each with its reason",
        ),
        Command("trace", "touchline.cli.trace", "trace", "worker", WAYS_TO_LOOK, "what became of one event, and why"),
        Command(
            "person", "touchline.cli.person", "person", "worker", WAYS_TO_LOOK, "who one person is, and by which links"
        ),
        Command(
            "comments",
            "touchline.cli.comments",
            "comments",
            "worker",
            WAYS_TO_LOOK,
            "what people wrote; who has read it",
        ),
        Command(
            "export",
            "touchline.cli.export",
            "export",
            "worker",
            WAYS_TO_LOOK,
            "all that is kept of one person, for that person",
        ),
        Command(
            "retention",
            "touchline.cli.retention",
            "retention",
            "worker",
            WAYS_TO_LOOK,
            "how long events are kept, and what is due",
        ),
        Command("sql", "touchline.cli.sql", "sql", "worker", WAYS_TO_LOOK, "ask ClickHouse; TSV by default"),
        Command("bi", "touchline.cli.bi", None, "cli", WAYS_TO_LOOK, "files for Superset, Grafana and dbt"),
        Command(
            "reconcile",
            "touchline.cli.reconcile",
            "reconcile",
            "worker",
            WAYS_TO_LOOK,
            "check the account against Kafka",
        ),
        Command(
            "quarantine",
            "touchline.cli.quarantine",
            None,
            "worker",
            WAYS_TO_LOOK,
            "what is kept out: look, send again, give up",
        ),
        Command(
            "erase",
            "touchline.cli.erase",
            "erase",
            "worker",
            JOURNEYS,
            "a person leaves every number and table, with a certificate",
        ),
        Command("map", "touchline.cli.map", None, "cli", JOURNEYS, "journey maps: check, draft, apply, compare"),
        Command("keys", "touchline.cli.keys", None, "cli", WAYS_IN, "the secrets of person keys: show, rotate, forget"),
        Command("config", "touchline.cli.config", None, "cli", ABOUT, "the effective configuration and its origins"),
        Command("privacy", "touchline.cli.privacy", None, "cli", ABOUT, "the register of processing"),
        Command("version", "touchline.cli.version", "version", "cli", ABOUT, "what is installed"),
    )
}

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("touchline up", "start everything here, without Docker"),
    ("touchline emit --touchpoint coupon --action show --person loyalty:4711", "send one event"),
    ("touchline import receipts.csv --mapping tills.yaml", "send the rows of a file"),
    ("touchline dashboard --open", "look at the journey map"),
    ("touchline report", "see every touchpoint with its volume, persons and KPIs"),
    ("touchline trace shop visit-4711", "see what became of one event, and which KPIs it counts in"),
    (
        "touchline sql \"SELECT touchpoint, sum(events) FROM journey.kpi_volume_1d WHERE map = 'retail' GROUP BY touchpoint\"",
        "ask for more",
    ),
    ("touchline down", "stop it all; the data stays"),
)
