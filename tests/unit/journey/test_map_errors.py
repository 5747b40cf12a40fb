"""Bad maps are data: every file in `bad/` ends with the complaints that it must give, `# expect:LINE: FIELD: WHAT;
MEND`."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.schemas.journey.problems import MapInvalid
from touchline.schemas.journey.read import find_map, load_map, parse_map

BAD = Path(__file__).parent / "bad"
MARK = "# expect"


@pytest.mark.parametrize("name", sorted(file.stem for file in BAD.glob("*.yaml")))
def test_a_bad_map_is_refused_with_line_field_fact_and_remedy(name: str) -> None:
    file = BAD / f"{name}.yaml"
    expected = [line.removeprefix(MARK) for line in file.read_text().splitlines() if line.startswith(MARK)]
    with pytest.raises(MapInvalid) as refused:
        load_map(file)
    assert [problem.at("") for problem in refused.value.problems] == expected
    assert expected, "a bad map says what it must give"


def test_what_the_error_says_can_be_jumped_to_and_names_the_command_that_checks() -> None:
    file = BAD / "unknown_stage_in_rule.yaml"
    with pytest.raises(MapInvalid) as refused:
        load_map(file)
    assert refused.value.what == f"{file}:12: rules[1].stage: there is no stage 'lok'; did you mean 'look'?"
    assert refused.value.hint == f"fix this and run `touchline map check {file}`"
    assert refused.value.exit_status == 2


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot read the map"):
        load_map(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("title: Caf\xe9".encode("latin-1"))
    with pytest.raises(MapInvalid, match="not UTF-8"):
        load_map(tmp_path / "latin.yaml")


def test_a_file_that_is_too_large_or_too_deep_is_refused_at_once() -> None:
    with pytest.raises(MapInvalid, match="larger than"):
        parse_map("#" * (1 << 20) + "\n")
    with pytest.raises(MapInvalid, match="nests far too deeply"):
        parse_map("[" * 5_000)


def test_a_misspelt_map_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "retail.yaml").write_text("")
    assert find_map("retail", tmp_path) == tmp_path / "retail.yaml"
    assert find_map("other/place.yaml", tmp_path) == Path("other/place.yaml")
    assert find_map("other/place.yaml", "elsewhere", tmp_path) == tmp_path / "other/place.yaml"
    with pytest.raises(WrongUsage) as refused:
        find_map("retial", tmp_path)
    assert refused.value.hint == "did you mean 'retail'?"
