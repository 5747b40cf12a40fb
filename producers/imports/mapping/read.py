"""Reads a mapping file: YAML with lines, then the model, then what its parts say of each other. All problems come at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Final, NamedTuple, Protocol

from pydantic import ValidationError

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.cells import CellUnreadable, value_of
from touchline.producers.imports.mapping.extend import extended
from touchline.producers.imports.mapping.model import FieldColumn, Kind, Mapping
from touchline.producers.imports.mapping.survey import SurveyExport
from touchline.producers.imports.mapping.targets import FILLED_ELSEWHERE, targets_of
from touchline.schemas.events import EVENT_TYPES, TOUCHPOINT
from touchline.schemas.identifiers import misspelled
from touchline.schemas.journey.explain import explain
from touchline.schemas.journey.problems import FileProblem, Path, did_you_mean
from touchline.schemas.journey.yaml_lines import Document, read_yaml

PAGE: Final = "docs/senders/files.md"
_KEY: Final = "key"
_KEYS_NAME_PERSONS: Final = frozenset(("ga4", "ocel", "xes"))
"""Formats whose readers make the key of a row of the case or the device, too."""
_EXAMPLES: Final = {
    "mapping": "`mapping: till_receipts`, a name for this file",
    "source": "`source: retail-pos`, one that sources.yaml declares",
    "id": "`id: receipt`, the column that numbers the rows, or `id: [store, receipt]`",
    "time": "`time: sold_at`, the column, or `time: {column: sold_at, format: '%d.%m.%Y %H:%M'}`",
    "currency": "`currency: EUR`, or `currency: {column: currency}`",
    "column": "`column: <name of the column>`",
    "name": "`name: till`, of the survey",
    "about": "`about: store_purchase`, the touchpoint that is asked about",
    "scope": "`scope: transactional` of one experience, `scope: relational` of all",
    "kpi": "`kpi: nps`, or csat, ces, or one of your own",
    "scale": "`scale: [0, 10]`, its bad end and its good end",
    "score": "`score: <name of the column>`",
}


class MappingInvalid(WrongUsage):
    """A mapping file cannot be used. `problems` holds all that was found, in the order of the file."""

    def __init__(self, file: str, problems: Iterable[FileProblem]) -> None:
        self.problems = sorted(problems)
        listed = "\n".join(problem.at(file) for problem in self.problems)
        super().__init__(listed, f"fix the mapping; {PAGE} shows one with all fields")


def load_mapping(path: FilePath | str, source: str | None = None) -> Mapping:
    """The mapping of a file; a `source` that is given stands before the file's. Raises MappingInvalid with every problem found,
    WrongUsage where the file cannot be read."""
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise MappingInvalid(str(path), [FileProblem(0, "", "the file is not UTF-8", "save it as UTF-8")]) from None
    except OSError as error:
        raise WrongUsage(
            f"the mapping {path} cannot be read ({error.strerror})", f"check the path; {PAGE} shows a mapping"
        ) from None
    return parse_mapping(text, str(path), source)


def parse_mapping(text: str, file: str = "mapping.yaml", source: str | None = None) -> Mapping:
    """The mapping written in `text`; `file` is the name used in complaints. A `source` that is given stands before the one in `text`."""
    document = read_yaml(text, nullable=frozenset(("values",)))
    if not document.problems and not isinstance(document.values, dict):
        document.problems.append(FileProblem(1, "", "the file holds no fields", "start with `mapping: <name>`"))
    if document.problems:
        if not text.strip():
            raise MappingInvalid(file, [FileProblem(0, "", "the file is empty", "start with `mapping: <name>`")])
        raise MappingInvalid(file, document.problems)
    document = extended(document)
    if document.problems:
        raise MappingInvalid(file, document.problems)
    if source is not None:
        document.values["source"] = source
        document.lines["source",] = 0  # no line of the file says it
    form = SurveyExport if "questions" in document.values else Mapping
    try:
        parsed = form.model_validate(document.values)
    except ValidationError as error:
        raise MappingInvalid(file, explain(error, document, form, PAGE, _EXAMPLES)) from None
    if problems := _problems_of(parsed, document):
        raise MappingInvalid(file, problems)
    return parsed


def _problems_of(mapping: Mapping, document: Document) -> Iterable[FileProblem]:
    if not isinstance(mapping, SurveyExport):
        return list(_contradictions(mapping, document))
    found: dict[FileProblem, None] = {}
    for name, one in mapping.with_example().by_question().items():
        found |= dict.fromkeys(_contradictions(one, _OfQuestion(document, name)))
    return found


class _Places(Protocol):
    def problem(self, path: Path, what: str, hint: str) -> FileProblem: ...


class _OfQuestion(NamedTuple):
    """The mapping of one question: its fields stand under the question in the file."""

    document: Document
    question: str

    def problem(self, path: Path, what: str, hint: str) -> FileProblem:
        asked = ("questions", self.question, *path[1:])
        return self.document.problem(asked if self.document.lines.get(asked) else path, what, hint)


def _contradictions(mapping: Mapping, document: _Places) -> Iterable[FileProblem]:
    targets = targets_of(mapping.type)
    for name, cell in mapping.fields.items():
        path = ("fields", name)
        first = name.partition(".")[0]
        if name not in targets and first == "amount" and mapping.type == TOUCHPOINT:
            yield document.problem(
                path, "money has its own part", "write `amount: {column: …, currency: …}` at the top"
            )
        elif name not in targets and first in FILLED_ELSEWHERE:
            yield document.problem(path, f"{first!r} is no field to fill here", _INSTEAD[first])
        elif name not in targets:
            yield document.problem(
                path, f"events of type {mapping.type} have no such field", did_you_mean(name, list(targets))
            )
        elif (fault := _constant_fault(cell, targets[name])) is not None:
            yield document.problem(path, f"{fault.what}, and the field is {targets[name]}", fault.hint)
    yield from _default_faults(mapping, document, targets)
    for kind in mapping.identifiers:
        if (meant := misspelled(kind)) is not None:
            yield document.problem(
                ("identifiers", kind), "there is no such identifier type", f"did you mean {meant!r}?"
            )
    yield from _bare_identifiers(mapping, document)
    if mapping.zone is not None and "zone" in mapping.fields:
        yield document.problem(("fields", "zone"), "the zone stands at the top as well", "keep one of them")
    if mapping.revision is not None and "revision" in mapping.fields:
        yield document.problem(("fields", "revision"), "the revision stands at the top as well", "keep one of them")
    if mapping.amount is not None and mapping.type != TOUCHPOINT:
        yield document.problem(
            ("amount",), f"events of type {mapping.type} have no amount", f"leave it out, or use {TOUCHPOINT}"
        )
    fields = EVENT_TYPES[mapping.type].model_fields
    for name, field in fields.items():
        is_filled = any(one == name or one.startswith(f"{name}.") for one in mapping.fields)
        if field.is_required() and name not in FILLED_ELSEWHERE and not is_filled:
            example = next(path for path in targets if path == name or path.startswith(f"{name}."))
            yield document.problem(
                ("fields",), f"events of type {mapping.type} need {example!r}",
                f"write `{example}: <column>` or `{example}: {{constant: …}}` under fields",
            )  # fmt: skip


def _default_faults(mapping: Mapping, document: _Places, targets: dict[str, Kind]) -> Iterable[FileProblem]:
    """A default stands for a cell, so it is read as one: else every empty cell would cost its row."""
    cells: list[tuple[str, str, FieldColumn, Kind | None]] = [
        ("fields", name, cell, targets[name]) for name, cell in mapping.fields.items() if name in targets
    ]
    cells += [("properties", name, cell, None) for name, cell in mapping.properties.items()]
    for part, name, cell, kind in cells:
        if cell.default is None:
            continue
        try:
            value_of(cell, cell.default, kind)
        except CellUnreadable as error:
            yield document.problem((part, name), f"the default is {error.what}", error.hint)


def _bare_identifiers(mapping: Mapping, document: _Places) -> Iterable[FileProblem]:
    """What names a person leaves as a key only, so its column must not stand anywhere else."""
    named = {cell.column for cell in mapping.identifiers.values()} - {None}
    cells = [*mapping.fields.items(), *mapping.properties.items()]
    in_id = () if mapping.id.sealed else mapping.id.columns
    places: list[tuple[tuple[str, ...], str | None]] = [(("id",), column) for column in in_id]
    places += [(("fields" if name in mapping.fields else "properties", name), cell.column) for name, cell in cells]
    for path, column in places:
        if column in named:
            yield document.problem(
                path, f"column {column!r} names a person and would leave as it stands",
                "raw identifiers never reach Kafka: use columns that name nobody, or leave it out",
            )  # fmt: skip
    if mapping.file.format in _KEYS_NAME_PERSONS and _KEY in in_id:
        yield document.problem(
            ("id",), f"column {_KEY!r} of format {mapping.file.format} holds who it was and would leave as it stands",
            f"write `id: {{columns: [{_KEY}], sealed: true}}`",
        )  # fmt: skip


def _constant_fault(cell: FieldColumn, kind: Kind) -> CellUnreadable | None:
    try:
        if cell.constant is not None:
            value_of(cell, cell.constant, kind)
    except CellUnreadable as error:
        return error
    return None


_INSTEAD: Final = {
    "id": "write `id: <column>` at the top",
    "source": "write `source: <name>` at the top",
    "type": "write `type: touchline.touchpoint.v1` at the top, or leave it out",
    "time": "write `time: <column>` at the top",
    "persons": "write `identifiers: {loyalty: <column>}` at the top: keys are made of them",
    "properties": "write `properties: {<name>: <column>}` at the top",
    "received_at": "leave it out: it is when the file is imported",
}
