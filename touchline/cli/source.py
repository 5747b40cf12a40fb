"""`touchline source`: a source in a minute: declare it, give its sender a key, see its events arrive."""

from __future__ import annotations

import json
import sys
import time
from typing import Annotated, Final, get_args

import typer

from touchline.cli.source_list import list_sources
from touchline.cli.source_look import look_at
from touchline.errors import WrongUsage
from touchline.schemas.sources import Source, load_sources
from touchline.schemas.times import format_time
from touchline.settings import Settings, load_settings
from touchline.sources.add import Files, add_key, add_source, revoke_key
from touchline.sources.collector import collector_url
from touchline.sources.first import curl_line, first_event
from touchline.sources.keys import NewKey

app = typer.Typer(
    no_args_is_help=True, help="Connect a source: declare it, give its sender a key, see its events arrive."
)
BASES: Final[tuple[str, ...]] = get_args(Source.model_fields["legal_basis"].annotation)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its id, which its events carry as `source`.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
_Text = str | None


@app.command()
def add(
    name: Name,
    title: Annotated[_Text, typer.Option("--name", help="Its name for people.")] = None,
    legal_basis: Annotated[_Text, typer.Option(help=f"Article 6 (1) GDPR: {', '.join(BASES)}.")] = None,
    zone: Annotated[_Text, typer.Option(help="IANA zone of its times without offset, such as Europe/Berlin.")] = None,
    country: Annotated[_Text, typer.Option(help="Country of its telephone numbers without country code: DE.")] = None,
    channel: Annotated[_Text, typer.Option(help="Channel of events that name none.")] = None,
    brand: Annotated[_Text, typer.Option(help="Brand of events that name none.")] = None,
    as_json: AsJson = False,
) -> int:
    """Declare a source in sources.yaml, and make a write key for it alone, which is shown with a command that sends a first event.

    The entry becomes the last one; what stands in the file stays as it is, with comments and order. Workers and collectors that run take
    both within a second, without a restart. The key goes into write_keys_file. On a terminal the legal basis is asked for if it is not
    given.

    Examples:

        touchline source add web-shop --legal-basis consent --channel web

        touchline source add till --legal-basis contract --zone Europe/Berlin --json
    """
    settings = load_settings()
    basis = legal_basis or _asked_basis()
    fields = {"name": title, "legal_basis": basis, "zone": zone, "country": country}
    made = add_source(_files(settings), name, fields | {"default_channel": channel, "brand": brand})
    if not as_json:
        print(f"declared {name} in {settings.sources_file}; a running worker and collector take it within a second")
    _say_key(settings, name, made, basis, as_json=as_json)
    return 0


@app.command()
def key(
    name: Name,
    revoke: Annotated[_Text, typer.Option(metavar="KEY_ID", help="Take this key out of the file instead.")] = None,
    as_json: AsJson = False,
) -> int:
    """Make a further write key for a declared source, or take one away: for a second sender, or where a key has become known.

    Collectors that run take both within a second.

    Examples:

        touchline source key web-shop

        touchline source key web-shop --revoke web-shop-2
    """
    settings = load_settings()
    if revoke is None:
        made = add_key(_files(settings), name)
        _say_key(settings, name, made, load_sources(settings.sources_file)[name].legal_basis, as_json=as_json)
        return 0
    revoke_key(_files(settings), name, revoke)
    print(
        json.dumps({"source": name, "revoked": revoke}) if as_json else f"revoked {revoke}: it opens nothing any more"
    )
    return 0


app.command("list")(list_sources)
app.command("test")(look_at)


def _files(settings: Settings) -> Files:
    return Files(settings.sources_file, settings.write_keys_file)


def _asked_basis() -> str:
    if not sys.stdin.isatty():
        raise WrongUsage(
            "no --legal-basis, and there is no terminal to ask on",
            f"without one nothing may be kept; give one of {', '.join(BASES)}",
        )
    print(
        f"Article 6 (1) GDPR: {', '.join(BASES)}\nUnder consent an event without a grant is not kept.", file=sys.stderr
    )
    while (said := typer.prompt("legal basis", err=True)) not in BASES:
        print("one of these, in full", file=sys.stderr)
    return str(said)


def _say_key(settings: Settings, name: str, made: NewKey, legal_basis: str, *, as_json: bool) -> None:
    now = format_time(time.time_ns() // 1_000_000_000 * 1_000_000)[:-8] + "Z"
    curl = curl_line(collector_url(settings), made.presented, first_event(name, legal_basis, now))
    see = f"touchline source test {name}"
    if as_json:
        said = {"source": name, "key_id": made.key_id, "write_key": made.presented, "curl": curl, "then": see}
        print(json.dumps(said, ensure_ascii=False))
        return
    print(f"its write key, for the sender (kept in {settings.write_keys_file}):\n\n  {made.presented}\n")
    print(f"send an event, marked as simulated:\n\n  {curl}\n\nthen see what became of it:\n\n  {see}")
