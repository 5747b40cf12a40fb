"""Contracts are data: every good example is accepted, every bad one refused for the reason that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from touchline.schemas.checking import check_event
from touchline.schemas.credibility import Moments, moments_of
from touchline.schemas.events import EVENT_TYPES
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, rejection_of
from touchline.schemas.sources import Source, load_sources
from touchline.schemas.times import parse_time

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "schemas" / "examples"
GENERATED = ROOT / "schemas" / "generated"
GOOD = sorted(EXAMPLES.glob("*/*/good/*.json"))
BAD = sorted(EXAMPLES.glob("*/*/bad/*.json"))
SOURCES = load_sources(ROOT / "sources.yaml")
DELIVERED_US = parse_time("2026-03-05T00:00:00Z")


def _name(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _contract_of(path: Path) -> str:
    contract, version, *_ = path.relative_to(EXAMPLES).parts
    return f"touchline.{contract}.{version}"


def _validator(path: Path) -> jsonschema.Draft202012Validator:
    schema = _load(GENERATED / f"{_contract_of(path)}.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _verdict(event: Any) -> Moments | Rejection:
    """What a worker with the project's sources.yaml says of the event."""
    try:
        read = check_event(event)
    except ValidationError as error:
        return rejection_of(error)
    source: Source | None = SOURCES.get(read["source"])
    if source is None:
        return Rejection(Reason.UNKNOWN_SOURCE, "source")
    return moments_of(read, source.terms, DELIVERED_US)


@pytest.mark.parametrize("path", GOOD, ids=_name)
def test_a_good_example_is_accepted_by_model_and_by_schema(path: Path) -> None:
    event = _load(path)

    assert event["type"] == _contract_of(path)
    assert isinstance(_verdict(event), Moments)
    _validator(path).validate(event)


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_a_bad_example_is_refused_for_the_reason_it_names(path: Path) -> None:
    example = _load(path)

    assert _verdict(example["event"]) == (example["reason"], example["field"])


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_the_generated_schema_refuses_what_the_example_says_it_can(path: Path) -> None:
    example = _load(path)

    assert _validator(path).is_valid(example["event"]) is not example["json_schema_refuses"]


def test_every_contract_has_good_and_bad_examples() -> None:
    for paths in (GOOD, BAD):
        assert {_contract_of(path) for path in paths} == set(EVENT_TYPES)


def test_every_reason_that_a_model_can_give_has_a_bad_example() -> None:
    of_the_model = {
        Reason.MISSING_FIELD, Reason.WRONG_TYPE, Reason.UNKNOWN_VERSION, Reason.UNKNOWN_SOURCE, Reason.OUT_OF_SCALE,
        Reason.TIME_OUT_OF_RANGE, Reason.UNKNOWN_CURRENCY, Reason.TOO_LARGE,
    }  # fmt: skip

    assert {Reason(_load(path)["reason"]) for path in BAD} == of_the_model
