"""The catalogue of questions: what is shipped, and what an owner's file may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.schemas.answer import fits_scale
from touchline.sql.language.catalogue import load_catalogue as load_kpis
from touchline.surveys.questions import SHIPPED_LANGUAGES, Scale, load_catalogue, parse_questions

OWN = """\
questions:
  - id: nps
    version: "2"
    kpi: nps
    variant: standard
    scope: relational
    scale: {min: 0, max: 10}
    wordings:
      en: {text: Would you recommend us}
"""


def refused(text: str) -> WrongUsage:
    with pytest.raises(WrongUsage) as error:
        parse_questions(text, "own.yaml", load_catalogue())
    return error.value


def test_every_shipped_question_is_there_in_all_languages() -> None:
    catalogue = load_catalogue()
    assert catalogue.languages == SHIPPED_LANGUAGES
    for question in catalogue.questions.values():
        assert set(question.wordings) == set(SHIPPED_LANGUAGES), question.id
        texts = [one.text for one in question.wordings.values()]
        assert len(set(texts)) == len(texts), f"{question.id} says the same in two languages"
        filled = [
            (bool(one.low), bool(one.high), bool(one.comment), bool(one.thanks)) for one in question.wordings.values()
        ]
        assert len(set(filled)) == 1, f"{question.id} has parts in some languages only"


def test_every_score_of_a_shipped_question_has_a_formula() -> None:
    known = {(kpi.id, one.id): one.scale for kpi in load_kpis().surveys for one in kpi.variants}
    for question in load_catalogue().questions.values():
        if question.kind in ("score", "emotion"):
            ends = (question.scale.min, question.scale.max)
            assert known[question.kpi, question.variant] == ends, question.id
            assert all(fits_scale(*ends, point, question.kpi) for point in question.scale.points)


def test_an_emotion_has_a_label_and_a_point_of_its_scale() -> None:
    question = load_catalogue().questions["emotion"]
    labels = {one.id: (one.score, text) for one, text in question.labels("en")}
    assert labels["frustration"] == (1, "Frustrated")
    assert {"satisfaction", "enthusiasm", "frustration", "confusion"} < set(labels)


def test_a_scale_may_run_downwards() -> None:
    assert Scale(min=5, max=1).points == (5, 4, 3, 2, 1)
    assert Scale(min=0, max=2).points == (0, 1, 2)


@pytest.mark.parametrize(
    ("asked", "spoken"), [("de", "de"), ("de-AT", "de"), ("pt-BR", "fr"), ("", "fr"), ("EN", "fr"), ("it", "it")]
)
def test_a_question_is_put_in_the_language_asked_for_else_in_the_default(asked: str, spoken: str) -> None:
    assert load_catalogue().questions["nps"].language_for(asked, "fr") == spoken


def test_without_the_default_a_question_is_put_in_its_first_language() -> None:
    (question,) = parse_questions(OWN.replace("en:", "pt:"), "own.yaml").questions.values()
    assert question.language_for("de", "fr") == "pt"


def test_an_owners_question_stands_in_place_of_a_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(OWN)
    catalogue = load_catalogue(file)
    assert catalogue.questions["nps"].version == "2"
    assert catalogue.get("nps", "1") is None
    assert "csat" in catalogue.questions


def test_other_words_under_a_shipped_version_are_refused() -> None:
    error = refused(OWN.replace('"2"', '"1"'))
    assert error.what.startswith("own.yaml:3: questions[0].version: version 1 of nps is shipped with other contents")
    assert error.what.endswith("write another version")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("max: 10", "max: 9"), "nps is defined on 0 to 10 only"),
        (("scope", "scop"), "did you mean 'scope'?"),
        (("    scale: {min: 0, max: 10}\n", ""), "a question of kind score has a scale"),
        (("    kpi: nps", "    kind: emotion\n    kpi: emotion"), "a question of kind emotion has options"),
        (
            ("{text: Would you recommend us}", "{text: Hi, options: {a: A}}"),
            "the options in en are not those of the question: a",
        ),
        (("    wordings:\n      en: {text: Would you recommend us}\n", ""), "the field 'wordings' is missing"),
        (("      en:", "      English:"), "questions[0].wordings"),
        (("{min: 0, max: 10}", "{min: 3, max: 3}"), "min and max are one number"),
        (('"2"', "2"), "put it in quotes"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_a_remedy(change: tuple[str, str], said: str) -> None:
    assert change[0] in OWN
    error = refused(OWN.replace(*change, 1))
    assert said in error.what
    assert error.what.startswith("own.yaml:")


def test_a_question_stands_once_in_a_file() -> None:
    assert "the question nps stands here twice" in refused(OWN + OWN.partition("\n")[2]).what


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read"):
        load_catalogue(tmp_path / "none.yaml")
