"""What sources.yaml declares of a source's personal values: which fields are personal, what is done with what is found, what may pass."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from touchline.schemas.personal.kinds import KINDS, Kind
from touchline.schemas.personal.names import folded

ON_FOUND = Literal["mask", "refuse"]

NEEDED: Final = frozenset(
    map(
        folded,
        ("id", "source", "type", "time", "received_at", "revision", "persons", "identifiers", "simulated", "consent", "properties",
         "zone", "touchpoint", "action", "amount", "order", "about", "survey", "question", "kpi", "scope", "scale_min", "scale_max",
         "score", "disposition", "anonymous", "sampling_probability", "amount_minor", "currency", "consent_id", "state", "effective_at",
         "purposes", "initiative", "starts_at", "case", "kind", "rule", "severity"),
    )
)  # fmt: skip
"""Fields that no event can do without, or that hold no value of a person's: they cannot be declared personal."""


def _personal_name(name: str) -> str:
    if not folded(name):
        raise ValueError("a field has a name")
    if folded(name) in NEEDED:
        raise ValueError(
            "is a field of the contract that events need; name a property, a field of your own, or one such as comment"
        )
    return name


FieldName = Annotated[str, AfterValidator(_personal_name)]


class LetThrough(BaseModel):
    """Values of a source that look personal and may stay, with the reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str | None = Field(
        default=None, min_length=1, description="A property, or a field such as comment; null: all of them"
    )
    kinds: tuple[Kind, ...] = Field(default=(), description="mail, phone, card, iban, ip; empty: all of them")
    because: str = Field(min_length=1, description="Why: whoever asks for the register of processing reads it")


class PersonalPolicy(BaseModel):
    """The part of a source's entry that is about personal values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    personal: tuple[FieldName, ...] = Field(
        default=(),
        description="Fields and properties that hold personal values, in any spelling and nesting: left out before an event is sent",
    )
    personal_values: ON_FOUND = Field(
        default="mask",
        description="What becomes of mail addresses, telephone, card and account numbers and IP addresses in comments and properties: "
        "mask (a word such as [mail] stands there), or refuse the event",
    )
    let_through: tuple[LetThrough, ...] = Field(
        default=(), description="Values that may stay although they look personal: field, kinds, because"
    )

    @model_validator(mode="after")
    def _lets_no_personal_field_through(self) -> Self:
        fields = {folded(name) for name in self.personal}
        if any(one.field is not None and folded(one.field) in fields for one in self.let_through):
            raise ValueError("let_through names a field that is declared personal")
        return self


class Rules(NamedTuple):
    """A policy as the guard uses it. Names are folded."""

    personal: frozenset[str] = frozenset()
    refuses: bool = False
    kinds: frozenset[Kind] = frozenset(KINDS)
    """Looked for in fields that are not among `kinds_of`."""
    kinds_of: tuple[tuple[str, frozenset[Kind]], ...] = ()
    country: str | None = None

    @classmethod
    def of(cls, policy: PersonalPolicy, country: str | None) -> Rules:
        """Of a source whose telephone numbers are of that country."""
        everywhere = frozenset(KINDS)
        of_field: dict[str, frozenset[Kind]] = {}
        for one in policy.let_through:
            if one.field is None:
                everywhere -= frozenset(one.kinds or KINDS)
        for one in policy.let_through:
            if one.field is not None:
                name = folded(one.field)
                of_field[name] = of_field.get(name, everywhere) - frozenset(one.kinds or KINDS)
        names = frozenset(map(folded, policy.personal))
        return cls(names, policy.personal_values == "refuse", everywhere, tuple(of_field.items()), country)
