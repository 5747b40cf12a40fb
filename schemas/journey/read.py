"""Reads a map file: YAML with lines, then the model, then the references between the parts. All problems come at
once.

Why: docs/decisions/0031.
"""

from __future__ import annotations

import pathlib

from pydantic import ValidationError

from touchline.errors import WrongUsage
from touchline.schemas.journey.explain import explain
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.problems import FileProblem, MapInvalid, did_you_mean
from touchline.schemas.journey.references import reference_problems
from touchline.schemas.journey.yaml_lines import read_yaml

SUFFIX = ".yaml"


def load_map(path: str | pathlib.Path) -> JourneyMap:
    """The map of a file. Raises `MapInvalid` with every problem found, `WrongUsage` if the file cannot be read."""
    file = pathlib.Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MapInvalid(str(path), [FileProblem(0, "", "the file is not UTF-8", "save it as UTF-8")]) from error
    except OSError as error:
        raise WrongUsage(f"cannot read the map {path}: {error.strerror}", "check the path") from error
    return parse_map(text, str(path))


def parse_map(text: str, file: str = "map.yaml") -> JourneyMap:
    """The map written in `text`; `file` is the name used in complaints."""
    document = read_yaml(text)
    if document.problems:
        raise MapInvalid(file, document.problems)
    try:
        parsed = JourneyMap.model_validate(document.values)
    except ValidationError as error:
        raise MapInvalid(file, explain(error, document)) from None
    if problems := reference_problems(parsed, document):
        raise MapInvalid(file, problems)
    return parsed


def find_map(name: str, journeys_dir: str | pathlib.Path, start_dir: str | pathlib.Path = "") -> pathlib.Path:
    """The file of a map given by name (`retail` = `<journeys_dir>/retail.yaml`) or by path, which starts at
    `start_dir` (default: here). Raises `WrongUsage` if there is none of that name."""
    if name.endswith((SUFFIX, ".yml")) or "/" in name:
        return pathlib.Path(start_dir) / name
    file = pathlib.Path(journeys_dir) / f"{name}{SUFFIX}"
    if not file.is_file():
        known = map_names(journeys_dir)
        raise WrongUsage(f"there is no map {name!r} in {journeys_dir}", did_you_mean(name, known))
    return file


def map_names(journeys_dir: str | pathlib.Path) -> list[str]:
    """The names of the maps in a folder, sorted."""
    return sorted(file.stem for file in pathlib.Path(journeys_dir).glob(f"*{SUFFIX}"))
