"""`touchline surveys`: serve the decisions, check policies and questions, try what somebody would be asked."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.ledger import open_ledger
from touchline.cli.person import asked_keys, is_key
from touchline.errors import WrongUsage
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.read import find_map, load_map
from touchline.schemas.journey.yaml_lines import read_yaml
from touchline.settings import Settings, load_settings
from touchline.surveys.page import checked_policy, checked_questions, render_policies, render_trial, trial_object
from touchline.surveys.policies import SHIPPED, askings_of, load_policy, parse_policy
from touchline.surveys.questions import load_catalogue
from touchline.terminal import print_page

WIDTH_WHEN_PIPED = 160
app = typer.Typer(no_args_is_help=True, help="Ask short questions, by a policy; each decision with its reason.")
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command()
def serve() -> None:
    """Answer whether somebody may be asked now (GET and POST /v1/ask) until SIGTERM or Ctrl-C.

    Listens on surveys_host and surveys_port. Whoever asks sends a write key of the collector that may send for surveys_source. What is
    answered is decided by survey_policy on the default map and stands in the ledger as an event. Run one of it: two would not know at once
    of each other's decisions. Logs `key=value` lines to stderr.

    Examples:

        touchline surveys serve

        touchline surveys serve --set survey_policy=one_score --set surveys_port=9300
    """
    from touchline.cli.sending import quiet_sending_log
    from touchline.log import configure_log
    from touchline.surveys.server.serve import serve as serve_surveys

    settings = load_settings()
    configure_log()
    quiet_sending_log()
    asyncio.run(serve_surveys(settings))


@app.command()
def policies(as_json: AsJson = False) -> None:
    """Show the policies that are shipped, and the one that is chosen: what they ask where, how long after, of how many.

    Examples:

        touchline surveys policies

        touchline surveys policies --json
    """
    settings = load_settings()
    chosen = load_policy(settings.survey_policy, settings.project_dir)
    known = [load_policy(name) for name in SHIPPED]
    if chosen not in known:
        known.append(chosen)
    if as_json:
        print(json.dumps({"chosen": chosen.policy, "policies": [one.model_dump(mode="json") for one in known]}))
        return
    print_page(render_policies(known, chosen.policy), WIDTH_WHEN_PIPED)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A policy, or a file of questions.")], as_json: AsJson = False
) -> None:
    """Check a policy or a file of questions: every mistake with its line and what to write instead, then what it asks.

    A policy is checked with the questions of survey_questions_file and the first of the maps of `maps`.

    Examples:

        touchline surveys check survey_policy.yaml

        touchline surveys check questions.yaml --json
    """
    settings = load_settings()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{file} cannot be read ({type(error).__name__})", "check the path") from None
    values = read_yaml(text).values
    if isinstance(values, dict) and "policy" in values:
        policy = parse_policy(text, str(file))
        journey_map = _first_map(settings)
        asked = askings_of(policy, journey_map, load_catalogue(settings.survey_questions_file))
        lines, found = checked_policy(policy, asked, journey_map), policy.model_dump(mode="json")
    else:
        own = load_catalogue(file)
        lines = checked_questions(own)
        found = {"questions": [one.model_dump(mode="json") for one in own.questions.values()]}
    print(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines))


@app.command()
def ask(
    person: Annotated[str, typer.Argument(help="Person key or its beginning, or type:value, such as loyalty:4711.")],
    touchpoint: Annotated[str, typer.Argument(help="Touchpoint of the event that would be asked about.")],
    as_json: AsJson = False,
) -> int:
    """Try whether somebody may be asked now: the decision with its reason. Nothing is written, and nobody is asked.

    Examples:

        touchline surveys ask loyalty:4711 store_purchase

        touchline surveys ask k1:16eaacd3 store_purchase --json
    """
    from touchline.cli.surveys_trial import trial_of

    settings = load_settings()
    if ":" not in person:
        raise WrongUsage("that is neither a person key nor type:value", "for example k1:16eaacd3, or loyalty:4711")
    keys = asked_keys(person, {}, None, settings) if is_key(person) else asked_keys(None, {}, person, settings)
    with open_ledger(settings) as client:
        trial = trial_of(client, settings, keys, touchpoint, time.time_ns() // 1_000)
    if as_json:
        print(json.dumps(trial_object(trial), ensure_ascii=False))
    else:
        print_page(render_trial(trial), WIDTH_WHEN_PIPED)
    return 0


@app.command()
def link(
    question: Annotated[str, typer.Option(help="Id of the question, as in the catalogue.")],
    touchpoint: Annotated[str, typer.Option(help="Touchpoint that the answers are about.")],
    place: Annotated[str, typer.Option(help="Link of a place: anybody there may answer, each scan once.")] = "",
    receipt: Annotated[str, typer.Option(help="Link of a receipt: its event id; it is answered once.")] = "",
    source: Annotated[str, typer.Option(help="Source of the receipt.")] = "",
    language: Annotated[str, typer.Option(help="BCP 47 tag; the reader's own where left out.")] = "",
    days: Annotated[float, typer.Option(min=0.01, max=3660, help="How long the link may be used.")] = 365,
    qr: Annotated[Path | None, typer.Option(help="Write the link as a QR code, too: .svg or .png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a signed link to a question, for a place or a receipt: to be printed, as a QR code, or opened on a kiosk.

    The link names the place, or the ask behind the receipt, which is written now: no receipt, no person. Whoever has it may answer, and can
    make no other. Addresses begin with surveys_url.

    Examples:

        touchline surveys link --place store-12 --touchpoint store_visit --question nps_here --qr store-12.svg

        touchline surveys link --receipt r-1 --source retail-pos --touchpoint store_purchase --question csat_here --language de
    """
    from touchline.cli.surveys_link import LinkWanted, code_of, link_of

    wanted = LinkWanted(question, touchpoint, place, receipt, source, language, days)
    made = link_of(load_settings(), wanted, time.time_ns() // 1_000)
    if qr is not None:
        code_of(made, qr)
    if as_json:
        print(json.dumps({name: value for name, value in made._asdict().items() if value}))
        return
    print(made.link)
    if made.kiosk:
        print(f"on a kiosk: {made.kiosk}")
    print(f"until {made.expires_at}")


def _first_map(settings: Settings) -> JourneyMap:
    return load_map(find_map(settings.maps[0], settings.journeys_dir, settings.project_dir))
