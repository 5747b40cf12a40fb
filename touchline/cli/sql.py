"""`touchline sql`: ask ClickHouse and print its answer as it comes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from touchline.clickhouse.http import stream_query
from touchline.errors import WrongUsage
from touchline.settings import load_settings


def sql(
    query: Annotated[str, typer.Argument(help="The query; - reads it from standard input.")],
    output_format: Annotated[
        str, typer.Option("--format", help="Any format of ClickHouse: TSVWithNames, JSON, Pretty, Parquet ...")
    ] = "TabSeparated",
) -> None:
    """Print ClickHouse's answer: tab-separated, without a header, by default.

    Examples:

        touchline sql "SELECT touchpoint, sum(events) FROM journey.kpi_volume_1d WHERE map = 'retail' GROUP BY touchpoint"

        touchline sql "SELECT * FROM journey.kpi_survey_1d" --format PrettyCompact

        touchline sql "SELECT * FROM journey.touchpoints" --format Parquet > touchpoints.parquet
    """
    text = _from_standard_input() if query == "-" else query
    if not text.strip():
        raise WrongUsage("the query is empty", 'for example `touchline sql "SELECT * FROM journey.account"`')
    output = sys.stdout.buffer
    for piece in stream_query(load_settings(), text, output_format):
        output.write(piece)
        output.flush()


def _from_standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise WrongUsage(f"the query is not UTF-8 from byte {error.start} on", "write it in UTF-8") from None
