"""`./run superset` without Superset: its secrets, what its processes are told, and where its connections lead."""

from __future__ import annotations

import runpy
import stat
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.superset.home import Home, SupersetFailed
from touchline.dashboards.bi.export import SUPERSET_ZIP, Tool, exported
from touchline.settings import Settings, load_settings


class Address(NamedTuple):
    """As much of a SQLAlchemy URL as the configuration touches."""

    drivername: str = "clickhousedb"
    username: str = "touchline"
    password: str | None = None
    host: str = "127.0.0.1"
    port: int = 8123

    def set(self, **parts: Any) -> Address:
        return self._replace(**parts)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    password = tmp_path / "secrets" / "clickhouse_password"
    password.parent.mkdir()
    password.write_text("of-the-reader\n")
    return load_settings(
        local_dir=tmp_path, clickhouse_password_file=password, clickhouse_http_port=8199, clickhouse_user="reader"
    )


@pytest.fixture
def home(settings: Settings) -> Home:
    made = Home(settings, 8088)
    made.make_secrets()
    return made


def test_secrets_are_made_once_and_only_their_owner_may_read_them(home: Home, tmp_path: Path) -> None:
    files = sorted((tmp_path / "secrets").glob("superset_*"))
    assert [path.name for path in files] == ["superset_admin_password", "superset_secret_key"]
    before = [path.read_text() for path in files]
    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600, 0o600]
    assert all(len(text.strip()) > 30 for text in before)
    home.make_secrets()
    assert [path.read_text() for path in files] == before


def test_processes_are_told_files_not_secrets_and_listen_on_this_machine_only(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERSET_METADATA_URI", "of-another-superset")
    told = home.environment()
    assert home.password not in " ".join(told.values())
    assert "of-the-reader" not in " ".join(told.values())
    assert "SUPERSET_METADATA_URI" not in told
    command = list(home.server().command())
    assert command[command.index("--bind") + 1] == "127.0.0.1:8088"
    assert home.password not in " ".join(command)


@pytest.fixture
def configured(home: Home, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of superset_config.py, in the environment of `home`."""
    told = home.environment()
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(told["SUPERSET_CONFIG_PATH"])


def test_the_connection_of_the_bundle_leads_to_the_configured_reader(configured: dict[str, Any]) -> None:
    address, _ = configured["DB_CONNECTION_MUTATOR"](Address(), {}, "admin", None, None)
    assert address == Address(username="reader", password="of-the-reader", port=8199)


@pytest.mark.parametrize(
    "other",
    [Address(host="elsewhere"), Address(password="typed"), Address(drivername="postgresql"), Address(username="mine")],
)
def test_a_connection_that_somebody_made_is_left_as_it_is(configured: dict[str, Any], other: Address) -> None:
    assert configured["DB_CONNECTION_MUTATOR"](other, {"a": 1}, "admin", None, None) == (other, {"a": 1})


def test_the_metadata_stand_in_the_folder_and_the_key_comes_from_its_file(
    configured: dict[str, Any], home: Home, tmp_path: Path
) -> None:
    assert configured["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{home.folder}/superset.db"
    assert configured["SECRET_KEY"] == (tmp_path / "secrets" / "superset_secret_key").read_text().strip()


def test_the_bundle_is_what_the_command_exports_again_at_each_run(home: Home) -> None:
    for _ in range(2):
        bundle = home.export()
        assert bundle.parent == home.folder / "bundle"
        assert bundle.read_bytes() == exported(Tool.SUPERSET)[SUPERSET_ZIP]


def test_a_step_that_fails_says_what_it_was_and_where_its_log_is(home: Home) -> None:
    (home.folder / "bundle").mkdir()
    (home.folder / "bundle" / "mine").write_text("mine")
    with pytest.raises(
        SupersetFailed, match=r"(?s)bi export superset .*is not empty, and no export is in it"
    ) as failed:
        home.export()
    assert failed.value.hint.endswith("steps.log")
