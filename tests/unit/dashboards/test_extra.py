"""What the dashboard needs installed: its own extra, and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OF_OTHER_EXTRAS = (
    "faust",
    "aiokafka",
    "clickhouse_driver",
    "clickhouse_migrations",
    "lmdb",
    "rfc8785",
    "cryptography",
    "chdb",
    "psutil",
    "pyarrow",
)
PROGRAM = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from touchline.cli.main import run
{statement}
"""


def outcome(names: tuple[str, ...], statement: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(names=names, statement=statement)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_the_server_starts_without_the_packages_of_other_extras() -> None:
    statement = "import touchline.dashboards.server.serve, touchline.cli.dashboard; print('imported')"
    assert outcome(OF_OTHER_EXTRAS, statement).stdout == "imported\n"


def test_without_its_extra_the_command_says_what_to_install() -> None:
    found = outcome(("aiohttp",), "sys.exit(run(['dashboard']))")
    assert found.returncode == 2
    assert "hint: pip install 'touchline[dashboard]'" in found.stderr


def test_comments_on_the_page_say_which_package_they_need(tmp_path: Path) -> None:
    keys = f"dashboard_comments_keys_file={tmp_path / 'keys'}"
    (tmp_path / "password").write_text("x")
    password = f"clickhouse_password_file={tmp_path / 'password'}"
    statement = f"sys.exit(run(['dashboard', '--set', {keys!r}, '--set', {password!r}]))"
    found = outcome(("cryptography",), statement)
    assert found.returncode == 2
    assert "'cryptography'" in found.stderr
    assert "hint: pip install 'touchline[worker,dashboard]'" in found.stderr
