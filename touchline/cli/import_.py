"""`touchline import`: a file by a mapping, a folder that is watched, or a published data set. `touchline import FILE` is `import file
FILE`."""

from __future__ import annotations

import typer

from touchline.cli.groups import DefaultCommandGroup
from touchline.cli.import_clicks import import_clicks
from touchline.cli.import_file import import_file
from touchline.cli.import_mappings import import_mappings
from touchline.cli.import_retail import import_retail
from touchline.cli.import_watch import import_watch


class FileOrCommandGroup(DefaultCommandGroup):
    """`touchline import FILE` is `touchline import file FILE`."""

    default_command = "file"


app = typer.Typer(
    cls=FileOrCommandGroup,
    no_args_is_help=True,
    help="""Send what stands in files.

    `touchline import FILE --mapping M.yaml` sends the rows of a CSV, .xlsx, NDJSON or Parquet file. For what stores and analytics systems
    export, mappings ship: `touchline import mappings` lists them. The other commands watch a folder, or send a published data set.

    Examples:

        touchline import receipts.csv --mapping tills.yaml

        touchline import orders.json --mapping shopify --source web-shop

        touchline import watch inbox --mapping tills.yaml

        touchline import retail
    """,
)
app.command("file")(import_file)
app.command("mappings")(import_mappings)
app.command("watch")(import_watch)
app.command("retail")(import_retail)
app.command("clicks")(import_clicks)
