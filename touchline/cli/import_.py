"""`touchline import`: a file by a mapping, a folder that is watched, or a published data set. `touchline import FILE` is `import file
FILE`."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from touchline.cli.import_clicks import import_clicks
from touchline.cli.import_file import import_file
from touchline.cli.import_retail import import_retail
from touchline.cli.import_watch import import_watch


class FileOrCommandGroup(TyperGroup):
    """A group in which whatever is no command is the beginning of `file`'s arguments."""

    default_command = "file"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts `file` before arguments that name no command."""
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=FileOrCommandGroup,
    no_args_is_help=True,
    help="""Send what stands in files.

    `touchline import FILE --mapping M.yaml` sends the rows of a CSV, NDJSON or Parquet file; the other commands watch a folder, or send a
    published data set.

    Examples:

        touchline import receipts.csv --mapping tills.yaml

        touchline import watch inbox --mapping tills.yaml

        touchline import retail
    """,
)
app.command("file")(import_file)
app.command("watch")(import_watch)
app.command("retail")(import_retail)
app.command("clicks")(import_clicks)
