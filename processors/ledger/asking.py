"""Questions to ClickHouse over one connection: clear answers or LedgerUnavailable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from clickhouse_driver.errors import Error, ServerException

from touchline.clickhouse.connect import is_away
from touchline.clickhouse.errors import refusal_text
from touchline.processors.ledger.ledger import Later, LedgerUnavailable
from touchline.processors.ledger.native import ColumnClient

LOOKUP_CHUNK = 5_000
NO_VALUES: Mapping[str, object] = MappingProxyType({})
STREAM_CHUNK = 50_000

Answer = tuple[Any, ...]


class Asking:
    """One connection; after any failure it is dropped, so that no answer of an old query is taken for a new one's."""

    def __init__(self, open_client: Callable[[], ColumnClient]) -> None:
        self._open_client = open_client
        self._client: ColumnClient | None = None

    def close(self) -> None:
        """Drop the connection. The ledger opens another one at its next use."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()

    def _connected(self) -> ColumnClient:
        if self._client is None:
            self._client = self._open_client()
        return self._client

    def _ask(self, sql: str, values: dict[str, object]) -> list[Answer]:
        try:
            with _clear_answers():
                answer = self._connected().execute(sql, values)
        except BaseException:
            self.close()
            raise
        return answer if isinstance(answer, list) else []

    def _ask_of_events(self, sql: str, keys: Sequence[tuple[str, str]], partition: int = 0) -> Iterator[Answer]:
        for start in range(0, len(keys), LOOKUP_CHUNK):
            chunk = tuple(keys[start : start + LOOKUP_CHUNK])
            event_ids = tuple(key[1] for key in chunk)
            yield from self._ask(sql, {"keys": chunk, "event_ids": event_ids, "partition": partition})

    def _ask_of_identifiers(
        self, sql: str, identifiers: Collection[str], values: Mapping[str, object] = NO_VALUES
    ) -> Iterator[Answer]:
        given = tuple(identifiers)
        for start in range(0, len(given), LOOKUP_CHUNK):
            yield from self._ask(sql, {**values, "identifiers": given[start : start + LOOKUP_CHUNK]})

    def _ask_since(self, sql: str, sql_later: str, identifiers: Collection[str], later: Later) -> Iterator[Answer]:
        """The second question where one of the identifiers is asked about from some time on."""
        given = tuple(identifiers)
        for start in range(0, len(given), LOOKUP_CHUNK):
            chunk = given[start : start + LOOKUP_CHUNK]
            bounded = [one for one in chunk if one in later] if later else []
            if bounded:
                bounds = [later[one] for one in bounded]
                yield from self._ask(sql_later, {"identifiers": chunk, "bounded": bounded, "bounds": bounds})
            else:
                yield from self._ask(sql, {"identifiers": chunk})

    def _first_values(self, sql: str, values: dict[str, object]) -> Iterator[Sequence[int]]:
        """The first value of each row, in chunks as they come."""
        is_complete = False
        try:
            with _clear_answers():
                rows = self._connected().execute_iter(sql, values, chunk_size=STREAM_CHUNK)
                for chunk in rows:
                    yield [row[0] for row in chunk]
            is_complete = True
        finally:
            if not is_complete:  # the rest of the answer is still on its way
                self.close()


@contextmanager
def _clear_answers() -> Iterator[None]:
    """No answer, or one that breaks the protocol, is LedgerUnavailable."""
    try:
        yield
    except ServerException as error:
        raise LedgerUnavailable(refusal_text("refused a query", error.code)) from error
    except Exception as error:
        if is_away(error) or isinstance(error, Error):
            raise LedgerUnavailable(type(error).__name__) from None
        raise
