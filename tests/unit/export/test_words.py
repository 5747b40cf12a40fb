"""The words of the export's page: four languages, all of them whole."""

from __future__ import annotations

import re

import pytest

from touchline.export.words import WORDS, Language, words_in

PLACES = re.compile(r"\{\w+\}")


@pytest.mark.parametrize("language", list(Language))
def test_every_word_is_there_with_the_same_places(language: Language) -> None:
    english, words = words_in(Language.EN), words_in(language)
    assert words.keys() == english.keys() == WORDS.keys()
    for key, text in words.items():
        assert text.strip()
        assert sorted(PLACES.findall(text)) == sorted(PLACES.findall(english[key]))
        if language is not Language.EN and len(text) > 20:
            assert text != english[key]
