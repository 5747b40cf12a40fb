"""Requests to erase, and who is known to be erased."""

from __future__ import annotations

from typing import Final

from touchline.processors.ledger.ledger import ErasureRequest
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.state.erasures import ERASE, Erasures
from touchline.schemas.erasure import ErasureSecret

SECRET: Final = ErasureSecret(bytes(range(32)))


def request(
    number: int,
    identifier: str,
    until_us: int,
    *,
    how: str = ERASE,
    after_us: int = -1,
    identifier_type: str = "login",
    is_done: bool = False,
) -> ErasureRequest:
    """One row of a request. When it is done, it names the identifier no more."""
    named = ("", "") if is_done else (identifier, identifier_type)
    return ErasureRequest(number, *named, SECRET.of_identifier(identifier), SECRET.id, after_us, until_us, how)


def erasures_of(*requests: ErasureRequest) -> Erasures:
    """As a worker knows them that has read these requests."""
    ledger, erasures = MemoryLedger(), Erasures(SECRET)
    ledger.erasures.extend(requests)
    erasures.look(ledger)
    return erasures
