"""Terms by source and class of event, and what is past them on a day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from touchline.schemas.events import ANSWER, CASE, CONSENT, EVENT_TYPES, IDENTIFY, INITIATIVE, TOUCHPOINT
from touchline.schemas.retention import (
    CLASS_OF,
    DAY_US,
    UNTOLD,
    ClassTerms,
    cutoffs_on,
    days_by_class,
    ending_of,
    may_be_hidden_before,
    terms_of,
)
from touchline.schemas.sources import Source

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
DAYS = st.integers(1, 4_000)


def us(when: datetime) -> int:
    return int(when.timestamp()) * 1_000_000


def ends(source: Source, event_type: str, when: datetime) -> str | None:
    cutoffs = cutoffs_on(terms_of("shop", source.kept_days, source.when_expired), us(NOW) // 1_000)
    return ending_of(cutoffs, "shop", event_type, us(when))


def test_without_a_word_on_what_becomes_of_them_no_event_ends() -> None:
    assert ends(Source(legal_basis="contract", retention_days=1), TOUCHPOINT, datetime(1999, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("when", "how"),
    [
        (datetime(2026, 2, 7, 23, 59, 59, tzinfo=UTC), "erase"),
        (datetime(2026, 2, 8, tzinfo=UTC), None),
        (datetime(2026, 3, 10, 15, 29, tzinfo=UTC), None),
        (datetime(2026, 3, 11, tzinfo=UTC), None),
    ],
)
def test_a_term_of_thirty_days_ends_what_happened_before_the_day_thirty_days_ago_in_utc(
    when: datetime, how: str | None
) -> None:
    assert ends(Source(legal_basis="contract", retention_days=30, when_expired="erase"), TOUCHPOINT, when) == how


def test_each_class_has_its_own_term_and_the_others_that_of_the_source() -> None:
    terms = ClassTerms(answers=730, touchpoints=365)
    assert days_by_class(90, terms) == {
        "touchpoints": 365,
        "answers": 730,
        "initiatives": 90,
        "cases": 90,
        "identifies": 730,
        "consents": None,
    }
    source = Source(legal_basis="contract", retention_days=90, retention=terms, when_expired="anonymise")
    when = datetime(2025, 1, 1, tzinfo=UTC)  # 433 days ago
    found = {event_type: ends(source, event_type, when) for event_type in EVENT_TYPES}
    assert found == {
        TOUCHPOINT: "anonymise",
        ANSWER: None,
        INITIATIVE: "anonymise",
        CASE: "anonymise",
        IDENTIFY: None,
        CONSENT: None,
    }


def test_a_row_that_does_not_tell_its_type_is_kept_as_long_as_any_class() -> None:
    source = Source(legal_basis="contract", retention_days=30, retention=ClassTerms(answers=60), when_expired="erase")
    assert ends(source, UNTOLD, datetime(2026, 1, 20, tzinfo=UTC)) is None
    assert ends(source, UNTOLD, datetime(2026, 1, 8, tzinfo=UTC)) == "erase"


def test_a_time_that_nobody_knows_is_past_no_term() -> None:
    assert (
        ends(
            Source(legal_basis="contract", retention_days=1, when_expired="erase"),
            UNTOLD,
            datetime(1970, 1, 1, tzinfo=UTC),
        )
        is None
    )


def test_statements_of_consent_have_no_term_and_a_file_that_gives_them_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="would count again"):
        ClassTerms.model_validate({"consents": 3_000})
    source = Source(legal_basis="consent", retention_days=1, when_expired="erase")
    assert ends(source, CONSENT, datetime(1999, 1, 1, tzinfo=UTC)) is None


def test_links_cannot_have_a_shorter_term_than_what_they_link() -> None:
    with pytest.raises(ValidationError, match="identifies must not be shorter than the 365 days"):
        ClassTerms(identifies=30, touchpoints=365)
    assert days_by_class(365, ClassTerms(identifies=30))["identifies"] == 365
    assert days_by_class(365, ClassTerms(identifies=900))["identifies"] == 900


@pytest.mark.parametrize("wrong", [{"touchpoint": 3}, {"touchpoints": 0}, {"answers": -1}, {"answers": "long"}])
def test_a_class_that_there_is_not_or_a_term_below_a_day_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ClassTerms.model_validate(wrong)


def test_every_type_of_event_has_a_class() -> None:
    assert set(CLASS_OF) == set(EVENT_TYPES)
    assert set(CLASS_OF.values()) == set(ClassTerms.model_fields)


@given(
    st.sampled_from(["erase", "anonymise"]),
    DAYS,
    st.builds(ClassTerms, touchpoints=DAYS | st.none(), answers=DAYS | st.none(), initiatives=DAYS | st.none()),
    st.integers(0, 4 * 10**12),
    st.integers(1, 4 * 10**15),
)
def test_an_event_ends_if_and_only_if_whole_days_of_its_term_have_passed(
    how: str, days: int, terms: ClassTerms, now_ms: int, time_us: int
) -> None:
    source = Source(legal_basis="contract", retention_days=days, retention=terms, when_expired=how)
    cutoffs = cutoffs_on(terms_of("shop", source.kept_days, source.when_expired), now_ms)
    for event_type, name in CLASS_OF.items():
        term = source.kept_days[name]
        is_over = term is not None and now_ms * 1_000 // DAY_US - time_us // DAY_US > term
        assert ending_of(cutoffs, "shop", event_type, time_us) == (how if is_over else None)
        assert ending_of(cutoffs, "other", event_type, time_us) is None
        if is_over:
            assert time_us < may_be_hidden_before(now_ms)
