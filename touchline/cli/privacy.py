"""`touchline privacy`: what a company must be able to show of the personal data it keeps."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from importlib.metadata import version
from typing import Annotated

import typer

from touchline.errors import NotClean
from touchline.privacy.register import as_object, register_of
from touchline.privacy.register_page import html_of, markdown_of
from touchline.schemas.sources import load_sources_file
from touchline.settings import load_settings
from touchline.wording import counted

app = typer.Typer(no_args_is_help=True, help="What a company must be able to show of the personal data it keeps.")


class Form(StrEnum):
    """How the register is written."""

    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


@app.callback()
def _group() -> None:
    """A callback makes typer keep `register` as a subcommand although it is the only one."""


@app.command()
def register(
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.MARKDOWN,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit status 4 while something is not declared.")] = False,
) -> None:
    """Write the register of processing (Article 30 GDPR) of all sources that sources.yaml declares: what for, on which legal basis, whose
    and which data, how long, who reads and receives them, and how they are protected.

    What is not declared yet is listed at its end and on stderr. No stack has to run. The same file gives the same register.

    Examples:

        touchline privacy register > register.md

        touchline privacy register --format html > register.html

        touchline privacy register --strict --format json
    """
    found = register_of(load_sources_file(load_settings().sources_file))
    release = version("touchline")
    if as_json or form is Form.JSON:
        print(json.dumps(as_object(found, release), ensure_ascii=False))
    else:
        print(markdown_of(found, release) if form is Form.MARKDOWN else html_of(found, release), end="")
    if not found.missing:
        return
    what = f"{counted(len(found.missing), 'field is', 'fields are')} not declared: {', '.join(found.missing[:5])}"
    what += ", …" if len(found.missing) > 5 else ""
    hint = "declare them in sources.yaml (docs/configuration.md); an empty list says nobody, or none"
    if strict:
        raise NotClean(what, hint)
    print(f"{what}\nhint: {hint}", file=sys.stderr)
