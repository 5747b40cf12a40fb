"""Sources: the systems that send events, as declared in sources.yaml.

An event of an undeclared source is quarantined: without a legal basis nothing may be kept. Only under `consent` does an
event need a grant: unknown means nothing is stored. That decision is never reversed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from touchline.errors import WrongUsage
from touchline.schemas.countries import country_of
from touchline.schemas.markers import Markers
from touchline.schemas.nobody import Marker
from touchline.schemas.personal.guard import Guard
from touchline.schemas.personal.policy import PersonalPolicy, Rules
from touchline.schemas.precision import Precision
from touchline.schemas.retention import ClassTerms, WhenExpired, days_by_class
from touchline.schemas.times import zone_of

SOURCE_ID_PATTERN: Final = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
SourceId = Annotated[str, Field(pattern=SOURCE_ID_PATTERN)]
Zone = Annotated[str, AfterValidator(lambda name: zone_of(name).key)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Country = Annotated[str, BeforeValidator(country_of)]


class Terms(NamedTuple):
    """What of a source enters each of its events: taken out of the model once, whose every attribute costs 60 ns."""

    zone: str | None
    clock_correction_us: int
    brand: str
    default_channel: str
    precision: Precision | None


class Source(PersonalPolicy):
    """What is declared of one source; of its personal values, see PersonalPolicy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="", description="For people; the id where empty")
    zone: Zone | None = Field(
        default=None, description="IANA zone of its times without offset; null: an offset is required"
    )
    legal_basis: Literal[
        "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"
    ] = Field(description="Article 6 (1) GDPR; under consent an event without a grant is suppressed")
    purposes: tuple[str, ...] = Field(
        default=("analytics",), description="Under consent: purposes of which a grant must hold at least one"
    )
    clock_skew_seconds: float = Field(
        default=0.0, ge=-86_400, le=86_400, description="How far its clock runs ahead of true time; subtracted"
    )
    precision: Precision | None = Field(
        default=None,
        description="Finest unit of time that it knows, where that is coarser than a microsecond: what is finer in its times is cut, "
        "and within that unit the map orders its events among those of other sources",
    )
    retention_days: int = Field(default=1095, ge=1, description="Term after which its events must go")
    retention: ClassTerms | None = Field(
        default=None,
        description="Other terms by class of event, in days: `touchpoints`, `answers`, `initiatives`, `cases`, `identifies`",
    )
    when_expired: WhenExpired | None = Field(
        default=None,
        description="What becomes of its events after their term; without it nothing does: [retention](privacy.md#retention)",
    )
    brand: str | None = Field(default=None, description="Brand of events that name none")
    default_channel: str | None = Field(
        default=None, description="Channel of events that name none; leave it out where the map decides"
    )
    country: Country | None = Field(
        default=None,
        description="ISO 3166-1 alpha-2 code of the country in which its telephone numbers without a country code are; "
        "without it these are refused",
    )
    nobody: tuple[Marker, ...] = Field(
        default=(), description="Texts that stand for nobody where an identifier should be, beside those that always do"
    )

    # For the register of processing (docs/privacy.md); nothing is decided by these.
    why: Sentence = Field(
        default="", description="What its events are processed for, in a sentence; for the register of processing"
    )
    interest: Sentence = Field(
        default="", description="Under legitimate_interests: which interest that is; for the register of processing"
    )
    subjects: tuple[Words, ...] = Field(
        default=(), description="Whose data they are, such as customers; for the register of processing"
    )
    data: tuple[Words, ...] = Field(
        default=(), description="Which categories of data they hold, in words; for the register of processing"
    )
    recipients: tuple[Words, ...] = Field(
        default=(),
        description="Who else receives them, such as a processor; an empty list says nobody; for the register of processing",
    )
    transfers: tuple[Words, ...] = Field(
        default=(),
        description="To which countries outside the EEA they go, with the safeguard; an empty list says none; for the register of "
        "processing",
    )

    @model_validator(mode="after")
    def _has_an_interest_to_name(self) -> Self:
        if self.interest and self.legal_basis != "legitimate_interests":
            raise ValueError(f"interest says nothing of a source whose legal_basis is {self.legal_basis}")
        return self

    @model_validator(mode="after")
    def _has_a_clock_to_correct(self) -> Self:
        if self.precision == "day" and self.clock_skew_seconds:
            raise ValueError("clock_skew_seconds says nothing of a source whose precision is the day")
        return self

    @property
    def clock_correction_us(self) -> int:
        """Microseconds to add to a time as sent."""
        return -(timedelta(seconds=self.clock_skew_seconds) // timedelta(microseconds=1))

    @cached_property
    def terms(self) -> Terms:
        """What each of its events needs."""
        return Terms(self.zone, self.clock_correction_us, self.brand or "", self.default_channel or "", self.precision)

    @property
    def kept_days(self) -> dict[str, int | None]:
        """By class of event how many days it is kept; None: as long as nobody asks for its erasure."""
        return days_by_class(self.retention_days, self.retention)

    @cached_property
    def markers(self) -> Markers:
        """`nobody` as identifiers are compared with it."""
        return Markers(self.nobody)

    @cached_property
    def guard(self) -> Guard:
        """Keeps personal values out of its events."""
        return Guard(Rules.of(self, self.country))

    @cached_property
    def needs_consent(self) -> bool:
        """Whether its events need a grant."""
        return self.legal_basis == "consent"

    def permits(self, granted_purposes: Collection[str] | None) -> bool:
        """Whether an event may be kept; `granted_purposes` of the consent it names, None where it names none."""
        return not self.needs_consent or any(purpose in self.purposes for purpose in granted_purposes or ())


class Controller(BaseModel):
    """Who answers for the processing: Article 30 (1) (a) GDPR."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words = Field(description="Name of the company")
    contact: Words = Field(description="How it is reached: address, mail or telephone")
    representative: Words | None = Field(default=None, description="Its representative in the EU, where it has one")
    data_protection_officer: Words | None = Field(
        default=None, description="How its data protection officer is reached"
    )


class SourcesFile(BaseModel):
    """The form of sources.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    controller: Controller | None = Field(
        default=None, description="Who answers for the processing; for the register of processing"
    )
    sources: dict[SourceId, Source]


Sources = Mapping[str, Source]
"""Source id -> declaration."""


def load_sources(path: Path | str) -> Sources:
    """The sources of sources.yaml. Raises as `load_sources_file` does."""
    return load_sources_file(path).sources


def load_sources_file(path: Path | str) -> SourcesFile:
    """Reads sources.yaml. Raises WrongUsage that names the entry and the remedy. Needs the extra `cli` (PyYAML)."""
    try:
        return read_sources(Path(path).read_text(encoding="utf-8"), path)
    except OSError as error:
        raise WrongUsage(
            f"the sources file {path} cannot be read ({error.strerror})",
            "set sources_file in touchline.toml, or write the file: docs/configuration.md shows one",
        ) from None
    except UnicodeDecodeError:
        raise _no_yaml(path, "") from None


def read_sources(text: str, path: Path | str) -> SourcesFile:
    """The same of a text; errors name `path`."""
    try:
        import yaml  # the base install has no YAML
    except ImportError:
        raise WrongUsage("sources.yaml needs PyYAML", "pip install 'touchline[cli]'") from None
    try:
        document = yaml.safe_load(text)
        repeated = _repeated_key(yaml.compose(text, yaml.SafeLoader), 3)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a day that there is not is a ValueError of PyYAML
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise _no_yaml(path, "" if line is None else f" at line {line + 1}") from None
    if not isinstance(document, dict):
        raise WrongUsage(
            f"the sources file {path} {'is empty' if document is None else 'holds no fields'}",
            "begin it with `sources:` and an entry for each source: docs/configuration.md shows one",
        )
    if repeated is not None:
        key, first_line, line = repeated
        raise WrongUsage(
            f"the sources file {path} has {key} twice, in line {first_line} and in line {line}",
            "keep one of them, or give the other one another id",
        )
    try:
        return SourcesFile.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"] if part != "[key]") or "the whole file"
        raise WrongUsage(
            f"the sources file {path} is wrong at {field}: {first['msg']}",
            "fix this entry: docs/configuration.md lists the fields",
        ) from None


def _no_yaml(path: Path | str, place: str) -> WrongUsage:
    return WrongUsage(
        f"the sources file {path} is not valid YAML{place}",
        "fix its indentation and colons, and put what only looks like a date into quotes",
    )


def _repeated_key(node: Any, levels: int) -> tuple[str, int, int] | None:
    """The first key that a YAML mapping has twice (YAML keeps the last one silently), with both lines; looks so many levels deep."""
    if levels == 0 or getattr(node, "id", "") != "mapping":
        return None
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines:
            return name, lines[name], line
        lines[name] = line
        if (found := _repeated_key(value, levels - 1)) is not None:
            return found
    return None
