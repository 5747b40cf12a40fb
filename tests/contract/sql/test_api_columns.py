"""Views with arguments: what docs/views.md says of their arguments and columns is what the engine takes and returns."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from tests.contract.sql.selecting import VIEWS, call
from touchline.sql.language.selection import PARAMETERS

SELECTING = [name for name, view in VIEWS.items() if "filter" in view.parameters]


def squeezed(type_: str) -> str:
    return type_.replace(" ", "")


@pytest.mark.parametrize("name", VIEWS)
def test_the_declared_columns_are_returned_in_name_order_and_type(engine_client: Client, name: str) -> None:
    _, columns = engine_client.execute(f"SELECT * FROM {call(name)} LIMIT 0", with_column_types=True)
    declared = [(column, squeezed(kind.type)) for column, (kind, _) in VIEWS[name].columns.items()]
    assert [(column, squeezed(type_)) for column, type_ in columns] == declared


@pytest.mark.parametrize("name", VIEWS)
def test_the_declared_arguments_are_those_of_the_engine(engine_client: Client, name: str) -> None:
    ((found,),) = engine_client.execute(
        "SELECT parameterized_view_parameters FROM system.tables WHERE database = 'journey_api' AND name = %(name)s",
        {"name": name},
    )
    declared = {argument: squeezed(kind.type) for argument, kind in VIEWS[name].parameters.items()}
    assert {argument: squeezed(type_) for argument, type_ in found} == declared
    assert all(kind.comment for kind in VIEWS[name].parameters.values())


@pytest.mark.parametrize("name", SELECTING)
def test_an_unknown_key_of_the_filter_is_an_error_and_selects_nothing(engine_client: Client, name: str) -> None:
    assert VIEWS[name].parameters.keys() >= PARAMETERS.keys()
    with pytest.raises(ServerException, match="unknown key of filter"):
        engine_client.execute(f"SELECT * FROM {call(name, {'chanel': ['web']})}")


def test_a_call_without_an_argument_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="before_to"):
        VIEWS["survey_total"].called(map="'retail'")
