"""Turns pydantic's errors into problems that say what was expected and what to write."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.problems import FileProblem, Path, did_you_mean
from touchline.schemas.journey.yaml_lines import Document

_BRANCHES = (
    "function-before",
    "function-after",
    "function-wrap",
    "literal",
    "tuple",
    "list[",
    "nullable",
    "constrained",
)


def explain(
    error: ValidationError,
    document: Document,
    root: type[BaseModel] = JourneyMap,
    page: str = "docs/journey-maps.md",
    examples: Mapping[str, str] | None = None,
) -> list[FileProblem]:
    """One problem per place (a union of types complains once per branch; the first is kept). `root` is the model of the whole file,
    `page` the document that describes it, `examples` what a missing field looks like there."""
    form = _Form(root, page, _EXAMPLES if examples is None else examples)
    problems: dict[Path, FileProblem] = {}
    details = error.errors(include_url=False)
    for detail in details:
        path, loc = _path(detail), detail["loc"]
        if detail["type"] == "too_short" and any(
            len(one["loc"]) > len(loc) == _common(one["loc"], loc) for one in details
        ):
            continue  # there are items, and each faulty one says so
        problems.setdefault(document.written(path), _explain_one(detail, path, document, form))
    return list(problems.values())


def _common(one: Path, other: Path) -> int:
    """How many steps two paths have in common."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


class _Form(NamedTuple):
    """The form of a kind of file."""

    root: type[BaseModel]
    page: str
    examples: Mapping[str, str]


def _path(detail: ErrorDetails) -> Path:
    """Without the names of union branches that pydantic puts into the path."""
    return tuple(step for step in detail["loc"] if not (isinstance(step, str) and step.startswith(_BRANCHES)))


def _explain_one(detail: ErrorDetails, path: Path, document: Document, form: _Form) -> FileProblem:
    got, last = _shown(detail["input"]), str(path[-1]) if path else ""
    limits: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            words = "there is no such field", did_you_mean(last, known_fields(path[:-1], form.root))
        case "missing":
            words = f"the field {last!r} is missing", f"write {form.examples.get(last, f'`{last}: …`')}"
        case "string_type":
            words = (
                f"expected text, got {got}",
                f'put it in quotes: "{got}"' if _is_scalar(detail["input"]) else "write one text",
            )
        case "string_pattern_mismatch":
            words = _pattern_words(str(detail["input"]))
        case "string_too_long" | "string_too_short" | "too_short" | "too_long":
            words = _length_words(detail["type"], limits)
        case "literal_error":
            words = f"got {got}", f"write one of: {str(limits['expected']).replace(' or ', ', ')}"
        case "greater_than_equal" | "less_than_equal" | "greater_than":
            words = (
                f"{got} is out of range",
                f"write a number of {_BOUNDS[detail['type']]} {next(iter(limits.values()))}",
            )
        case "value_error":
            what, _, hint = str(limits["error"]).partition("; ")
            words = what, hint or f"see {form.page}"
        case kind:
            words = f"{_expected(detail)}, got {got}", _hint_type(kind, path, form)
    return document.problem(path, *words)


_BOUNDS = {"greater_than_equal": "at least", "less_than_equal": "at most", "greater_than": "more than"}


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a group of fields"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value) if isinstance(value, str) else str(value)


_EXPECTED = {
    "int": "expected a whole number",
    "float": "expected a number",
    "bool": "expected true or false",
    "tuple": "expected a list",
    "list": "expected a list",
    "dict": "expected a group of fields",
    "model": "expected a group of fields",
    "date": "expected a date",
}
_HINT = {
    "int": "write a whole number",
    "float": "write a number",
    "bool": "write true or false",
    "tuple": "write the items as a list, one `- …` a line",
    "list": "write the items as a list, one `- …` a line",
    "dict": "write its fields below it, indented",
    "model": "write its fields below it, indented",
    "date": "write it as 2026-05-31",
}


def _expected(detail: ErrorDetails) -> str:
    return _EXPECTED.get(detail["type"].partition("_")[0], detail["msg"])


def _hint_type(kind: str, path: Path, form: _Form) -> str:
    fields = known_fields(path, form.root)
    if kind.partition("_")[0] in ("model", "dict") and fields:
        return f"write its fields below it, indented: {', '.join(fields[:6])}"
    return _HINT.get(kind.partition("_")[0], f"see {form.page}")


def _pattern_words(value: str) -> tuple[str, str]:
    if value != value.strip() or not value:
        return f"{value!r} is empty or has blanks at its ends", "write the name without them"
    suggestion = "".join(c if c.isalnum() and c.isascii() else "_" for c in value.lower()).strip("_")
    suggestion = suggestion if suggestion[:1].isalpha() else f"x_{suggestion}".rstrip("_")
    return (
        f"{value!r} is not a short name (lower case letters, digits, _; a letter first)",
        f"write for example {suggestion}",
    )


def _length_words(kind: str, limits: dict[str, Any]) -> tuple[str, str]:
    if kind == "string_too_long":
        return "the text is too long", f"write at most {limits['max_length']} characters"
    if kind == "string_too_short":
        return "the text is empty", "write it or leave the field out"
    if kind == "too_long":
        return f"{limits['actual_length']} items are too many", f"write at most {limits['max_length']}"
    return "the list is empty", f"write at least {limits['min_length']} item(s)"


_EXAMPLES = {
    "map": "`map: retail`",
    "version": "`version: 1`",
    "id": "`id: <short_name>`",
    "name": "`name: <what people read>`",
    "stage": "`stage: <one of the stages>`",
    "when": "`when: {touchpoint: …, action: …}`",
    "cycle": "`cycle: {stays: [<stages that follow a purchase>]}`",
    "goals": "`goals:` with at least one conversion, for example `- {id: order, name: Order, when: {stage: purchase}}`",
    "ownership": "`ownership: owned`, earned or paid",
    "observability": "`observability: traceable`, survey_only or unobservable",
    "scale": "`scale: {min: 0, max: 10}`",
    "scope": "`scope: transactional` (about this touchpoint) or relational (about all experiences)",
    "ask": "`ask: {touchpoints: all}`",
}


def known_fields(path: Path, root: type[BaseModel] = JourneyMap) -> list[str]:
    """The fields that may stand at a place of the file."""
    found: object = root
    for step in path:
        found = _inner(found, step)
    model = _model_of(found)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _inner(annotation: object, step: str | int) -> object:
    if isinstance(step, int):
        return annotation  # tuples are looked through by _model_of
    model = _model_of(annotation)
    if model is None:
        return annotation
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return field.annotation
    return None


def _model_of(annotation: object) -> type[BaseModel] | None:
    """The first model in an annotation: through Optional, tuple, dict values and Annotated."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    for argument in typing.get_args(annotation):
        if (model := _model_of(argument)) is not None:
            return model
    return None
