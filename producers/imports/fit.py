"""What is read of one file: of an export of a survey tool a mapping for each question, in the zone that the file says, without optional
columns that it lacks. Everything after this knows mappings of one row and one event only.

Why: docs/decisions/0100.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten
from typing import Any, Final, NamedTuple

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.model import FieldColumn, IdentifierColumn, Mapping, Revision, TimeColumns
from touchline.producers.imports.mapping.survey import SurveyExport
from touchline.producers.imports.ready.find import ANY_SOURCE
from touchline.producers.imports.rows.open import Names, names_in, require_columns
from touchline.schemas.times import is_zone

_NAMES_TOLD: Final = 40
_TEXT_TOLD: Final = 60
_PLAIN: Final = re.compile(r"[A-Za-z][\w-]*")
_UTC: Final = "Z"
_QUALTRICS: Final = "qualtrics"
_QUALTRICS_ROWS: Final = 3
_SURVEYMONKEY: Final = "surveymonkey"
_RESPONDENT: Final = "Respondent ID"
"""SurveyMonkey numbers the respondents in this column, and leaves the cell below its name empty."""


class Part(NamedTuple):
    """One reading of a file; `question` is empty where the file has one event a row."""

    mapping: Mapping
    question: str

    def named(self, file: Path) -> str:
        """The file in messages."""
        return f"{file} ({self.question})" if self.question else str(file)


def parts_of(path: Path, mapping: Mapping) -> list[Part]:
    """How the file is read. Raises WrongUsage where it cannot be, where it says another zone than the mapping, and where nothing says
    which questions a survey has: then with the lines to write."""
    if not (isinstance(mapping, SurveyExport) or mapping.optional_columns() or (mapping.file.header_rows or 1) > 2):
        return [Part(mapping, "")]  # and the file is opened once
    names = names_in(path, mapping)
    fitted = mapping
    is_looked_at = isinstance(mapping, SurveyExport) and names is not None and _has_known_names(path, mapping, names)
    if names is not None and names.columns:
        fitted = _without_missing(mapping, names.columns)
        require_columns(path, names, fitted)
        fitted = _in_zone_of_file(path, fitted, names)
    if not isinstance(fitted, SurveyExport):
        return [Part(fitted, "")]
    parts = [Part(one, question) for question, one in fitted.by_question().items()]
    if not parts:
        told = names if names is None or is_looked_at else names._replace(further=[])
        raise _without_questions(path, fitted, told)
    return parts


def _has_known_names(path: Path, mapping: SurveyExport, names: Names) -> bool:
    """Whether the rows below the first are surely names, which may be told: else they may be answers. Raises WrongUsage where the tool
    does not write its rows of names so, before a word of them is told: taken as names, respondents would be lost unseen."""
    tool, rows = mapping.extends or mapping.mapping, mapping.file.header_rows or 1
    if tool == _QUALTRICS and rows >= _QUALTRICS_ROWS:
        third = names.further[1] if len(names.further) > 1 else []
        if not any("ImportId" in _object_in(cell) for cell in third):
            raise WrongUsage(
                f"the third row of {path} holds no ImportId, so it is none of the three rows of names that Qualtrics writes",
                "export it with all of them; where one row names the columns, write `file: {header_rows: 1}` into the mapping, and the "
                "zone of its times: `time: {zone: Europe/Berlin}`",
            )
        return True
    if tool == _SURVEYMONKEY and rows > 1:
        if _RESPONDENT not in names.columns:
            raise WrongUsage(
                f"{path} has no column {_RESPONDENT!r}",
                "export all responses as CSV, or name the mapping of the tool that wrote the file",
            )
        second, place = names.further[0] if names.further else [], names.columns.index(_RESPONDENT)
        if "".join(second[place : place + 1]).strip():
            raise WrongUsage(
                f"the second row of {path} numbers a respondent, so it is none of the two rows of names that SurveyMonkey writes",
                "where one row names the columns, write `file: {header_rows: 1, names: numbered}` into the mapping",
            )
        return True
    return False


def _without_missing(mapping: Mapping, columns: Iterable[str]) -> Mapping:
    known = {None, *columns}

    def stays(cell: FieldColumn | IdentifierColumn | Revision) -> bool:
        return not cell.optional or cell.column in known

    cells: dict[str, Any] = {
        part: {name: cell for name, cell in getattr(mapping, part).items() if stays(cell)}
        for part in ("identifiers", "fields", "properties")
    }
    if mapping.revision is not None and not stays(mapping.revision):
        cells["revision"] = None
    return mapping.model_copy(update=cells)


def _in_zone_of_file(path: Path, mapping: Mapping, names: Names) -> Mapping:
    """Qualtrics writes the zone of a time into its third row of names: what stands there is so, whatever anybody believes."""
    found = [zone for column in mapping.time.columns if (zone := _zone_in(column, names)) is not None]
    if not found:
        return mapping
    zone = "UTC" if found[0] == _UTC else found[0]
    if not is_zone(zone):
        raise WrongUsage(
            f"the third row of names of {path} says a zone that is not in the IANA time zone database",
            "export the file in another zone, such as UTC",
        )
    if mapping.time.zone not in (None, zone):
        raise WrongUsage(
            f"the times of {path} are of {zone}, as its third row of names says, and the mapping says {mapping.time.zone}",
            "leave `zone` of `time` out of the mapping",
        )
    return mapping.model_copy(update={"time": TimeColumns(**{**mapping.time.model_dump(), "zone": zone})})


def _zone_in(column: str, names: Names) -> str | None:
    place = names.columns.index(column)
    for row in names.further:
        zone = _object_in("".join(row[place : place + 1])).get("timeZone")
        if isinstance(zone, str):
            return zone
    return None


def _object_in(cell: str) -> dict[str, Any]:
    """The JSON object that a cell holds; empty where it holds none."""
    try:
        said = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _without_questions(path: Path, mapping: SurveyExport, names: Names | None) -> WrongUsage:
    read = {column for _, column in mapping.columns()} | set(mapping.beside)
    found = [] if names is None else [name for name in names.columns if name not in read]
    score, comment = (_spelt(name) for name in [*found, "<column of the score>", "<column of the comment>"][:2])
    source = "survey-tool" if mapping.source == ANY_SOURCE else mapping.source
    lines = [
        "write these lines into a file, say survey.yaml, with your own names, and import with --mapping survey.yaml:",
        "",
        f"extends: {mapping.extends or mapping.mapping}",
        f"source: {source}",
        "survey: {name: till, about: store_purchase, scope: transactional}",
        "questions:",
        f"  recommend: {{kpi: nps, scale: [0, 10], score: {score}, comment: {comment}}}",
    ]
    if names is not None and found:
        lines += ["", "Columns that may hold answers:"]
        lines += [_with_text(name, names, mapping) for name in found[:_NAMES_TOLD]]
        lines += [f"and {len(found) - _NAMES_TOLD} more"] if len(found) > _NAMES_TOLD else []
    return WrongUsage(
        f"{path}: each question of a survey is an answer of its own, and nothing says which columns they are",
        "\n".join(lines),
    )


def _spelt(name: str) -> str:
    """As YAML reads it within braces."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _with_text(name: str, names: Names, mapping: Mapping) -> str:
    """The column, and what was asked where a row of names below has it."""
    asked = "" if mapping.file.names == "joined" or not names.further else names.further[0][names.columns.index(name)]
    return f"  {_spelt(name)}" + (f"  # {shorten(asked, _TEXT_TOLD)}" if asked else "")
