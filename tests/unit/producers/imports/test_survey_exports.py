"""Exports of survey tools: each answer of each row is an event, as the tool wrote it and as the owner of the survey says."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from tests.unit.producers.imports import surveys
from tests.unit.producers.imports.build import new_producer
from tests.unit.producers.imports.surveys import BOTH, taken, written
from touchline.errors import WrongUsage
from touchline.producers.imports.fit import parts_of
from touchline.producers.imports.mapping.read import MappingInvalid, parse_mapping
from touchline.producers.imports.ready.find import find_mapping
from touchline.schemas.identifiers import PersonKeys

EXPORTS = {
    "qualtrics": ("q.csv", surveys.QUALTRICS, BOTH, 3),
    "typeform": ("t.csv", surveys.TYPEFORM, written("typeform", '"How likely?"', '"Why?"'), 2),
    "surveymonkey": (
        "s.csv",
        surveys.SURVEYMONKEY,
        written("surveymonkey", '"How likely?"', '"Why?"', "zone: UTC\n"),
        1,
    ),
    "limesurvey": ("l.csv", surveys.LIMESURVEY, written("limesurvey", "NPS", "WHY", "zone: UTC\n"), 2),
    "limesurvey_vv": ("l.txt", surveys.LIMESURVEY_VV, written("limesurvey_vv", "NPS", "WHY", "zone: UTC\n"), 1),
    "google_forms": ("g.csv", surveys.GOOGLE_FORMS, written("google_forms", '"How likely?"', '"Why?"'), 3),
    "delighted": ("d.json", surveys.DELIGHTED, written("delighted", "score", "comment"), 2),
}
ONE_ANSWER = {"score": 9, "comment": "Fast", "kpi": "nps", "scale_min": 0, "scale_max": 10, "question": "recommend"}


@pytest.fixture
def export(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    name, text, _, _ = EXPORTS[request.param]
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def export_of(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("export", [tool], indirect=True)


def person(kind: str, value: str) -> dict[str, str]:
    return {"type": kind, "key": PersonKeys("k1", bytes(32)).key(kind, value)}


def without_receipt(events: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: {**event, "received_at": None} for name, event in events.items()}


@pytest.mark.parametrize(("tool", "export"), [(tool, tool) for tool in EXPORTS], indirect=["export"])
def test_a_file_twice_adds_nothing_and_unanswered_cells_give_no_answer(tool: str, export: Path) -> None:
    _, _, mapping, answers = EXPORTS[tool]
    producer = new_producer()
    first, verdicts, said = taken(export, mapping, producer)
    again, _, _ = taken(export, mapping, producer)
    assert (len(first), said, sum(one.rejected for one in verdicts)) == (answers, [], 0)
    assert first.keys() == again.keys()
    assert all(event["score"] is not None for event in first.values())


@pytest.mark.parametrize(("tool", "export"), [(tool, tool) for tool in EXPORTS], indirect=["export"])
def test_without_questions_it_says_the_lines_to_write_and_they_are_read(tool: str, export: Path) -> None:
    with pytest.raises(WrongUsage) as refused:
        parts_of(export, find_mapping(tool))
    _, _, lines = refused.value.hint.partition("\n\n")
    lines, _, columns = lines.partition("\n\n")
    assert len(lines.splitlines()) == 5
    assert parse_mapping(lines).source == "survey-tool"
    if tool != "delighted":  # whose rows name their own cells
        assert parts_of(export, parse_mapping(lines))
        assert columns.startswith("Columns that may hold answers:\n")


@export_of("qualtrics")
def test_qualtrics_one_row_is_an_answer_to_each_question(export: Path) -> None:
    events, verdicts, _ = taken(export, BOTH)
    assert events.keys() == {"till/recommend/R_1", "till/satisfied/R_1", "till/satisfied/R_2"}
    assert [one.left_out for one in verdicts] == [2, 1]
    first = events["till/recommend/R_1"]
    assert (
        first.items()
        >= (ONE_ANSWER | {"comment": "Fast, and kind", "language": "EN", "disposition": "complete"}).items()
    )
    assert first["about"] == {"touchpoint": "store_purchase"}
    assert (first["survey"], first["scope"]) == ("till", "transactional")
    partial = events["till/satisfied/R_2"]
    assert (partial["score"], partial["disposition"], partial["language"]) == (2, "partial", "DE")
    assert (partial["scale_min"], partial["scale_max"], partial["kpi"]) == (1, 5, "csat")


@export_of("qualtrics")
def test_qualtrics_times_are_of_the_zone_in_the_third_row(export: Path) -> None:
    events, _, _ = taken(export, BOTH)
    assert events["till/recommend/R_1"]["time"] == "2026-03-01T20:05:00.000000Z"
    events, _, _ = taken(export, BOTH + "zone: Europe/Berlin\n")
    assert events["till/recommend/R_1"]["time"] == "2026-03-01T20:05:00.000000Z"
    assert events["till/recommend/R_1"]["zone"] == "Europe/Berlin"
    with pytest.raises(WrongUsage, match="are of Pacific/Auckland, as its third row of names says"):
        taken(export, BOTH + "time: {zone: Europe/Berlin}\n")


@export_of("qualtrics")
def test_qualtrics_exports_of_numbers_are_read_as_those_of_texts(export: Path) -> None:
    texts, _, _ = taken(export, BOTH)
    numbers = export.read_text()
    for text, number in {"True": "1", "False": "0", "IP Address": "0", "Survey Preview": "1"}.items():
        numbers = numbers.replace(f",{text},", f",{number},")
    export.write_text(numbers)
    assert without_receipt(taken(export, BOTH)[0]) == without_receipt(texts)


@export_of("qualtrics")
@pytest.mark.parametrize(
    ("status", "is_answer"),
    [
        *[(text, False) for text in ("Survey Preview", "Survey Test", "Spam", "Survey Preview Spam", "Imported Spam")],
        *[(text, False) for text in ("Offline Survey Preview", "EX Spam", "Synthetic")],
        *[(number, False) for number in ("1", "2", "8", "9", "12", "17", "40", "256")],
        *[(text, True) for text in ("IP Address", "Imported", "0", "4", "16")],
    ],
)
def test_qualtrics_tests_previews_and_spam_are_no_answers(export: Path, status: str, is_answer: bool) -> None:
    export.write_text(export.read_text().replace("Survey Preview", status))
    assert ("till/satisfied/R_3" in taken(export, BOTH)[0]) == is_answer


@export_of("qualtrics")
def test_a_qualtrics_workbook_is_read_as_its_csv_with_the_zone_of_its_third_row(export: Path, tmp_path: Path) -> None:
    book = Workbook()
    for row in csv.reader(io.StringIO(export.read_text())):
        book.worksheets[0].append(row)
    book.save(tmp_path / "q.xlsx")
    assert without_receipt(taken(tmp_path / "q.xlsx", BOTH)[0]) == without_receipt(taken(export, BOTH)[0])


@export_of("qualtrics")
def test_any_mapping_with_three_rows_of_names_takes_the_zone_of_the_file(export: Path) -> None:
    own = (
        "mapping: ours\nsource: web-shop\nid: ResponseId\ntime: EndDate\nfile: {header_rows: 3}\n"
        "fields: {touchpoint: {constant: survey}}\n"
    )
    assert parts_of(export, parse_mapping(own))[0].mapping.time.zone == "Pacific/Auckland"
    export.write_text(export.read_text().replace("Pacific/Auckland", "Nowhere/Land"))
    with pytest.raises(WrongUsage, match="a zone that is not in the IANA"):
        parts_of(export, parse_mapping(own))


@export_of("qualtrics")
def test_qualtrics_the_person_is_known_by_mail_and_reference_and_an_own_name_for_a_column_replaces_ours(
    export: Path,
) -> None:
    events, _, _ = taken(export, BOTH)
    assert events["till/recommend/R_1"]["persons"] == [person("mail", "ana@example.org"), person("customer", "C-1")]
    assert events["till/satisfied/R_2"]["persons"] == [person("customer", "C-2")]
    events, _, _ = taken(export, BOTH + "identifiers: {loyalty: ExternalReference}\n")
    assert [one["type"] for one in events["till/recommend/R_1"]["persons"]] == ["mail", "loyalty"]


@export_of("qualtrics")
def test_a_question_may_be_about_another_touchpoint_and_read_texts_as_scores(export: Path) -> None:
    export.write_text(export.read_text().replace("EN,9", "EN,Extremely likely"))
    mapping = written(
        "qualtrics", '{column: Q1, values: {"Extremely likely": 9}}', "Q1_TEXT, about: brand, scope: relational"
    )
    event = taken(export, mapping)[0]["till/recommend/R_1"]
    assert (event["score"], event["about"], event["scope"]) == (9, {"touchpoint": "brand"}, "relational")


@export_of("qualtrics")
def test_an_answer_names_the_event_it_is_about_where_the_row_does(export: Path) -> None:
    export.write_text(export.read_text().replace("ExternalReference", "receipt").replace("C-2", ""))
    mapping = BOTH.replace("transactional", "transactional, event: receipt, event_source: retail-pos")
    events, _, _ = taken(export, mapping)
    about = {"touchpoint": "store_purchase", "source": "retail-pos"}
    assert events["till/recommend/R_1"]["about"] == about | {"event_id": "C-1"}
    assert events["till/satisfied/R_2"]["about"] == about


@export_of("typeform")
def test_typeform_times_are_utc_and_what_was_not_submitted_is_partial(export: Path) -> None:
    mapping = EXPORTS["typeform"][2] + "identifiers: {loyalty: customer_no}\n"
    events, _, _ = taken(export, mapping)
    done, left = events["till/recommend/0dwdp4nz"], events["till/recommend/1kd8s0ab"]
    assert done.items() >= (ONE_ANSWER | {"disposition": "complete", "time": "2026-03-02T09:05:00.000000Z"}).items()
    assert done["persons"] == [person("loyalty", "C-1")]
    assert (left["disposition"], left["time"], left.get("comment")) == ("partial", "2026-03-02T09:10:00.000000Z", None)


@export_of("surveymonkey")
def test_surveymonkey_columns_are_called_by_both_rows_of_names(export: Path) -> None:
    mapping = EXPORTS["surveymonkey"][2].replace(
        "  recommend", '  goods: {kpi: csat, scale: [1, 5], score: "How was it?: Goods"}\n  recommend'
    )
    events, _, _ = taken(export, mapping)
    assert events.keys() == {"till/goods/118052", "till/goods/118053", "till/recommend/118052"}
    assert events["till/recommend/118052"].items() >= (ONE_ANSWER | {"time": "2026-03-02T21:05:00.000000Z"}).items()
    assert [events[f"till/goods/{number}"]["score"] for number in (118052, 118053)] == [5, 2]
    assert events["till/recommend/118052"]["persons"] == [person("mail", "ana@example.org")]


@export_of("limesurvey")
def test_limesurvey_what_was_not_shown_is_no_answer_and_what_was_not_submitted_is_partial(export: Path) -> None:
    events, verdicts, _ = taken(export, EXPORTS["limesurvey"][2])
    done, left = events["till/recommend/7"], events["till/recommend/8"]
    assert (
        done.items()
        >= (ONE_ANSWER | {"comment": "Fast; and kind", "language": "en", "disposition": "complete"}).items()
    )
    assert (left["disposition"], left["time"], "comment" in left) == ("partial", "2026-03-02T09:11:00.000000Z", False)
    assert verdicts[0].left_out == 1


@export_of("limesurvey_vv")
def test_limesurvey_vv_signs_for_characters_are_read(export: Path) -> None:
    events, _, _ = taken(export, EXPORTS["limesurvey_vv"][2])
    assert events["till/recommend/7"]["comment"] == "Fast\n{really\tkind"


@export_of("google_forms")
def test_google_forms_times_have_their_offset_and_equal_rows_are_two_answers(export: Path) -> None:
    events, _, _ = taken(export, EXPORTS["google_forms"][2])
    assert sorted(event["time"] for event in events.values()) == [
        "2026-03-02T20:05:00.000000Z",
        "2026-03-02T20:05:00.000000Z",
        "2026-07-01T18:35:00.000000Z",
    ]
    assert [event["persons"] for event in events.values() if event.get("persons")] == [
        [person("mail", "ana@example.org")]
    ]


@export_of("google_forms")
def test_a_form_that_gains_a_question_keeps_the_ids_of_its_answers(export: Path) -> None:
    before, _, _ = taken(export, EXPORTS["google_forms"][2])
    lines = export.read_text().splitlines()
    export.write_text("\n".join([f'{lines[0]},"A new one"', *(f'{line},""' for line in lines[1:])]) + "\n")
    after, _, _ = taken(export, EXPORTS["google_forms"][2])
    assert after.keys() == before.keys()


@export_of("google_forms")
@pytest.mark.parametrize("elsewhere", ["2026/03/02 3:05:00 PM EST", "2026/03/03 1:35:00 AM GMT+5:30"])
def test_google_forms_answers_exported_in_another_zone_are_the_same(export: Path, elsewhere: str) -> None:
    before, _, _ = taken(export, EXPORTS["google_forms"][2])
    export.write_text(export.read_text().replace("2026/03/02 9:05:00 PM GMT+1", elsewhere))
    after, _, _ = taken(export, EXPORTS["google_forms"][2])
    assert without_receipt(after) == without_receipt(before)
    export.write_text(export.read_text().replace(elsewhere, "2026/03/02 9:05:01 PM GMT+1"))
    assert len(taken(export, EXPORTS["google_forms"][2])[0].keys() & before.keys()) == 1


@export_of("google_forms")
def test_google_forms_two_persons_who_answer_alike_in_one_second_stay_apart(export: Path) -> None:
    export.write_text(export.read_text().replace('GMT+1",""', 'GMT+1","bob@example.org"'))
    events, _, _ = taken(export, EXPORTS["google_forms"][2])
    persons = [event["persons"] for event in events.values() if event["score"] == 9]
    assert persons == [[person("mail", "ana@example.org")], [person("mail", "bob@example.org")]]


@export_of("delighted")
def test_delighted_a_score_of_zero_is_an_answer_and_a_change_is_a_revision(export: Path) -> None:
    events, _, _ = taken(export, EXPORTS["delighted"][2])
    first, second = events["till/recommend/1"], events["till/recommend/2"]
    assert (first["score"], first["time"], first["persons"]) == (
        0,
        "2026-03-02T09:05:00.000000Z",
        [person("delighted", "10")],
    )
    assert (second["revision"], second["persons"]) == (1_772_442_400, [person("mail", "ana@example.org")])


@export_of("qualtrics")
def test_a_cell_that_is_no_score_costs_that_answer_and_no_other(export: Path) -> None:
    export.write_text(export.read_text().replace("EN,9", "EN,nine"))
    events, verdicts, said = taken(export, BOTH)
    assert (events["till/recommend/R_1"]["score"], events["till/satisfied/R_1"]["score"]) == (["nine"], 5)
    assert [(one.accepted, one.rejected, one.quarantined) for one in verdicts] == [(0, 1, 1), (2, 0, 0)]
    assert "(recommend): line 5: field score: wrong_type" in said[0]


@pytest.mark.parametrize(
    ("change", "line", "what"),
    [
        (
            ("extends: qualtrics", "extends: qualtrix"),
            1,
            "extends: no mapping qualtrix ships; did you mean 'qualtrics'?",
        ),
        (("kpi: nps, ", ""), 5, "questions.recommend: the field 'kpi' is missing; write `kpi: nps`"),
        (("about: store_purchase, ", ""), 3, "survey: the field 'about' is missing"),
        (("scale: [0, 10]", "scale: [0]"), 5, "questions.recommend.scale"),
        (("score: Q1", "score: {column: Q1, default: none}"), 5, "questions.recommend.score: the default is"),
        (("comment: Q1_TEXT", "comment: RecipientEmail"), 5, "names a person and would leave as it stands"),
    ],
)
def test_a_mistake_is_told_with_its_line(change: tuple[str, str], line: int, what: str) -> None:
    with pytest.raises(MappingInvalid) as refused:
        parse_mapping(written("qualtrics", "Q1", "Q1_TEXT").replace(*change), "ours.yaml")
    assert f"ours.yaml:{line}: " in refused.value.what
    assert what in refused.value.what


@export_of("qualtrics")
def test_a_file_of_another_tool_is_told_by_its_columns(export: Path) -> None:
    with pytest.raises(WrongUsage, match="has no column 'Respondent ID'"):
        parts_of(export, find_mapping("surveymonkey"))


@export_of("qualtrics")
@pytest.mark.parametrize("mapping", [BOTH, None])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_qualtrics_respondents_in_place_of_rows_of_names_are_refused_and_not_told(
    export: Path, tmp_path: Path, mapping: str | None, form: str
) -> None:
    first, _, _, *respondents = csv.reader(io.StringIO(export.read_text()))
    if form == "csv":
        with export.open("w", newline="") as file:
            csv.writer(file).writerows([first, *respondents])
    else:
        export, book = tmp_path / "q.xlsx", Workbook()
        for row in [first, *respondents]:
            book.worksheets[0].append(row)
        book.save(export)
    with pytest.raises(WrongUsage, match=r"the third row of .* holds no ImportId") as refused:
        parts_of(export, parse_mapping(mapping) if mapping else find_mapping("qualtrics"))
    assert "`file: {header_rows: 1}`" in refused.value.hint
    assert "kind" not in str(refused.value) + refused.value.hint
    events, _, _ = taken(export, BOTH + "file: {header_rows: 1}\ntime: {zone: UTC}\n")
    assert events.keys() == {"till/recommend/R_1", "till/satisfied/R_1", "till/satisfied/R_2"}


@export_of("surveymonkey")
@pytest.mark.parametrize("is_asked", [True, False])
def test_surveymonkey_a_respondent_in_place_of_the_second_row_of_names_is_refused_and_not_told(
    export: Path, is_asked: bool
) -> None:
    lines = export.read_text().splitlines(keepends=True)
    export.write_text("".join([lines[0], *lines[2:]]))
    mapping = EXPORTS["surveymonkey"][2]
    with pytest.raises(WrongUsage, match=r"the second row of .* numbers a respondent") as refused:
        parts_of(export, parse_mapping(mapping) if is_asked else find_mapping("surveymonkey"))
    assert "`file: {header_rows: 1, names: numbered}`" in refused.value.hint
    assert "Fast" not in str(refused.value) + refused.value.hint
    events, _, _ = taken(export, mapping + "file: {header_rows: 1, names: numbered}\n")
    assert events.keys() == {"till/recommend/118052"}


@export_of("typeform")
def test_cells_of_rows_that_may_be_answers_are_not_told(export: Path) -> None:
    own = parse_mapping("extends: typeform\nsource: survey-tool\nfile: {header_rows: 2}\n")
    with pytest.raises(WrongUsage) as refused:
        parts_of(export, own)
    assert "Columns that may hold answers:" in refused.value.hint
    assert "Fast" not in refused.value.hint


@export_of("qualtrics")
def test_rows_that_the_owner_chooses_are_chosen_for_each_question(export: Path) -> None:
    own = BOTH + "rows: {filled: [RecipientEmail]}\n"
    events, verdicts, _ = taken(export, own)
    assert events.keys() == {"till/recommend/R_1", "till/satisfied/R_1"}
    assert [one.left_out for one in verdicts] == [2, 2]
    export.write_text(export.read_text().replace("C-1,EN,9,", "C-1,EN,,").replace('"Fast, and kind"', ""))
    assert taken(export, own)[0].keys() == {"till/satisfied/R_1"}
