"""`touchline cases`: who is to be looked after, and how far that has come."""

from __future__ import annotations

import json
import re
import sys
from typing import Annotated

import typer

from touchline.care.work.page import case_object, case_page, cases_csv, cases_page
from touchline.care.work.read import SHOWN_DIGITS, Case, Said, read_case, read_cases, read_said
from touchline.care.work.steps import require_step, step_event
from touchline.cli.ledger import open_ledger
from touchline.cli.sending import open_producer
from touchline.errors import TouchlineError, WrongUsage
from touchline.producers.producer import now_us
from touchline.schemas.case import CaseState
from touchline.settings import Settings, load_settings
from touchline.terminal import plain, print_page

WIDTH_WHEN_PIPED = 200
LISTED = 50
_LIMIT_MAX = 2**31
_ID = re.compile(r"[0-9a-f]{4,32}…?")

app = typer.Typer(no_args_is_help=True, help="Cases of people who are to be looked after: look at them, work them.")
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Its id, or as much of its beginning as only it has.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Role that answers for it, not a person's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Several = list[str] | None


@app.command("list")
def list_cases(
    rule: Annotated[Several, typer.Option(help="Opened by this rule; may be given several times.")] = None,
    kind: Annotated[Several, typer.Option(help="recovery or encouragement.")] = None,
    state: Annotated[Several, typer.Option(help="In this state, such as opened; may be given several times.")] = None,
    touchpoint: Annotated[Several, typer.Option(help="About this touchpoint; may be given several times.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_LIMIT_MAX, help="At most this number.")] = LISTED,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header row.")] = False,
) -> int:
    """List cases: the open ones first, of these the ones that are due earliest.

    Examples:

        touchline cases list

        touchline cases list --rule detractor --state opened --state reopened

        touchline cases list --limit 10000 --csv > cases.csv
    """
    if as_json and as_csv:
        raise WrongUsage("--json and --csv exclude each other", "give one of them")
    filters = {"rule": rule or [], "kind": kind or [], "state": state or [], "touchpoint": touchpoint or []}
    with open_ledger(load_settings()) as client:
        found = read_cases(client, filters, limit)
    if as_json:
        print(json.dumps({"cases": [one._asdict() for one in found]}, default=plain, ensure_ascii=False))
    elif as_csv:
        sys.stdout.writelines(cases_csv(found))
    else:
        print_page(cases_page(found), WIDTH_WHEN_PIPED)
    return 0


@app.command()
def show(case: CaseId, as_json: AsJson = False) -> int:
    """Show one case: why it was opened, for whom, until when they are to be reached, and all that was said of it.

    Examples:

        touchline cases show 5f1c20aa
    """
    found, said = _found(load_settings(), case)
    if as_json:
        print(json.dumps(case_object(found, said), default=plain, ensure_ascii=False))
    else:
        print_page(case_page(found, said), WIDTH_WHEN_PIPED)
    return 0


@app.command()
def own(case: CaseId, owner: Owner = None, as_json: AsJson = False) -> int:
    """Take a case: from now on that role answers for it.

    Examples:

        touchline cases own 5f1c20aa --owner "store care"
    """
    if not owner:
        raise WrongUsage("nobody is named", 'give the role that answers for it, such as --owner "store care"')
    return _step(case, "owned", as_json, owner=owner)


@app.command()
def contact(case: CaseId, owner: Owner = None, as_json: AsJson = False) -> int:
    """Say that the person was reached; the first time ends the term.

    Examples:

        touchline cases contact 5f1c20aa
    """
    return _step(case, "contacted", as_json, owner=owner)


@app.command()
def resolve(
    case: CaseId,
    cause: Annotated[str | None, typer.Option("--cause", help="Root cause, of the company's own list.")] = None,
    owner: Owner = None,
    as_json: AsJson = False,
) -> int:
    """Say that the case is resolved, and what its root cause was.

    Examples:

        touchline cases resolve 5f1c20aa --cause late_delivery
    """
    if not cause:
        raise WrongUsage("no root cause is named", "give it, such as --cause late_delivery; `unknown` where it is not")
    return _step(case, "resolved", as_json, owner=owner, cause=cause)


@app.command()
def verify(case: CaseId, as_json: AsJson = False) -> int:
    """Say that the person said afterwards that it is resolved.

    Examples:

        touchline cases verify 5f1c20aa
    """
    return _step(case, "verified", as_json)


@app.command()
def reopen(case: CaseId, owner: Owner = None, as_json: AsJson = False) -> int:
    """Open a case again that was resolved and is not.

    Examples:

        touchline cases reopen 5f1c20aa
    """
    return _step(case, "reopened", as_json, owner=owner)


def _step(case: str, state: CaseState, as_json: bool, owner: str | None = None, cause: str | None = None) -> int:
    settings = load_settings()
    found, said = _found(settings, case)
    require_step(found, state)
    event = step_event(found, said, state, settings.care_source, now_us(), owner, cause)
    with open_producer(settings) as producer:
        if not producer.takes(settings.care_source):
            raise WrongUsage(
                f"the source {settings.care_source} is not declared, so events of cases would be refused",
                f"touchline source add {settings.care_source} --legal-basis legitimate_interests",
            )
        producer.emit(event)
        producer.flush()
    if as_json:
        print(json.dumps({"case": found.case_id, "state": state, "event_id": event["id"], "was": found.state}))
    else:
        print(f"{found.case_id[:SHOWN_DIGITS]}: {state} (was {found.state})")
    return 0


def _found(settings: Settings, case: str) -> tuple[Case, list[Said]]:
    if _ID.fullmatch(case) is None:
        raise WrongUsage(
            "that is no id of a case", "it has up to 32 digits 0-9 and a-f, as `touchline cases list` shows; 4 at least"
        )
    with open_ledger(settings) as client:
        found = read_case(client, case)
        if found is None:
            raise TouchlineError(
                "there is no such case", "see `touchline cases list`; what was opened just now may take a second"
            )
        return found, read_said(client, found.case_id)
