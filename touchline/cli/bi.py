"""`touchline bi export`: dashboards and data sets for BI tools, as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from touchline.dashboards.bi.export import SUPERSET_ZIP, Tool, exported
from touchline.dashboards.bi.folder import write_export
from touchline.errors import WrongUsage

app = typer.Typer(no_args_is_help=True, help="Dashboards and data sets for Superset, Grafana and dbt, as files.")


@app.callback()
def _group() -> None:
    """A callback makes typer keep `export` as a subcommand although it is the only one."""


@app.command()
def export(
    tool: Annotated[Tool, typer.Argument(help="The tool that reads the files.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder, or one of an earlier export.")],
    unpacked: Annotated[
        bool,
        typer.Option("--unpacked", help="Superset: the files of the zip, to read or to keep under version control."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Write the files that Superset or Grafana imports, or that dbt reads as a package. No stack has to run.

    superset: touchline.zip, one dashboard with its charts and a data set for every view.
    grafana: provisioning/ and dashboards/, for the journey and for operations.
    dbt: a package that declares every view as a source, with data tests.

    The same release writes the same bytes. Into a folder with an earlier export it writes again, and refuses where a file there was changed
    by hand.

    Examples:

        touchline bi export superset superset-files

        touchline bi export grafana grafana-files

        touchline bi export dbt dbt/touchline --json
    """
    if unpacked and tool is not Tool.SUPERSET:
        raise WrongUsage(f"--unpacked is of superset alone: {tool} gets files in any case", "leave --unpacked out")
    files = exported(tool, unpacked=unpacked)
    removed = write_export(folder.absolute(), tool, files)
    sizes = {name: len(content) for name, content in sorted(files.items())}
    if as_json:
        written = [{"name": name, "bytes": size} for name, size in sizes.items()]
        print(json.dumps({"tool": tool, "folder": str(folder.absolute()), "files": written, "removed": removed}))
        return
    for name, size in sizes.items():
        print(f"{folder / name}  {size:,} bytes")
    for name in removed:
        print(f"{folder / name}  removed, this release has none")
    print(f"{len(sizes)} {'file' if len(sizes) == 1 else 'files'} for {tool}; {_next_step(tool, unpacked)}")


def _next_step(tool: Tool, unpacked: bool) -> str:
    match tool:
        case Tool.SUPERSET if not unpacked:
            return f"import {SUPERSET_ZIP} under Dashboards, Import, or with `superset import-dashboards --path`"
        case Tool.SUPERSET:
            return "import the folder with `superset import-directory`"
        case Tool.GRAFANA:
            return "put them where Grafana looks (docs/bi/grafana.md), or import a dashboard's JSON file by hand"
        case Tool.DBT:
            return "name the folder in packages.yml as `local:`, or copy models/sources.yml"
