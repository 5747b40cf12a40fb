"""`touchline sql`: ask ClickHouse and print its answer as it comes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from touchline.reporting.query import stream_query
from touchline.settings import load_settings


def sql(
    query: Annotated[str, typer.Argument(help="The query; - reads it from standard input.")],
    output_format: Annotated[
        str, typer.Option("--format", help="Any format of ClickHouse: TSVWithNames, JSON, Pretty, Parquet ...")
    ] = "TabSeparated",
) -> None:
    """Print ClickHouse's answer: tab-separated, without a header, unless told otherwise.

    Examples:

        touchline sql "SELECT touchpoint, sum(events) FROM journey.kpi_volume_1d GROUP BY touchpoint"

        touchline sql "SELECT * FROM journey.kpi_survey_1d" --format PrettyCompact

        touchline sql "SELECT * FROM journey.touchpoints" --format Parquet > touchpoints.parquet
    """
    text = sys.stdin.read() if query == "-" else query
    output = sys.stdout.buffer
    for piece in stream_query(load_settings(), text, output_format):
        output.write(piece)
        output.flush()
