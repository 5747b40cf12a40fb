"""`touchline simulate`: simulated customers with a known truth, and simulated answers of real ones."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.days import day_of
from touchline.cli.groups import DefaultCommandGroup
from touchline.cli.progress import progress_on_stderr
from touchline.cli.sending import open_producer
from touchline.cli.simulate_options import effect_of, map_of, require_past
from touchline.producers.producer import now_us
from touchline.settings import load_settings
from touchline.simulate.answers import AnswerParameters, simulate_answers
from touchline.simulate.carry_out import Done, carry_out
from touchline.simulate.page import outcome_object, outcome_sentence, score_lines
from touchline.simulate.parameters import BEGIN, Identities, SimulationParameters
from touchline.simulate.real_events import events_of
from touchline.simulate.score import PairScore, Scores
from touchline.simulate.simulation import simulate as lines_of
from touchline.simulate.stored import PERSONS_OF_EVENTS, read_ledger, score_stored
from touchline.wording import counted


class PersonsOrCommandGroup(DefaultCommandGroup):
    """`touchline simulate --seed 1` is `touchline simulate persons --seed 1`."""

    default_command = "persons"


app = typer.Typer(
    cls=PersonsOrCommandGroup,
    no_args_is_help=True,
    help="""Send simulated events, marked as such, whose truth is known.

    `touchline simulate --seed 1` sends simulated customers; `touchline simulate answers` simulated answers of real ones.

    Examples:

        touchline simulate --seed 1 --persons 2000 --days 90 --ledger truth.ndjson

        touchline simulate answers --source retail-pos
    """,
)

Seed = Annotated[int, typer.Option(help="Another seed, other customers; the same seed, the same events.")]
Map = Annotated[str | None, typer.Option("--map", help="Journey map, by name or path; the first of the setting maps.")]
Rate = Annotated[float, typer.Option(min=0, help="Events a second; 0 is as fast as possible.")]
Ledger = Annotated[Path | None, typer.Option(help="Write what is sent and what is true to this file (NDJSON).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Make them up and count; send nothing.")]
Outbox = Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command("persons")
def persons(
    seed: Seed = 1,
    count: Annotated[int, typer.Option("--persons", min=1, help="Number of persons that arrive.")] = 1000,
    days: Annotated[int, typer.Option(min=1, help="Length of the simulation.")] = 90,
    begin: Annotated[str, typer.Option(help="Its first day.")] = BEGIN.isoformat(),
    journey_map: Map = None,
    rate: Rate = 0,
    undisturbed: Annotated[bool, typer.Option("--undisturbed", help="Nothing comes late or twice.")] = False,
    identities: Annotated[
        bool, typer.Option("--identities", help="Persons browse anonymously, log in, show cards and share devices.")
    ] = False,
    login_share: Annotated[
        float, typer.Option(min=0, max=1, help="With --identities: share of the persons who ever log in.")
    ] = Identities().login_share,
    shared_share: Annotated[
        float,
        typer.Option(min=0, max=1, help="With --identities: of every second person, who uses the device of another."),
    ] = Identities().shared_share,
    score: Annotated[
        bool, typer.Option("--score", help="Merge the identifiers here, and say how well that finds the true persons.")
    ] = False,
    ledger: Ledger = None,
    dry_run: DryRun = False,
    outbox: Outbox = None,
    as_json: Json = False,
) -> None:
    """Send the events of simulated persons: journeys along a map, surveys and how far each came, logins that merge persons, initiatives;
    some events late, some twice. All are marked as simulated. The same seed and parameters give the same events, at any rate.

    Planted are: less ease after long waits, an initiative that works, one that does not. The ledger has their sizes and every truth.

    Examples:

        touchline simulate --seed 1 --persons 2000 --days 90 --ledger truth.ndjson

        touchline simulate --persons 100 --rate 20

        touchline simulate persons --persons 1000 --dry-run --json

        touchline simulate --identities --shared-share 0.5 --score --dry-run
    """
    settings = load_settings()
    many = Identities(login_share, shared_share) if identities else None
    first_day = day_of(begin, "--begin", "2025-01-01")
    parameters = SimulationParameters(seed, count, days, first_day, not undisturbed, identities=many)
    require_past(parameters)
    chosen = map_of(journey_map, settings)
    started_s = time.monotonic()
    with progress_on_stderr("events", None) as advance:
        producer = None if dry_run else open_producer(settings, outbox)
        scores = Scores()
        lines = lines_of(parameters, chosen)
        done = carry_out(scores.watching(lines) if score else lines, producer, ledger, rate, advance)
    found = scores.results() if score else []
    _say(done, started_s, dry_run, as_json, f"of {counted(done.totals['persons'], 'simulated person')}", found)


@app.command("answers")
def answers(
    file: Annotated[
        Path | None, typer.Argument(help="NDJSON of touchpoint events, as `touchline emit` takes it.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="A data set that `touchline import` sends; may be repeated.")
    ] = None,
    seed: Seed = 1,
    share: Annotated[float, typer.Option(min=0, max=1, help="Chance that a person is asked after an event.")] = 0.05,
    journey_map: Map = None,
    effect: Annotated[list[str] | None, typer.Option(help="Plant one: TOUCHPOINT:SHIFT:DAY; may be repeated.")] = None,
    rate: Rate = 0,
    ledger: Ledger = None,
    dry_run: DryRun = False,
    outbox: Outbox = None,
    as_json: Json = False,
) -> None:
    """Send simulated answers of persons whose touchpoints are not simulated: who is asked what, where and when as the map's `kpis` say. All
    are marked as simulated.

    The same events and seed give the same answers: a second run changes no number, and new events add answers.

    Examples:

        touchline simulate answers --source retail-pos --seed 1

        touchline simulate answers events.ndjson --share 0.2 --ledger truth.ndjson

        touchline simulate answers --source retail-pos --effect store_purchase:0.15:2017-12-04 --dry-run --json
    """
    settings = load_settings()
    chosen = map_of(journey_map, settings)
    parameters = AnswerParameters(seed, share, now_us(), tuple(effect_of(one, chosen) for one in effect or ()))
    started_s = time.monotonic()
    with progress_on_stderr("answers", None) as advance:
        lines = simulate_answers(events_of(file, source or [], chosen, settings.sources_file), chosen, parameters)
        producer = None if dry_run else open_producer(settings, outbox)
        done = carry_out(lines, producer, ledger, rate, advance)
    asked = sum(one["answers"] for one in done.totals["answers"])
    what = f"on {counted(asked, 'question')} to real persons, of {done.totals['eligible']:,} that could be asked"
    _say(done, started_s, dry_run, as_json, what)


@app.command("score")
def score_of(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="The file that --ledger wrote.")],
    as_json: Json = False,
) -> int:
    """Compare the persons that ClickHouse has of a simulation with the true ones: precision and recall over pairs of touchpoints and
    answers. Beside it what the same events come to in memory, as `--score` says.

    Exit status 1 while some of the events are not stored.

    Examples:

        touchline simulate score truth.ndjson
    """
    from touchline.cli.ledger import open_ledger  # of the worker's extra; to simulate needs none of it

    run, scores = read_ledger(ledger)
    truth = scores.truth()
    with open_ledger(load_settings()) as client:
        stored = client.execute(PERSONS_OF_EVENTS, {"run": f"{run}-"})
    of_stored, missing = score_stored(truth, stored)
    found = [of_stored, *scores.results()]
    if as_json:
        scored = [one._asdict() for one in found]
        print(json.dumps({"run": run, "events": len(truth), "missing": missing, "scores": scored}))
    else:
        print(
            f"{counted(len(truth) - missing, 'event')} of {len(truth):,} of {run} {'is' if len(truth) - missing == 1 else 'are'} stored"
        )
        for line in score_lines(found):
            print(line)
    return 1 if missing else 0


def _say(
    done: Done, started_s: float, is_dry_run: bool, as_json: bool, what: str, scores: Sequence[PairScore] = ()
) -> None:
    seconds = round(time.monotonic() - started_s, 3)
    if as_json:
        print(json.dumps(outcome_object(done, seconds, scores, is_dry_run=is_dry_run)))
    else:
        print(outcome_sentence(done, seconds, what, is_dry_run=is_dry_run))
        for line in score_lines(scores):
            print(line)
