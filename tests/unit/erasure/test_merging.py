"""How much free disk space blanking asks for."""

from __future__ import annotations

from typing import Any

import pytest

from touchline.erasure.merging import require_room
from touchline.errors import TouchlineError

MIB = 1 << 20


class Server:
    """Says how much the ledger has, and how much is free."""

    def __init__(self, used: int, free: int) -> None:
        self._used, self._free = used, free

    def execute(self, sql: str) -> list[tuple[int]]:
        return [(self._free if "system.disks" in sql else self._used,)]


@pytest.mark.parametrize(("used", "free"), [(0, 0), (100 * MIB, 110 * MIB), (1, 2**63 - 1)])
def test_as_much_as_the_ledger_has_and_a_tenth_more_is_enough(used: int, free: int) -> None:
    server: Any = Server(used, free)
    require_room(server)


@pytest.mark.parametrize(("used", "free"), [(100 * MIB, 109 * MIB), (1, 0), (2**40, 2**40)])
def test_less_is_refused_with_both_numbers(used: int, free: int) -> None:
    server: Any = Server(used, free)
    with pytest.raises(TouchlineError) as raised:
        require_room(server)
    assert f"{used // MIB:,} MiB" in raised.value.what
    assert f"{free // MIB:,} MiB" in raised.value.what
