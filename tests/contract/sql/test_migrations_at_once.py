"""Two `touchline migrate` at once, as two containers of one deployment start them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.contract.sql.test_migrations import SNAPSHOT, tables_of
from tests.support.engine import running_engine
from touchline.clickhouse.connect import connect
from touchline.local.parts import settings_environment
from touchline.sql.schema.migrate import expected_schema_version, require_schema, schema_version


def test_two_migrations_at_once_leave_one_schema(tmp_path: Path) -> None:
    with running_engine(tmp_path, migrated=False) as settings:
        command = [sys.executable, "-m", "touchline", "migrate"]
        environment = settings_environment(settings)
        both = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        answers = [one.communicate(timeout=60) for one in both]
        assert [one.returncode for one in both] == [0, 0], answers
        client = connect(settings)
        assert schema_version(client) == expected_schema_version()
        assert tables_of(client) == SNAPSHOT.read_text(encoding="utf-8")
        require_schema(client)  # and every view
        client.disconnect()
