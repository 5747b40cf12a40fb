"""The real engine for tests: one face of ClickHouse in a folder of its own, on free ports.

The schema is migrated once in each process of tests; every other engine begins with a copy of that folder, which costs a tenth.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from touchline.clickhouse.connect import connect
from touchline.settings import Settings, load_settings
from touchline.sql.schema.migrate import migrate

READY_SECONDS = 30


@contextmanager
def running_engine(folder: Path, *, migrated: bool = True, **given: Any) -> Iterator[Settings]:
    """Settings of an engine that listens, with the schema of this release; ended by its id at the end. `given`: settings, such as the
    ports that it had before."""
    password = folder / "password"
    password.write_text("between-tests\n")
    own = {"clickhouse_port": free_port(), "clickhouse_http_port": free_port(), "clickhouse_password_file": password}
    own |= {
        "local_dir": folder / "local",
        "state_dir": folder / "state",
        "erasure_register_file": folder / "erasures.json",
    }
    settings = load_settings(**{**own, **given})
    command = [
        sys.executable, "-m", "touchline.local.clickhouse", "--path", str(folder / "data"),
        "--port", str(settings.clickhouse_port), "--http-port", str(settings.clickhouse_http_port),
        "--user", settings.clickhouse_user, "--password-file", str(password),
    ]  # fmt: skip
    if migrated:
        begin_with_schema(folder / "data")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready", "the engine did not start"
            yield settings
        finally:
            process.terminate()
            process.wait(READY_SECONDS)


def begin_with_schema(data: Path) -> None:
    """Give an engine that has not started yet the schema of this release. A folder with data keeps what it has."""
    if not data.exists():
        shutil.copytree(Path(_migrated().name) / "data", data, symlinks=True)


@functools.cache
def _migrated() -> tempfile.TemporaryDirectory[str]:
    """The folder of an engine that migrated and ended; it goes with the process."""
    made = tempfile.TemporaryDirectory(prefix="touchline-schema-")
    with running_engine(Path(made.name), migrated=False) as settings:
        client = connect(settings)
        migrate(client)
        client.disconnect()
    return made
