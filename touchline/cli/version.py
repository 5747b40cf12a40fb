"""`touchline version`: what is installed here, for a bug report or a script."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version as version_of
from typing import Annotated

import typer

# Distributions whose version decides how touchline behaves, in the order in which an event meets them.
ENGINES = ("kafka-python", "aiokafka", "faust-streaming", "clickhouse-driver", "chdb", "chdb-core", "pydantic")


def installed_versions() -> dict[str, str]:
    """Version of touchline, of Python and of each engine library that is installed."""
    versions = {"touchline": version_of("touchline"), "python": platform.python_version()}
    for distribution in ENGINES:
        try:
            versions[distribution] = version_of(distribution)
        except PackageNotFoundError:
            continue
    return versions


def version(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the libraries' versions.")] = False,
) -> None:
    """Print the version.

    Examples:

        touchline version

        touchline version --json
    """
    versions = installed_versions()
    print(json.dumps(versions) if as_json else f"touchline {versions['touchline']}")
