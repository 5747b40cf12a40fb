"""Surveys that are killed again and again while they are asked: no decision is lost, none stands twice, and no rule is broken."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.support.survey_kills import ask_and_kill, faults

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

KILLS = 4


def test_no_decision_is_lost_or_made_twice_however_often_the_surveys_are_killed(
    stack: LocalStack, tmp_path: Path
) -> None:
    """The short form of `./run check survey_kills`."""
    assert faults(ask_and_kill(stack, tmp_path, KILLS, Random(19))) == []
