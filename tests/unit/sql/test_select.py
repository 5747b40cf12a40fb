"""A query as a value: what it prints."""

from __future__ import annotations

from touchline.sql.language.select import Select, indented


def test_a_query_prints_its_clauses_in_order_and_leaves_out_what_is_empty() -> None:
    days = Select({"day": "local_date", "events": "sum(sign)"}, "ledger", where=("kind = 'a'", ""), group_by=("day",))
    assert days.to_sql() == "SELECT local_date AS day, sum(sign) AS events\nFROM ledger\nWHERE kind = 'a'\nGROUP BY day"
    assert Select({"*": "*"}).to_sql() == "SELECT *"


def test_all_conditions_hold_and_a_query_nests_in_another() -> None:
    inner = Select({"*": "*"}, "ledger", where=("one", "two"), having=("three",))
    assert inner.to_sql() == "SELECT *\nFROM ledger\nWHERE one\n    AND two\nHAVING three"
    assert Select({"n": "count()"}, inner).to_sql() == f"SELECT count() AS n\nFROM\n(\n{indented(inner.to_sql())}\n)"


def test_many_columns_stand_on_lines_of_their_own() -> None:
    names = {f"column_{number}": f"column_{number}" for number in range(12)}
    assert Select(names, "t").to_sql().startswith("SELECT\n    column_0,\n    column_1,")
