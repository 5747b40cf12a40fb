"""A mapping can say that a text means nothing: the cell then counts as empty, and nothing else of the row changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.unit.producers.imports.build import CONTENT_KEY, MAPPING, new_producer, send
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.mapper import Mapped, Mapper
from touchline.producers.imports.mapping.read import MappingInvalid, parse_mapping
from touchline.producers.imports.rows.row import Row

ANSWERS = """\
mapping: survey_answers
source: survey-tool
type: touchline.answer.v1
id: answer
time: at
zone: Europe/Berlin
fields:
  about.touchpoint: {constant: store_purchase}
  survey: {constant: till}
  question: {constant: recommend}
  kpi: {constant: nps}
  scope: {constant: transactional}
  scale_min: {constant: 0}
  scale_max: {constant: 10}
  score: {column: score}
"""
CELLS = {
    "store": "1", "receipt": "7", "sold_at": "01.03.2026 09:30:00", "total": "12.50", "currency": "EUR", "items": "3", "card": "4711",
}  # fmt: skip


def mapped(mapping: str, **cells: Any) -> Mapped:
    mapper = Mapper(parse_mapping(mapping))
    mapper.ids.seal_by(CONTENT_KEY.id_of)
    return mapper.map(Row(2, {**CELLS, **cells}))


@pytest.mark.parametrize(
    "how",
    [
        ANSWERS + 'file: {null_values: [NA, -99, "N/A"]}\n',
        ANSWERS.replace("column: score", "column: score, null_values: [NA, -99]"),
        ANSWERS.replace("column: score", 'column: score, values: {"10": 10, NA: null, -99: ""}'),
        ANSWERS.replace("column: score", 'column: score, values: {NA: null, -99: ""}'),
    ],
)
def test_three_answers_of_which_one_has_a_score_are_three_answers_and_one_score(tmp_path: Path, how: str) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(
        "answer,at,score\n"
        + "".join(f"{at},2026-03-02T18:00:00Z,{text}\n" for at, text in enumerate(("10", "NA", "-99")))
    )
    producer = new_producer()
    with ImportJournal(tmp_path / "journal", "t") as journal:
        verdicts = send(path, journal, producer, how)
    assert (verdicts.accepted, verdicts.rejected) == (3, 0)
    assert [event["score"] for event in producer.events if "score" in event] == [10]


@given(
    st.sampled_from(["card", "items", "total", "store", "receipt", "sold_at", "currency"]),
    st.sampled_from(["NA", "-99", "n/a"]),
)
def test_a_text_that_means_nothing_is_an_empty_cell_in_every_column(column: str, text: str) -> None:
    named = MAPPING + 'file: {null_values: [NA, -99, "n/a"]}\n'
    assert mapped(named, **{column: text}) == mapped(named, **{column: ""})
    assert mapped(named) == mapped(MAPPING)


@pytest.mark.parametrize("value", [-99, -99.0, "-99", " -99 "])
def test_a_marker_counts_whatever_type_the_file_gives_it(value: Any) -> None:
    event = mapped(MAPPING + "file: {null_values: [-99]}\n", items=value).event
    assert "properties" not in event


def test_the_default_stands_for_a_text_that_means_nothing() -> None:
    mapping = MAPPING.replace("as: integer", "as: integer, null_values: [NA], default: 1")
    assert mapped(mapping, items="NA").event["properties"] == {"items": 1}


def test_a_text_that_no_value_stands_for_is_still_refused() -> None:
    mapping = MAPPING.replace("as: integer", "values: {a: 1, NA: null}")
    assert mapped(mapping, items="b").faults
    assert not mapped(mapping, items="NA").faults


def test_an_amount_has_its_own_markers() -> None:
    mapping = MAPPING.replace("amount: {", "amount: {null_values: [n/a], ")
    event, faults = mapped(mapping, total="n/a")
    assert ("amount" in event, faults) == (False, [])
    assert mapped(mapping, items="n/a").faults


def test_ids_of_the_whole_row_do_not_depend_on_what_means_nothing() -> None:
    whole = MAPPING.replace("id: [store, receipt]", "id: {content: true}")
    named = whole + "file: {null_values: [NA]}\n"
    assert mapped(whole, items="NA").event["id"] == mapped(named, items="NA").event["id"]


@pytest.mark.parametrize("written", ["null_values: NA", "null_values: [null]", "values: {NA: null}, default: NA"])
def test_a_marker_that_cannot_be_one_is_a_mistake_of_the_mapping(written: str) -> None:
    with pytest.raises(MappingInvalid) as refused:
        parse_mapping(MAPPING.replace("as: integer", written))
    assert ":14: properties.items" in refused.value.what
