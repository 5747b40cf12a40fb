"""What is said of events whose source is not declared."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given, strategies as st

from touchline.producers.errors import EventRejected, SourceUndeclared
from touchline.producers.undeclared import SOURCES_NAMED, UndeclaredSources
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection

DECLARED = {"till": None, "web-shop": None}
NAMES = st.one_of(st.sampled_from(["kasse", "til", "crm", "a", "b", "c", "d", "e"]), st.text(min_size=1, max_size=8))


@given(st.lists(NAMES, max_size=60))
def test_few_sentences_count_every_event_once_and_tell_no_text_that_is_no_source_id(names: list[str]) -> None:
    undeclared = UndeclaredSources()
    assert [undeclared.note(SourceUndeclared(name, DECLARED)) for name in names] == [True] * len(names)
    said = list(undeclared.sentences("line"))
    assert len(said) <= SOURCES_NAMED + 1
    assert sum(int(re.findall(r"^[\d,]+", one)[0].replace(",", "")) for one in said) == len(names)
    told = Counter(found for one in said for found in re.findall(r"names? the source (\S+),", one))
    assert all(count == 1 and name in names for name, count in told.items())
    assert not any("\n" in one for one in said)


def test_a_source_that_is_nearly_declared_is_answered_with_the_declared_one() -> None:
    undeclared = UndeclaredSources()
    undeclared.note(SourceUndeclared("web-shpo", DECLARED))
    (said,) = undeclared.sentences("line")
    assert said.startswith(
        "1 line names the source web-shpo, which is not declared: did you mean web-shop? Else declare it"
    )


def test_events_that_are_refused_for_something_else_are_not_counted() -> None:
    undeclared = UndeclaredSources()
    assert not undeclared.note(EventRejected(Rejection(Reason.WRONG_TYPE, "time")))
    assert list(undeclared.sentences("line")) == []
