"""Codes to be printed: of a link that is short enough, as a picture that others read."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import segno

from touchline.errors import WrongUsage
from touchline.surveys.codes import write_code
from touchline.surveys.links import Link, question_url, sign

ADDRESS = question_url("https://ask.example", sign(bytes(32), Link("ask", 2_000_000_000, "de", "ab" * 16)))


def test_a_code_is_a_picture_by_the_ending_of_its_name(tmp_path: Path) -> None:
    write_code(ADDRESS, tmp_path / "code.svg")
    write_code(ADDRESS, tmp_path / "code.PNG")
    assert ET.parse(tmp_path / "code.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "code.PNG").read_bytes().startswith(b"\x89PNG")


def test_the_code_of_a_receipt_is_coarse_enough_for_a_cheap_printer() -> None:
    assert len(ADDRESS) <= 80
    version = segno.make(ADDRESS, error="m", micro=False).version
    assert isinstance(version, int)
    assert version <= 6


@pytest.mark.parametrize("name", ["code.pdf", "code", "gone/code.svg"])
def test_a_file_that_cannot_be_a_code_is_refused_with_the_remedy(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUsage) as error:
        write_code(ADDRESS, tmp_path / name)
    assert error.value.hint
