"""Images, secrets and the demo of docker-compose.yml, as far as they can be checked without Docker."""

from __future__ import annotations

import re
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

from scripts.demo import ASKINGS
from tests.support.compose import ROOT, load
from touchline.dashboards.bi.export import SUPERSET_ZIP


def test_superset_is_built_from_its_lock_and_runs_what_the_local_one_runs() -> None:
    lines = (ROOT / "dashboards/superset/Dockerfile").read_text(encoding="utf-8")
    assert "USER 1000:1000" in lines
    assert lines.count("--require-hashes") == 2
    run = (ROOT / "run").read_text(encoding="utf-8")
    flags = "--require-hashes --only-binary :all: --no-binary wtforms-json"
    assert flags in lines
    assert flags in run
    copied = [word for line in lines.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]]
    assert [path for path in copied if not (ROOT / path).exists()] == []
    start = (ROOT / "dashboards/superset/start").read_text(encoding="utf-8").splitlines()[3:]
    assert [line.split()[:3] for line in start[:2]] == [["superset", "db", "upgrade"], ["superset", "init"]]
    assert start[2] == f"python /opt/touchline/set_up.py /opt/touchline/bundle/{SUPERSET_ZIP}"
    assert "gunicorn" in start[3]


def test_the_demo_of_the_containers_sends_what_the_demo_of_the_local_stack_sends() -> None:
    text = (ROOT / "scripts/compose-demo").read_text(encoding="utf-8").replace("\\\n", "")
    typed = [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("touchline ")]
    assert typed[:2] == [["import", "retail"], ["import", "clicks"]]
    assert typed[2:-1] == [list(asking.words) for asking in ASKINGS]
    assert typed[-1][0] == "reconcile"


def test_images_run_as_no_root_and_from_the_lock() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 1000:1000"]
    installs = [line for line in lines if "pip install" in line]
    assert [
        line for line in installs if not re.search("--require-hashes|--constraint requirements.lock|--no-deps", line)
    ] == []
    targets = {line.split()[-1] for line in lines if line.startswith("FROM ")}
    assert {service["build"]["target"] for service in built().values()} <= targets
    assert lines.index("FROM base AS touchline") == max(
        index for index, line in enumerate(lines) if line.startswith("FROM ")
    )


def built() -> dict[str, Any]:
    services = load("docker-compose.yml")["services"]
    return {name: service for name, service in services.items() if "target" in service.get("build", {})}


def test_what_is_secret_or_local_does_not_reach_the_builder() -> None:
    ignored = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {"secrets", ".env", ".local", ".venv", ".git"} <= ignored


def test_secrets_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    script = [str(ROOT / "scripts" / "compose-secrets"), str(tmp_path)]
    subprocess.run(script, check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert subprocess.run(script, check=True, capture_output=True).stdout == b""
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
    assert len(set(made.values())) == len(made) > 8
    for path in (tmp_path / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("person_key", "payload_key"):
        assert re.fullmatch(r"[0-9a-f]{8}:[0-9a-f]{64}\n", made[name])
    for name in ("content_key", "erasure_secret", "survey_secret", "invitations_secret", "alerts_secret"):
        assert re.fullmatch(r"[0-9a-f]{64}\n", made[name])
    assert re.fullmatch(r"compose\.[0-9a-f]{64} \*\n", made["write_keys"])
    assert all(re.fullmatch(r"[0-9a-f]{24,84}\n", text) for name, text in made.items() if name.endswith("password"))
    assert re.fullmatch(r"TOUCHLINE_UID=\d+\nTOUCHLINE_GID=\d+\n", (tmp_path / ".env").read_text())
