"""However a map file is broken, its author gets a list of problems, never a traceback; and what is accepted can be run."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings, strategies as st

from tests.unit.journey.build import RICH, hourly
from touchline.journey.attach import attach
from touchline.journey.compile import compile_map
from touchline.schemas.journey.model import JourneyMap
from touchline.schemas.journey.problems import FileProblem, MapInvalid
from touchline.schemas.journey.read import parse_map

TOKENS = [match.span() for match in re.finditer(r"[\w-]+|[{}\[\],:]", RICH)]
JUNK = st.one_of(
    st.sampled_from(
        ["", "[]", "{}", "~", "5", "-1", "1e400", "true", "no", "all", "[[x]]", "{a: {b: c}}", "look", "web", ".nan"]
    ),
    st.text(max_size=4),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(TOKENS), JUNK), min_size=1, max_size=3))
def test_a_map_with_broken_tokens_is_read_or_explained(breaks: list[tuple[tuple[int, int], str]]) -> None:
    text = RICH
    for (start, end), junk in sorted(breaks, reverse=True):
        text = text[:start] + junk + text[end:]
    journey_map, problems = outcome(text)
    assert (journey_map is None) == bool(problems)
    for problem in problems:
        assert 0 <= problem.line <= text.count("\n") + 1
        assert problem.what
        assert problem.hint
    if journey_map:
        attach(hourly("web", "till:purchase", "phone:leave", "nowhere"), compile_map(journey_map))


def outcome(text: str) -> tuple[JourneyMap | None, list[FileProblem]]:
    try:
        return parse_map(text), []
    except MapInvalid as refused:
        return None, refused.problems


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        f"version: {'9' * 5000}",
        "\t- a",
        "&a [*a]",
        "!!python/object:os.system {}",
        "? [a, b]\n: c",
        "--- a\n--- b",
    ],
)
def test_strange_yaml_is_explained(text: str) -> None:
    with pytest.raises(MapInvalid):
        parse_map(text)
