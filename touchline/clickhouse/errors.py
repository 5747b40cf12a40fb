"""What ClickHouse's error codes mean: one table for the worker, the command line and the dashboard.

Each of them words a kind of error for its own reader; which code is of which kind is said here only.
Needs no driver, so that the dashboard's install can do without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from touchline.errors import EngineUnreachable, WrongUsage


class ErrorKind(Enum):
    """Who or what is at fault, as far as the code tells."""

    OTHER = auto()
    """A code that is not in the table."""
    LOGIN = auto()
    """The user or the password is not known."""
    RIGHT = auto()
    """The user may not do it."""
    NOT_THERE = auto()
    """A table, column, function or parameter is missing: another schema than this release's."""
    TOO_SLOW = auto()
    TOO_LARGE = auto()
    """More memory or rows than a query may take."""
    TOO_MANY = auto()
    """Queries at once."""
    QUOTA = auto()
    """The user's quota is used up."""
    PROFILE = auto()
    """A setting that the user's profile does not permit."""
    DISK = auto()
    """The server cannot write: its disk, its files, its merges."""
    THROWN = auto()
    """`throwIf` of a view: its text is ours and says what the argument may be."""
    CONSTRAINT = auto()
    """A CHECK: the ledger's fence, or one that somebody has added."""
    VALUE = auto()
    """A value that does not fit its type, in a row or as an argument."""
    ROW_VALUE = auto()
    """The same, where it speaks of the rows of an insert only."""
    ARGUMENT_VALUE = auto()
    """The same, where it speaks of the arguments of a query only."""


class Meaning(NamedTuple):
    """`remedy` goes on a sentence about ClickHouse; empty where an operator can do nothing."""

    kind: ErrorKind
    remedy: str = ""


_SPACE: Final = "free space under its data folder"
_LOGIN: Final = Meaning(
    ErrorKind.LOGIN, "it refuses the user or the password: see clickhouse_user and clickhouse_password_file"
)
_OTHER: Final = Meaning(ErrorKind.OTHER)
MEANINGS: Final[Mapping[int, Meaning]] = {
    6: Meaning(ErrorKind.VALUE),  # CANNOT_PARSE_TEXT
    26: Meaning(ErrorKind.ARGUMENT_VALUE),  # CANNOT_PARSE_QUOTED_STRING
    27: Meaning(ErrorKind.VALUE),  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
    33: Meaning(ErrorKind.ROW_VALUE),  # CANNOT_READ_ALL_DATA
    41: Meaning(ErrorKind.ARGUMENT_VALUE),  # CANNOT_PARSE_DATETIME
    46: Meaning(ErrorKind.NOT_THERE),  # UNKNOWN_FUNCTION
    47: Meaning(ErrorKind.NOT_THERE),  # UNKNOWN_IDENTIFIER
    53: Meaning(ErrorKind.VALUE),  # TYPE_MISMATCH
    60: Meaning(ErrorKind.NOT_THERE, "a table is missing: run `touchline migrate`"),
    69: Meaning(ErrorKind.ROW_VALUE),  # ARGUMENT_OUT_OF_BOUND
    70: Meaning(ErrorKind.ROW_VALUE),  # CANNOT_CONVERT_TYPE
    72: Meaning(ErrorKind.ARGUMENT_VALUE),  # CANNOT_PARSE_NUMBER
    75: Meaning(ErrorKind.DISK, f"it cannot write to its disk: {_SPACE}, check its limits"),
    76: Meaning(ErrorKind.DISK, "it cannot open a file: check its data folder, its rights and its limit of open files"),
    81: Meaning(ErrorKind.NOT_THERE),  # UNKNOWN_DATABASE
    117: Meaning(ErrorKind.ROW_VALUE),  # INCORRECT_DATA
    128: Meaning(ErrorKind.ROW_VALUE),  # TOO_LARGE_ARRAY_SIZE
    131: Meaning(ErrorKind.ROW_VALUE),  # TOO_LARGE_STRING_SIZE
    159: Meaning(ErrorKind.TOO_SLOW),  # TIMEOUT_EXCEEDED
    160: Meaning(ErrorKind.TOO_SLOW),  # TOO_SLOW
    192: _LOGIN,  # UNKNOWN_USER
    193: _LOGIN,  # WRONG_PASSWORD
    194: _LOGIN,  # REQUIRED_PASSWORD
    201: Meaning(ErrorKind.QUOTA),
    202: Meaning(ErrorKind.TOO_MANY, "too many queries at once: raise max_concurrent_queries"),
    203: Meaning(ErrorKind.TOO_MANY),  # NO_FREE_CONNECTION
    241: Meaning(
        ErrorKind.TOO_LARGE, "its memory limit is reached: raise max_server_memory_usage, or set a lower batch_rows"
    ),
    242: Meaning(ErrorKind.DISK, "the table is read-only: look for a lost Keeper or a damaged disk"),
    243: Meaning(ErrorKind.DISK, f"its disk is full: {_SPACE}"),
    252: Meaning(ErrorKind.DISK, "too many parts: its merges are behind, look for full disks and other writers"),
    321: Meaning(ErrorKind.ROW_VALUE),  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
    349: Meaning(ErrorKind.ROW_VALUE),  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
    361: Meaning(ErrorKind.ROW_VALUE),  # CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
    395: Meaning(ErrorKind.THROWN),  # FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
    396: Meaning(ErrorKind.TOO_LARGE),  # TOO_MANY_ROWS_OR_BYTES
    407: Meaning(ErrorKind.ROW_VALUE),  # DECIMAL_OVERFLOW
    452: Meaning(ErrorKind.PROFILE),  # SETTING_CONSTRAINT_VIOLATION
    456: Meaning(ErrorKind.NOT_THERE),  # UNKNOWN_QUERY_PARAMETER
    457: Meaning(ErrorKind.ARGUMENT_VALUE),  # BAD_QUERY_PARAMETER
    469: Meaning(ErrorKind.CONSTRAINT),  # VIOLATED_CONSTRAINT
    497: Meaning(ErrorKind.RIGHT, "the right is missing: grant the pipeline's user SELECT and INSERT on journey_raw"),
    516: _LOGIN,  # AUTHENTICATION_FAILED
}

_ERROR: Final = re.compile(r"Code: (\d+)\. DB::Exception: (.*?)(?:\n\d+ \w+\r\n__exception__|$)", re.DOTALL)


class ServerError(NamedTuple):
    """An error as ClickHouse says it over HTTP. `words` may quote values."""

    code: int
    words: str

    @classmethod
    def read(cls, said: str) -> ServerError | None:
        """The error in the text of an answer; None where there is none."""
        found = _ERROR.search(said.strip())
        return cls(int(found[1]), found[2].strip()) if found else None


def kind_of(code: int) -> ErrorKind:
    """The kind of an error by its code."""
    return MEANINGS.get(code, _OTHER).kind


def refusal_text(what: str, code: int) -> str:
    """`ClickHouse refused an insert, code 243: its disk is full: …`. The server's own text may quote values, so it is left out."""
    remedy = MEANINGS.get(code, _OTHER).remedy
    return f"ClickHouse {what}, code {code}" + (f": {remedy}" if remedy else "")


def unreachable(where: str, error: BaseException, port_setting: str) -> EngineUnreachable:
    """No answer from there; `port_setting` names the setting with the port of the protocol in use."""
    return EngineUnreachable(f"{where} does not answer ({type(error).__name__})", start_hint(port_setting))


def start_hint(port_setting: str) -> str:
    """What to do where ClickHouse does not answer."""
    return f"start it (`touchline up`) or set clickhouse_host and {port_setting}"


def wrong_login(where: str, user: str) -> WrongUsage:
    """The user or the password is not known there."""
    return WrongUsage(
        f"{where} refuses the user `{user}` or its password",
        "check clickhouse_user and the file named by clickhouse_password_file",
    )
