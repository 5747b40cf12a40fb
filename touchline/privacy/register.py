"""The register of processing (Article 30 GDPR) as values: what sources.yaml declares, and what the software does with all of it.

Pure. What nobody declared is told as missing, never guessed.

Why: docs/decisions/0189.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from touchline.schemas.sources import Controller, Source, SourcesFile
from touchline.wording import counted

FORMAT: Final = "touchline.register.v1"
NOT_DECLARED: Final = "not declared"
ARTICLES: Final = {
    "consent": "Article 6 (1) (a)",
    "contract": "Article 6 (1) (b)",
    "legal_obligation": "Article 6 (1) (c)",
    "vital_interests": "Article 6 (1) (d)",
    "public_task": "Article 6 (1) (e)",
    "legitimate_interests": "Article 6 (1) (f)",
}
"""Of the GDPR, by legal basis."""


class Reader(NamedTuple):
    """Who can read, by the role of ClickHouse that they have."""

    role: str
    who: str
    reads: str


READERS: Final = (
    Reader(
        "touchline_reader",
        "analysts and BI tools",
        "all views: single events, answers without their free text, and persons under pseudonyms",
    ),
    Reader("touchline_viewer", "boards and who needs numbers only", "views without single persons, answers and orders"),
    Reader("touchline_dashboard", "readers of the journey map page", "all views, single journeys under pseudonyms"),
    Reader(
        "touchline_comments", "who may read what people wrote", "free text, with the key; each reading is written down"
    ),
    Reader("touchline_writer", "the workers and those who operate them", "everything; free text with the key"),
    Reader("touchline_migrator", "who installs releases", "everything; free text with the key"),
)
"""The roles of sql/access."""
_THEN: Final = {
    "erase": "then they are erased",
    "anonymise": "then they count on without anything that tells whose they were",
    None: f"nothing ends them so far, since when_expired is {NOT_DECLARED}",
}
MEASURES: Final = (
    "Raw identifiers (mail, telephone, login, card) become keyed hashes at the sender; Kafka, ClickHouse and logs hold no others",
    "Free text and the bytes of quarantined records are encrypted (AES-GCM) before they are stored, under a key that no database has",
    "Every reading of free text is written down before anything is shown: who, when, which filters, how many",
    "Each part of the system logs in as a user of its own; who reads can write nowhere, who writes can change and drop nothing",
    "Answers by narrow groups are suppressed where they would reveal who gave them",
)
"""Article 30 (1) (g): what the software does; what a company does beside it is not in this file."""
ALSO_KEPT: Final = (
    ("Bytes of records in quarantine, encrypted", "90 days after they were stored"),
    ("Records in Kafka", "the retention of the topic, set where Kafka is run"),
    ("Log of who has read free text, without the texts", "kept, to show who has read"),
    ("Backups", "as long as whoever takes them keeps them"),
)
"""What is kept beside the events of a source: (what, how long)."""


class Entry(NamedTuple):
    """One source. `missing` names the fields of sources.yaml that nobody declared and an authority would ask for."""

    source: str
    name: str
    why: str
    legal_basis: str
    article: str
    interest: str
    consent_purposes: Sequence[str]
    subjects: Sequence[str]
    data: Sequence[str]
    retention_days: int
    is_retention_declared: bool
    retention: Mapping[str, int | None]
    when_expired: str | None
    recipients: Sequence[str] | None
    transfers: Sequence[str] | None
    missing: Sequence[str]


class Register(NamedTuple):
    """The whole register. `controller` is None where nobody declared it."""

    controller: Controller | None
    entries: Sequence[Entry]

    @property
    def missing(self) -> list[str]:
        """Fields that are not declared, as `source.field`."""
        own = [] if self.controller is not None else ["controller"]
        return own + [f"{entry.source}.{name}" for entry in self.entries for name in entry.missing]


def register_of(declared: SourcesFile) -> Register:
    """What a sources file says, in the order of the ids."""
    return Register(declared.controller, [_entry(name, one) for name, one in sorted(declared.sources.items())])


def how_long(entry: Entry) -> str:
    """The terms in words, with what becomes of events then."""
    term = counted(entry.retention_days, "day")
    term = term if entry.is_retention_declared else f"{term} (the default: {NOT_DECLARED})"
    others = {name: days for name, days in entry.retention.items() if days not in (entry.retention_days, None)}
    terms = "; ".join([term, *(f"{name}: {counted(days or 0, 'day')}" for name, days in others.items())])
    return f"{terms}; {_THEN[entry.when_expired]}. Statements of consent stay until the person is erased"


def basis_of(entry: Entry) -> str:
    """The legal basis in words, with what it rests on."""
    words = f"{entry.legal_basis.replace('_', ' ')} ({entry.article} GDPR)"
    if entry.legal_basis == "consent":
        return f"{words}, to any of these purposes: {', '.join(entry.consent_purposes)}"
    if entry.legal_basis == "legitimate_interests":
        return f"{words}: {entry.interest or f'the interest is {NOT_DECLARED}'}"
    return words


def listed(values: Sequence[str] | None, nobody: str) -> str:
    """A list in words: what is not declared (None), declared as nobody (empty), or declared."""
    if values is None:
        return NOT_DECLARED
    return "; ".join(values) or nobody


def as_object(register: Register, release: str) -> dict[str, object]:
    """For JSON; docs/privacy.md says what each field is."""
    return {
        "format": FORMAT,
        "touchline": release,
        "controller": None if register.controller is None else register.controller.model_dump(),
        "sources": [entry._asdict() for entry in register.entries],
        "readers": [one._asdict() for one in READERS],
        "also_kept": [{"what": what, "how_long": term} for what, term in ALSO_KEPT],
        "measures": list(MEASURES),
        "missing": register.missing,
    }


def _entry(name: str, source: Source) -> Entry:
    said = source.model_fields_set
    basis = source.legal_basis
    wanted = {
        "why": bool(source.why),
        "subjects": bool(source.subjects),
        "data": bool(source.data),
        "retention_days": "retention_days" in said,
        "recipients": "recipients" in said,
        "transfers": "transfers" in said,
        "interest": basis != "legitimate_interests" or bool(source.interest),
        "purposes": basis != "consent" or "purposes" in said,
    }
    return Entry(
        name,
        source.name or name,
        source.why,
        basis,
        ARTICLES[basis],
        source.interest,
        source.purposes if basis == "consent" else (),
        source.subjects,
        source.data,
        source.retention_days,
        wanted["retention_days"],
        source.kept_days,
        source.when_expired,
        source.recipients if wanted["recipients"] else None,
        source.transfers if wanted["transfers"] else None,
        [field for field, is_there in wanted.items() if not is_there],
    )
