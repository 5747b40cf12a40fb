"""A request that is refused: the fact, the field, the remedy, and the HTTP status (RFC 9457)."""

from __future__ import annotations

from typing import Final

from touchline.errors import TouchlineError

CONTENT_TYPE: Final = "application/problem+json"


class RequestRefused(TouchlineError):
    """`field` is the parameter at fault, `found` the shape of its value, never the value: it may name a person."""

    def __init__(
        self, status: int, what: str, hint: str, *, field: str = "", found: str = "", retry_after: int | None = None
    ) -> None:
        super().__init__(what, hint)
        self.status = status
        self.field = field
        self.found = found
        self.retry_after = retry_after
        """Seconds, where trying again can help."""

    def document(self) -> dict[str, object]:
        """The problem as JSON; fields without a value left out."""
        fields = {"field": self.field, "found": self.found}
        return {
            "title": self.what,
            "status": self.status,
            **{name: value for name, value in fields.items() if value},
            "hint": self.hint,
        }


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
