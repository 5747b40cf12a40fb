"""How the ClickHouse face reads SQL, and where it finds the end of a block. No engine is started."""

from __future__ import annotations

import io
import random

import pytest
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str

from touchline.local.clickhouse.blocks import Tape, skip_block, split_blocks
from touchline.local.clickhouse.statements import (
    InsertStatement,
    columns_of_tree,
    first_word,
    is_several,
    quote,
    read_insert,
    split_format,
)


def read(sql: str) -> InsertStatement:
    insert = read_insert(sql)
    assert insert is not None
    return insert


@pytest.mark.parametrize(
    ("sql", "insert", "data"),
    [
        ("INSERT INTO t VALUES", InsertStatement("SELECT * FROM t", "INSERT INTO t ", "", "Values", 20), ""),
        ("insert into table d.t (a, `b (`) values (1)", None, " (1)"),
        ("INSERT INTO `odd name` FORMAT CSV\n1,2\n", None, "1,2\n"),
        ("INSERT INTO t FORMAT TSV\r\n\n\nx", None, "\n\nx"),
        ("/* INSERT INTO x VALUES */ INSERT INTO t -- VALUES\n (a) /* tag */ VALUES /* end */", None, " /* end */"),
        ("INSERT INTO t (a) SETTINGS max_threads = 1, x = 'VALUES' FORMAT Native\n\x00'", None, "\x00'"),
        ("INSERT INTO t (* EXCEPT(b, c)) FORMAT JSONEachRow {}", None, "{}"),
        ("INSERT INTO t", None, ""),
    ],
)
def test_an_insert_is_cut_before_its_data(sql: str, insert: InsertStatement | None, data: str) -> None:
    found = read(sql)
    assert sql[found.data_at :] == data
    assert insert is None or found == insert
    assert sql.startswith(found.head + found.settings)


def test_comments_and_settings_stay_in_what_the_engine_sees() -> None:
    insert = read("-- first\nINSERT INTO d.t (a, b) /* tag */ SETTINGS x = 1 /* more */ VALUES")
    assert insert.head == "-- first\nINSERT INTO d.t (a, b) /* tag */ "
    assert insert.settings == "SETTINGS x = 1 /* more */ "
    assert insert.sample == "SELECT a, b FROM d.t"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t SELECT 1",
        "INSERT INTO t (a) SELECT 'VALUES'",
        "INSERT INTO t (SELECT 1)",
        "INSERT INTO t SETTINGS x = 1 SELECT 1",
        "INSERT INTO t WITH 1 AS x SELECT x",
        "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
        "INSERT INTO FUNCTION file('x') VALUES (1)",
        "SELECT 'INSERT INTO t VALUES'",
        "",
    ],
)
def test_other_statements_are_no_inserts_with_data(sql: str) -> None:
    assert read_insert(sql) is None


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FORMAT JSON;", ("SELECT 1 \n", "JSON")),
        ("SELECT 1 format CSV settings a = 1, b = 'x'", ("SELECT 1 settings a = 1, b = 'x'\n", "CSV")),
        ("SELECT 'x FORMAT JSON'", ("SELECT 'x FORMAT JSON'\n", "")),
        ("SELECT 1 -- FORMAT JSON", ("SELECT 1 -- FORMAT JSON\n", "")),
        ("SELECT 1 FORMAT JSON /* c */ ; -- d", ("SELECT 1 /* c */   -- d\n", "JSON")),
        ("SELECT x ORDER BY format DESC", ("SELECT x ORDER BY format DESC\n", "")),
        ("SELECT 1 AS format", ("SELECT 1 AS format\n", "")),
        ("SELECT format('{}', x) FROM t", ("SELECT format('{}', x) FROM t\n", "")),
    ],
)
def test_the_format_clause_is_found_where_it_is_one(sql: str, expected: tuple[str, str]) -> None:
    query, name = split_format(sql)
    assert (query.replace("  ", " "), name) == (expected[0].replace("  ", " "), expected[1])


@pytest.mark.parametrize(
    ("sql", "word", "several"),
    [
        ("/* a; b */ (SELECT 1);", "select", False),
        ("-- x\nwith 1 as a select 'b;c';  -- d;", "with", False),
        ("SELECT 1; DROP TABLE t", "select", True),
        ("SELECT $tag$ ; $tag$", "select", False),
        ("  ", "", False),
    ],
)
def test_first_words_and_second_statements_are_told(sql: str, word: str, several: bool) -> None:
    assert (first_word(sql), is_several(sql)) == (word, several)


def test_quoted_values_cannot_leave_their_quotes() -> None:
    assert quote("a'; DROP \\") == "'a\\'; DROP \\\\'"
    assert quote("a`b", "`") == "`a\\`b`"


def column(name: str, column_type: str, data: bytes) -> bytes:
    out = io.BytesIO()
    write_binary_str(name, out)
    write_binary_str(column_type, out)
    return out.getvalue() + data


def block(rows: int, *columns: bytes) -> bytes:
    out = io.BytesIO()
    write_varint(len(columns), out)
    write_varint(rows, out)
    return out.getvalue() + b"".join(columns)


def u64(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


# Written by hand after the format's description: 2 rows each.
SAMPLES = [
    column("a", "UInt16", b"\x01\x00\x02\x00"),
    column("b", "String", b"\x02\n\n\x00"),
    column("c", "FixedString(3)", b"abcdef"),
    column("d", "Decimal(18, 4)", u64(1, 2)),
    column("e", "Enum8('a, (' = 1, 'b\\')' = 2)", b"\x01\x02"),
    column("f", "Nullable(DateTime64(6, 'UTC'))", b"\x00\x01" + u64(5, 0)),
    column("g", "Array(Array(UInt8))", u64(1, 3) + u64(1, 1, 3) + b"abc"),
    column("h", "Map(String, UInt8)", u64(1, 2) + b"\x01k\x01l" + b"\x01\x02"),
    column("i", "Tuple(x UInt8, `y (` Array(String))", b"\x01\x02" + u64(0, 1) + b"\x01z"),
    column("j", "LowCardinality(Nullable(String))", u64(1) + u64(0x600, 2) + b"\x00\x01x" + u64(2) + b"\x00\x01"),
    column(
        "k",
        "Map(LowCardinality(String), String)",
        u64(1) + u64(0, 1) + u64(0x600, 1) + b"\x01k" + u64(1) + b"\x00\x01v",
    ),
    column("l", "SimpleAggregateFunction(sum, Int64)", u64(1, 2)),
    column("m", "Array(LowCardinality(String))", u64(1) + u64(0, 0)),
]


@pytest.mark.parametrize("seed", range(5))
def test_the_end_of_a_block_is_found_however_the_bytes_arrive(seed: int) -> None:
    choice = random.Random(seed)
    data = block(2, *choice.sample(SAMPLES, len(SAMPLES)))
    pieces, rest = [], data + b"next"
    while rest:
        size = choice.choice([1, 2, 7, 100])
        pieces.append(rest[:size])
        rest = rest[size:]
    tape = Tape(lambda: pieces.pop(0) if pieces else b"")
    tape.mark()
    assert len(skip_block(tape)) == len(SAMPLES)
    assert tape.taken() == data
    assert tape.reader.read(4) == b"next"


def test_a_result_of_several_blocks_is_split() -> None:
    blocks = [block(2, SAMPLES[0], SAMPLES[6]), block(0, column("a", "String", b"")), block(2, SAMPLES[9])]
    assert list(split_blocks(b"".join(blocks))) == blocks
    assert list(split_blocks(b"")) == []


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_block_that_breaks_off_is_an_error(cut: int) -> None:
    data = block(2, *SAMPLES)
    pieces = [data[: len(data) * cut // 60]]
    with pytest.raises(EOFError):
        skip_block(Tape(lambda: pieces.pop() if pieces else b""))


def test_an_unknown_type_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="AggregateFunction"):
        skip_block(Tape([block(1, column("a", "AggregateFunction(uniq, String)", b"\x00"))].pop))


TREE = """QUERY id: 0
  PROJECTION COLUMNS
    day DateTime('UTC')
    max(plus(1, 2)) UInt16
    a name of words Tuple(a UInt8, b LowCardinality(String))
    mood Enum8('sad (or so)' = 1, 'it\\'s fine' = 2)
  PROJECTION
    LIST id: 1, nodes: 4
      COLUMN id: 2, column_name: day, result_type: DateTime('UTC')"""


def test_columns_are_read_from_the_tree_of_a_query() -> None:
    assert columns_of_tree(TREE.splitlines()) == [
        ("day", "DateTime('UTC')"),
        ("max(plus(1, 2))", "UInt16"),
        ("a name of words", "Tuple(a UInt8, b LowCardinality(String))"),
        ("mood", "Enum8('sad (or so)' = 1, 'it\\'s fine' = 2)"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        TREE.replace("QUERY", "UNION"),
        TREE.replace("day DateTime", "it's day DateTime"),
        TREE.replace("day ", "day"),
    ],
)
def test_columns_that_cannot_be_read_for_sure_are_none(text: str) -> None:
    assert columns_of_tree(text.splitlines()) == []
