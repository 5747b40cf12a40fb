"""A parameter that cannot be read, said without its value: it may name a person."""

from __future__ import annotations

from touchline.service.problem import RequestRefused


def wrong_argument(field: str, value: str | None, expected: str) -> RequestRefused:
    """A parameter whose value cannot be taken; `expected` says what would be."""
    return RequestRefused(
        400,
        f"the parameter {field} cannot be read",
        f"give {expected}",
        field=field,
        found="" if value is None else shape_of(value),
    )


def shape_of(value: str) -> str:
    """What a value looks like, without what it says: `9 characters: 9999-A`; digits become 9, letters a or A, the rest ·."""
    if not value:
        return "nothing"
    shown = "".join(_shape_of_character(one) for one in value[:24])
    return f"{len(value)} characters: {shown}{'…' if len(value) > 24 else ''}"


def _shape_of_character(one: str) -> str:
    if one.isascii() and one.isdigit():
        return "9"
    if one.isalpha():
        return "A" if one.isupper() else "a"
    return one if one in "-:./_, +" else "·"
