"""Reads a YAML file that is one model, as files of settings for the collector are. All problems come at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from touchline.errors import WrongUsage
from touchline.schemas.journey.explain import explain
from touchline.schemas.journey.yaml_lines import read_yaml

Model = TypeVar("Model", bound=BaseModel)


def parse_model(text: str, file: str, form: type[Model], page: str, examples: Mapping[str, str]) -> Model:
    """What is written in `text`; `file` is the name used in complaints, `page` and `examples` are as `explain` has them. Raises
    WrongUsage with every problem found."""
    document = read_yaml(text)
    problems = list(document.problems)
    if not problems:
        try:
            return form.model_validate(document.values)
        except ValidationError as error:
            problems = explain(error, document, form, page, examples)
    raise WrongUsage("\n".join(problem.at(file) for problem in problems), f"fix the file; {page} shows one")
