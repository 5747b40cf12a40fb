"""What the driver raises, in our words."""

from __future__ import annotations

import pytest
from clickhouse_driver.errors import ServerException

from touchline.clickhouse.connect import explained
from touchline.errors import WrongUsage
from touchline.settings import Settings


@pytest.mark.parametrize("code", [60, 81])
def test_a_missing_table_is_said_with_the_command_that_makes_it(code: int) -> None:
    with pytest.raises(WrongUsage) as caught, explained(Settings()):
        raise ServerException("Unknown table expression identifier 'journey_raw.ledger'", code)
    assert "lacks a table" in caught.value.what
    assert "`touchline migrate`" in caught.value.hint


@pytest.mark.parametrize("code", [47, 62, 395])
def test_what_only_a_bug_can_cause_passes_as_it_is(code: int) -> None:
    with pytest.raises(ServerException), explained(Settings()):
        raise ServerException("odd", code)
