"""`touchline quarantine`: what is kept out, its bytes, sending it again, and giving it up."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from touchline.cli.ledger import open_ledger
from touchline.cli.progress import progress_on_stderr
from touchline.cli.sending import quiet_sending_log
from touchline.errors import NotClean, TouchlineError, WrongUsage
from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.entries import EntryFilter, RecordPosition, count_open, read_open, read_settled
from touchline.quarantine.keep import Kept, State, state_of
from touchline.quarantine.objects import bytes_object, entry_object, outcome_object
from touchline.quarantine.page import entries_page, entry_page, outcome_lines
from touchline.quarantine.run import foresee, open_entries, replay as run_replay
from touchline.quarantine.settle import discarded, settle
from touchline.schemas.reasons import Reason
from touchline.settings import Settings, load_settings
from touchline.terminal import plain, print_page
from touchline.wording import counted

WIDTH_WHEN_PIPED = 200
LISTED = 50

app = typer.Typer(no_args_is_help=True, help="Records that are kept out: look at them, send them again, give them up.")

Positions = Annotated[
    list[str] | None, typer.Argument(metavar="[[TOPIC/]PARTITION/OFFSET]...", help="these records, as list shows them")
]
OfSource = Annotated[str | None, typer.Option("--source", help="Of this source.")]
OfReason = Annotated[Reason | None, typer.Option("--reason", help="Kept out for this reason.")]
OfField = Annotated[str | None, typer.Option("--field", help="Because of this field, such as amount.currency.")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="In this topic.")]
OfPartition = Annotated[int | None, typer.Option("--partition", min=0, help="In this partition.")]
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Since = Annotated[datetime | None, typer.Option("--since", formats=_FORMATS, help="Received then or later (UTC).")]
Until = Annotated[datetime | None, typer.Option("--until", formats=_FORMATS, help="Received before that (UTC).")]
_LIMIT_MAX = 2**31
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, max=_LIMIT_MAX, help="At most this number, the oldest first.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command("list")
def list_entries(
    source: OfSource = None,
    reason: OfReason = None,
    field: OfField = None,
    topic: OfTopic = None,
    partition: OfPartition = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=_LIMIT_MAX, help="Show at most this number, the newest first.")
    ] = LISTED,
    settled: Annotated[bool, typer.Option("--settled", help="What was replayed or discarded instead.")] = False,
    fail_above: Annotated[
        int | None, typer.Option("--fail-above", min=0, help="Exit status 4 when more than this number are open.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List open entries, the newest first: where the record is, why it is kept out, and whether its bytes are there.

    Exit status 4 when more entries are open than --fail-above allows (of those that the filters select).

    Examples:

        touchline quarantine list

        touchline quarantine list --source web-shop --reason missing_field --since 2026-03-01

        touchline quarantine list --fail-above 100 --json
    """
    selection = _selection(load_settings(), None, source, reason, field, topic, partition, since, until, limit)
    with open_ledger(load_settings()) as client:
        entries = read_settled(client, selection) if settled else read_open(client, selection, newest_first=True)
        open_count = count_open(client, selection)
    now = datetime.now(UTC)
    if as_json:
        found = [entry_object(one, state_of(one, now)) for one in entries]
        print(json.dumps({"open": open_count, "entries": found}, default=plain, ensure_ascii=False))
    else:
        is_filtered = not selection._replace(limit=None).is_everything
        print_page(entries_page(entries, now, settled, open_count, is_filtered=is_filtered), WIDTH_WHEN_PIPED)
    if fail_above is not None and open_count > fail_above:
        raise NotClean(
            f"{counted(open_count, 'entry is', 'entries are')} open, {fail_above:,} {'is' if fail_above == 1 else 'are'} allowed",
            "mend what is named and `touchline quarantine replay`, or `touchline quarantine discard`",
        )


@app.command()
def show(
    positions: Annotated[list[str], typer.Argument(metavar="[TOPIC/]PARTITION/OFFSET...", help="as list shows them")],
    raw: Annotated[bool, typer.Option("--raw", help="The original bytes: they may hold personal values.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show entries with the shape of their bytes, field by field: of its values only source and id; --raw writes the bytes.

    The bytes are kept encrypted for 90 days and opened with the key in payload_key_file. Settled entries are shown, too.

    Examples:

        touchline quarantine show 3/1042

        touchline quarantine show 3/1042 --raw > record.json
    """
    settings = load_settings()
    selection = EntryFilter(positions=tuple(RecordPosition.parse(one, settings.topic) for one in positions))
    with open_ledger(settings) as client:
        entries = [*read_open(client, selection), *read_settled(client, selection)]
        if not entries:
            raise TouchlineError("no such record is in quarantine", "see `touchline quarantine list`")
        found = open_entries(client, entries, Cipher.from_file(settings.payload_key_file))
    if as_json:
        objects = [entry_object(one.entry, one.state) | bytes_object(one, raw) for one in found]
        print(json.dumps({"entries": objects}, default=plain, ensure_ascii=False))
    elif raw:
        return _write_raw(found)
    else:
        for one in found:
            print_page(entry_page(one), WIDTH_WHEN_PIPED)
    return 0


@app.command()
def replay(
    positions: Positions = None,
    source: OfSource = None,
    reason: OfReason = None,
    field: OfField = None,
    topic: OfTopic = None,
    partition: OfPartition = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    everything: Annotated[bool, typer.Option("--all", help="Without any filter: all open entries.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the workers.")] = 30.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; send nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """Send the original bytes again, the way every event goes, where the present contract takes them: after a source was declared, or a
    newer release was installed. The entry ends when the ledger has the event.

    A second run, or one after a crash, adds nothing: what is in the ledger already is settled without being sent. What is still refused
    stays open and is not sent. Restart the workers first, so that they know what you mended.

    Exit status 1 when something was sent and no worker has judged it in time.

    Examples:

        touchline quarantine replay --source new-till --reason unknown_source --dry-run

        touchline quarantine replay 3/1042 3/1043

        touchline quarantine replay --all --json
    """
    settings = load_settings()
    selection = _selection(settings, positions, source, reason, field, topic, partition, since, until, limit)
    if selection.is_everything and not everything:
        raise WrongUsage("no record is selected", "give positions or filters, or --all")
    quiet_sending_log()
    with open_ledger(settings) as client:
        entries = read_open(client, selection)
        if dry_run:
            outcome = foresee(client, settings, entries)
        else:
            with progress_on_stderr("records", len(entries)) as advance:
                outcome = run_replay(client, settings, entries, wait, advance)
    if as_json:
        print(json.dumps(outcome_object(len(entries), outcome, dry_run)))
    else:
        print("\n".join(outcome_lines(len(entries), outcome, dry_run)))
    return 1 if outcome.waiting else 0


@app.command()
def discard(
    because: Annotated[str, typer.Option("--because", help="Why; it stands in journey.quarantine_settled.")],
    positions: Positions = None,
    source: OfSource = None,
    reason: OfReason = None,
    field: OfField = None,
    topic: OfTopic = None,
    partition: OfPartition = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    everything: Annotated[bool, typer.Option("--all", help="Without any filter: all open entries.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many there are; discard nothing.")] = False,
    as_json: AsJson = False,
) -> int:
    """End entries that nobody will mend, with the reason. They leave journey.quarantine and stand in journey.quarantine_settled; the
    account keeps counting them, and their bytes go with their term.

    Examples:

        touchline quarantine discard --source new-till --because "test records of the new till"

        touchline quarantine discard 3/1042 --because "sent again by hand as receipt 4711"
    """
    settings = load_settings()
    selection = _selection(settings, positions, source, reason, field, topic, partition, since, until, limit)
    if selection.is_everything and not everything:
        raise WrongUsage("no record is selected", "give positions or filters, or --all")
    with open_ledger(settings) as client:
        entries = read_open(client, selection)
        ends = discarded(entries, because)
        if not dry_run:
            settle(client, ends)
    if as_json:
        print(json.dumps({"discarded": 0 if dry_run else len(ends), "selected": len(entries), "is_dry_run": dry_run}))
    else:
        print(f"{'would discard' if dry_run else 'discarded'} {counted(len(ends), 'record')}")
    return 0


def _selection(
    settings: Settings,
    positions: list[str] | None,
    source: str | None,
    reason: Reason | None,
    field: str | None,
    topic: str | None,
    partition: int | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
) -> EntryFilter:
    return EntryFilter(
        tuple(RecordPosition.parse(one, settings.topic) for one in positions or ()),
        source,
        None if reason is None else reason.value,
        field,
        topic,
        partition,
        None if since is None else since.replace(tzinfo=UTC),
        None if until is None else until.replace(tzinfo=UTC),
        limit,
    )


def _write_raw(found: list[Kept]) -> int:
    missing = [one for one in found if one.state is not State.KEPT]
    for one in missing:
        print(f"error: {one.entry.position}: no bytes ({one.state.value})", file=sys.stderr)
    for one in found:
        sys.stdout.buffer.write(one.value)
        if len(found) > 1:
            sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    return 1 if missing else 0
