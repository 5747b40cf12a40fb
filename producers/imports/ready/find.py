"""Finds a mapping: one that ships, by its name, or a file of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.mapping.read import load_mapping, parse_mapping
from touchline.producers.imports.mapping.survey import SurveyExport
from touchline.producers.imports.ready.texts import ready_names, ready_text
from touchline.schemas.journey.problems import did_you_mean

ANY_SOURCE: Final = "any"
"""Stands for a source where none matters."""


def ready_mapping(name: str, source: str = ANY_SOURCE) -> Mapping:
    """A mapping that ships, for that source. Raises WrongUsage where there is none of that name."""
    return parse_mapping(ready_text(name), name, source)


def find_mapping(given: str, source: str | None = None) -> Mapping:
    """A mapping that ships where `given` is the name of one, else the file of that path; `source` stands before what the file says. Raises
    MappingInvalid with every problem found, WrongUsage where there is no such mapping, or nothing says whose the file is."""
    names = ready_names()
    if given in names:
        if source is None:
            mapping = ready_mapping(given)
            if isinstance(mapping, SurveyExport):
                return mapping  # it needs more than a source, which is told when the file was looked at
            raise WrongUsage(
                f"the mapping {given} ships, so it does not say whose the file is",
                "name a source that sources.yaml declares: --source NAME",
            )
        return ready_mapping(given, source)
    path = Path(given)
    if given == path.name and not path.suffix and not path.is_file():
        meant = did_you_mean(given, names)
        raise WrongUsage(f"there is no mapping {given}", f"{meant} Give one of these, or the path of a YAML file")
    return load_mapping(path, source)
