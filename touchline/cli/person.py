"""`touchline person`: who one person is, by which identifiers and links."""

from __future__ import annotations

import json
import re
from typing import Annotated

import typer

from touchline.cli.ledger import open_ledger
from touchline.errors import WrongUsage
from touchline.person.known import keys_beginning_with
from touchline.person.page import SHOWN_KEY_DIGITS, render_person
from touchline.person.read import read_person
from touchline.person.values import as_object
from touchline.schemas.identifiers import IDENTIFIER_TYPES, IdentifierRejected, PersonKeys
from touchline.settings import Settings, load_settings
from touchline.terminal import plain, print_page

WIDTH_WHEN_PIPED = 200
_KEY = re.compile(rf"[A-Za-z0-9_-]{{1,32}}:[0-9a-f]{{{SHOWN_KEY_DIGITS},64}}…?")
_Value = str | None


def person(
    key: Annotated[
        str | None, typer.Argument(help="Person key of the person or of one of its identifiers, or its beginning.")
    ] = None,
    login: Annotated[_Value, typer.Option(help="A login of the person.")] = None,
    mail: Annotated[_Value, typer.Option(help="A mail address.")] = None,
    phone: Annotated[_Value, typer.Option(help="A telephone number, international (+49 …).")] = None,
    loyalty: Annotated[_Value, typer.Option(help="The number of a loyalty card.")] = None,
    household: Annotated[_Value, typer.Option(help="The number of a household.")] = None,
    device: Annotated[_Value, typer.Option(help="A device.")] = None,
    anonymous: Annotated[_Value, typer.Option(help="An anonymous id.")] = None,
    identifier: Annotated[_Value, typer.Option(help="Of any type, as type:value.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the person keys in full.")] = False,
) -> int:
    """Show one person: the identifiers that are this person, the events that link them, when merges and un-merges were published, the
    devices that are shared with others, and the journeys in short.

    The person is named by a person key, as in the column `person` of the views (its first 8 digits will do), or by one raw identifier,
    which is made into the key with the person key file and shown nowhere. Exit status 1 where no event names it.

    Examples:

        touchline person k1:16eaacd3

        touchline person --loyalty 4711

        touchline person --identifier crm:88-1 --json
    """
    settings = load_settings()
    given = dict(zip(IDENTIFIER_TYPES, (login, mail, phone, loyalty, household, device, anonymous), strict=True))
    asked = asked_keys(key, given, identifier, settings)
    with open_ledger(settings) as client:
        known = next(filter(None, (keys_beginning_with(client, one) for one in asked)), [])
        if len(known) > 1:
            raise WrongUsage("several person keys begin so", "give more digits of the one that is meant")
        found = read_person(client, known[0]) if known else None
    if found is None:
        print(json.dumps({"persons": []}) if as_json else "no event names this identifier")
        return 1
    if as_json:
        print(json.dumps(as_object(found), default=plain, ensure_ascii=False))
    else:
        print_page(render_person(found), WIDTH_WHEN_PIPED)
    return 0


def asked_keys(key: str | None, given: dict[str, str | None], identifier: str | None, settings: Settings) -> list[str]:
    """The person key that is meant, or how it begins; of an identifier also the keys that it had before a rotation."""
    named = [(name, value) for name, value in given.items() if value is not None]
    if identifier is not None:
        name, colon, value = identifier.partition(":")
        if not colon or not value:
            raise WrongUsage("--identifier is not type:value", "for example --identifier crm:88-1")
        named.append((name, value))
    if (key is not None) + len(named) != 1:
        raise WrongUsage(
            "a person is named by one key or one identifier",
            "for example `touchline person k1:16eaacd3` or `touchline person --loyalty 4711`",
        )
    if key is not None:
        if not is_key(key):
            raise WrongUsage(
                "that is no person key",
                f"a key looks like k1:16eaacd3, with {SHOWN_KEY_DIGITS} digits or more; name a raw identifier by its type: --loyalty 4711",
            )
        return [key.removesuffix("…")]
    ((name, value),) = named
    try:
        return PersonKeys.from_file(settings.person_key_file).all_keys(name, value)
    except IdentifierRejected as rejected:
        raise WrongUsage(rejected.what, rejected.hint) from None


def is_key(text: str) -> bool:
    """Whether it has the form of a person key, whole or as pages show it."""
    return _KEY.fullmatch(text) is not None
