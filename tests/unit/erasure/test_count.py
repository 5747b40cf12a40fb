"""The times that are meant of one person: together what the targets say, and each row in one at most."""

from __future__ import annotations

from hypothesis import given, strategies as st

from touchline.erasure.count import Span, spans_of
from touchline.erasure.values import Target

TIMES = st.integers(0, 12)
TARGETS = st.lists(
    st.builds(
        lambda name, kind, times: Target(name, kind, min(times), max(times)),
        st.sampled_from("ab"),
        st.sampled_from(["login", "device"]),
        st.tuples(TIMES, TIMES),
    ),
    max_size=8,
)


@given(TARGETS, TIMES, st.sampled_from("ab"))
def test_a_time_lies_in_one_span_where_a_target_means_it_and_in_none_where_none_does(
    targets: list[Target], time_us: int, name: str
) -> None:
    meant = [one for one in targets if one.identifier == name and one.after_us < time_us <= one.until_us]
    spans = [one for one in spans_of(targets, ()) if one.identifier == name and one.after_us < time_us <= one.until_us]
    assert len(spans) == bool(meant)


def test_a_target_that_stands_twice_or_without_its_identifier_counts_once_or_not() -> None:
    one = Target("a", "login", 0, 9)
    assert spans_of([one, one, one._replace(identifier="")], ["a"]) == [Span("a", 0, 9, True)]
