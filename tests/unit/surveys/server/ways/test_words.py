"""The words around a question, and whose language is spoken."""

from __future__ import annotations

import pytest

from touchline.surveys.questions import SHIPPED_LANGUAGES
from touchline.surveys.server.ways.words import accepted, languages, words_for


def test_every_language_of_the_shipped_questions_has_all_words_and_none_left_in_english() -> None:
    assert sorted(languages()) == sorted(SHIPPED_LANGUAGES)
    english = words_for("en")
    for language in languages():
        words = words_for(language)
        assert list(words) == list(english)
        assert all(words.values())
        assert language == "en" or not {name for name in words if words[name] == english[name]}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", ""),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("xx, fr;q=0.3, it;q=0.7", "it"),
        ("en;q=0, de;q=0.1", "de"),
        ("EN-gb", "en"),
        ("*", ""),
        ("de;q=abc, it;q=2, fr;level=1", ""),
        (",,;;==" * 50, ""),
    ],
)
def test_the_language_that_the_reader_likes_best_is_spoken(header: str, language: str) -> None:
    assert accepted(header, SHIPPED_LANGUAGES) == language


def test_a_language_without_words_is_spoken_to_in_english() -> None:
    assert words_for("pt-BR") == words_for("en")
    assert words_for("de-CH") == words_for("de")
