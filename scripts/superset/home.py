"""Superset's place in `.local/`: its files, its environment, the steps that its own command line does, and its server."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from touchline.dashboards.bi.export import SUPERSET_ZIP
from touchline.errors import TouchlineError
from touchline.local.ports import LOOPBACK, STACK_MARK
from touchline.local.process import ListeningPort, PartSpec
from touchline.local.secrets import PASSWORD_BYTES, write_once
from touchline.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ROOT / "dashboards" / "superset"
USER = "admin"
STEP_SECONDS = 300
READY_SECONDS = 120.0
_SECRET_BYTES = 42
_LOG_LINES = 15


class SupersetFailed(TouchlineError):
    """One of Superset's own steps failed."""


class Home:
    """`.local/superset`: the packages (`venv`), Superset's own database, its log. Secrets are beside those of the stack."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.folder = settings.local_dir.resolve() / "superset"
        self.port = port
        self.address = f"http://{LOOPBACK}:{port}"
        secrets_folder = settings.clickhouse_password_file.resolve().parent
        self.password_file = secrets_folder / "superset_admin_password"
        self._key_file = secrets_folder / "superset_secret_key"
        self._log = self.folder / "steps.log"
        self._settings = settings

    @property
    def password(self) -> str:
        """Of the user `admin`."""
        return self.password_file.read_text(encoding="ascii").strip()

    def make_secrets(self) -> None:
        """Made once, readable by their owner only."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_once(self._key_file, lambda: secrets.token_urlsafe(_SECRET_BYTES))
        write_once(self.password_file, lambda: secrets.token_urlsafe(PASSWORD_BYTES))

    def environment(self) -> dict[str, str]:
        """What Superset's processes see: the files of this checkout, no setting of another Superset."""
        settings = self._settings
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("SUPERSET_", "FLASK_", "PYTHON"))
        }
        return inherited | {
            "SUPERSET_HOME": str(self.folder),
            "SUPERSET_CONFIG_PATH": str(FILES / "superset_config.py"),
            "SUPERSET_SECRET_KEY_FILE": str(self._key_file),
            "SUPERSET_ADMIN_PASSWORD_FILE": str(self.password_file),
            "FLASK_APP": "superset.app:create_app()",
            "TOUCHLINE_CLICKHOUSE_HOST": settings.clickhouse_host,
            "TOUCHLINE_CLICKHOUSE_HTTP_PORT": str(settings.clickhouse_http_port),
            "TOUCHLINE_CLICKHOUSE_USER": settings.clickhouse_user,
            "TOUCHLINE_CLICKHOUSE_PASSWORD_FILE": str(settings.clickhouse_password_file.resolve()),
            # `./run down` ends what carries it, also a Superset that was kept.
            STACK_MARK: str(settings.local_dir.resolve()),
            "PYTHONUNBUFFERED": "1",
        }

    def export(self) -> Path:
        """The bundle as `touchline bi export superset` writes it."""
        folder = self.folder / "bundle"
        self._step([sys.executable, "-m", "touchline", "bi", "export", "superset", str(folder)], dict(os.environ))
        return folder / SUPERSET_ZIP

    def set_up(self, bundle: Path) -> None:
        """Superset's own tables and roles, the user `admin`, and the bundle over what was imported before."""
        programs, environment = self.folder / "venv" / "bin", self.environment()
        self._step([str(programs / "superset"), "db", "upgrade"], environment)
        self._step([str(programs / "superset"), "init"], environment)
        self._step([str(programs / "python"), str(FILES / "set_up.py"), str(bundle)], environment)

    def _step(self, command: list[str], environment: dict[str, str]) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            outcome = subprocess.run(
                command, env=environment, stdout=log, stderr=log, timeout=STEP_SECONDS, check=False
            )
        if outcome.returncode != 0:
            end = "\n".join(self._log.read_text(encoding="utf-8").splitlines()[-_LOG_LINES:])
            raise SupersetFailed(
                f"`{Path(command[0]).name} {' '.join(command[1:])}` ended with status {outcome.returncode}:\n{end}",
                f"see {self._log}",
            )

    def server(self) -> PartSpec:
        """One process that answers while it asks, on the loopback interface only."""
        gunicorn = [str(self.folder / "venv" / "bin" / "gunicorn"), "--bind", f"{LOOPBACK}:{self.port}"]
        gunicorn += ["--workers", "1", "--threads", "16", "--worker-class", "gthread", "--timeout", "120"]
        return PartSpec(
            name="superset",
            command=lambda: [*gunicorn, "superset.app:create_app()"],
            environment=self.environment(),
            ports=(ListeningPort(self.port, "HTTP", "--port"),),
            is_ready=lambda: _answers(f"{self.address}/health"),
            ready_seconds=READY_SECONDS,
        )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
