"""`touchline keys`: the secrets that person keys are made with, and their rotation."""

from __future__ import annotations

import json
import secrets
import time
from typing import Annotated

import typer

from touchline.errors import WrongUsage
from touchline.local.secrets import KEY_BYTES
from touchline.schemas.key_file import KeyLine, read_key_file, rotated, text_of
from touchline.schemas.times import format_time
from touchline.settings import load_settings
from touchline.sources.files import SECRET_MODE, replace_text

app = typer.Typer(no_args_is_help=True, help="The secrets that make person keys, and their rotation.")
KEY_ID_BYTES = 4


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> int:
    """Say which keys the person key file holds, the present one first; never a secret.

    Examples:

        touchline keys show
    """
    _say(read_key_file(load_settings().person_key_file), as_json=as_json)
    return 0


@app.command()
def rotate(as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False) -> int:
    """Write a new secret into the person key file, before the present one, which stays there as an older one.

    Senders that are started from now on make keys with the new secret, and link each identifier to its keys of before when they first see
    it: persons stay who they are. Give the file to all senders (collector, importers, programs), then restart them, in any order; those
    that still have the file of before go on with the old key, and are the same persons.

    Examples:

        touchline keys rotate
    """
    path = load_settings().person_key_file
    present = read_key_file(path)
    taken = {one.key_id for one in present}
    key_id = next(one for one in iter(lambda: secrets.token_hex(KEY_ID_BYTES), "") if one not in taken)
    lines = rotated(present, key_id, secrets.token_bytes(KEY_BYTES), _now())
    replace_text(path, text_of(lines), SECRET_MODE)
    _say(lines, as_json=as_json)
    return 0


@app.command()
def forget(
    key_id: Annotated[str, typer.Argument(help="Of an older key, as `touchline keys show` names it.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> int:
    """Take an older secret out of the person key file, for good.

    Whoever was not seen since it was retired is a new person when they come again. So wait until the events of before are beyond the
    longest `retention_days`, unless the secret has become known.

    Examples:

        touchline keys forget 3fa2c1d0
    """
    path = load_settings().person_key_file
    lines = read_key_file(path)
    if key_id == lines[0].key_id:
        raise WrongUsage("that is the present key", "make a new one first: touchline keys rotate")
    left = [one for one in lines if one.key_id != key_id]
    if len(left) == len(lines):
        raise WrongUsage(f"the person key file {path} has no such key", "touchline keys show names them")
    replace_text(path, text_of(left), SECRET_MODE)
    _say(left, as_json=as_json)
    return 0


def _now() -> str:
    return format_time(time.time_ns() // 1_000_000_000 * 1_000_000)[:-8] + "Z"


def _say(lines: list[KeyLine], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([{"key_id": one.key_id, "retired_at": one.retired_at or None} for one in lines]))
        return
    for one in lines:
        print(f"{one.key_id}  {f'retired at {one.retired_at}' if one.retired_at else 'makes person keys'}")
