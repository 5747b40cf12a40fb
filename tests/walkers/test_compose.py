"""docker-compose.yml, its image and its secrets, as far as they can be checked without Docker."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError

from touchline.cli.commands import COMMANDS
from touchline.settings import ENV_PREFIX, Settings

ONE_SHOTS = {"topic", "migrate"}


@pytest.fixture
def compose(project_dir: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((project_dir / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def validate(document: dict[str, Any]) -> None:
    """Against the Compose specification's own schema, which check-jsonschema carries as a file."""
    carrier = distribution("check-jsonschema")
    schema_path = Path(str(carrier.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")))
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(document)  # its $schema spells draft-07 in a way that jsonschema does not know


def test_compose_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    validate(compose)


@pytest.mark.parametrize(
    "fault",
    [
        {"imagee": "x"},
        {"ports": "9092"},
        {"healthcheck": {"interval": 10}},
        {"depends_on": {"kafka": {"condition": "up"}}},
    ],
)
def test_schema_rejects_a_faulty_service(compose: dict[str, Any], fault: dict[str, Any]) -> None:
    compose["services"]["worker"] |= fault
    with pytest.raises(ValidationError):
        validate(compose)


def test_the_whole_pipeline_is_there(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {"kafka", "topic", "clickhouse", "migrate", "worker", "collector"}


def test_no_service_runs_as_root_or_gains_privileges(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        assert service["user"] not in ("root", "0", "0:0")
        assert "no-new-privileges:true" in service["security_opt"]


def test_services_that_stay_have_a_health_check_and_the_others_end(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert ("healthcheck" in service) is (name not in ONE_SHOTS), name
        assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped"), name


def test_ports_are_open_on_the_loopback_only(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_secrets_are_files_and_no_variable_holds_one(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        for name, value in service.get("environment", {}).items():
            if re.search("password|key|secret|token", name, re.IGNORECASE):
                assert str(value).startswith("/run/secrets/"), name


def test_variables_and_commands_are_ours(services: dict[str, dict[str, Any]]) -> None:
    settings = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    for name in ("migrate", "worker", "collector"):
        assert set(services[name]["environment"]) <= settings
        assert services[name]["command"][0] in COMMANDS


def test_kafka_is_the_version_of_the_local_stack(services: dict[str, dict[str, Any]], project_dir: Path) -> None:
    pom = ElementTree.parse(project_dir / "touchline" / "local" / "kafka.pom.xml")
    version = pom.getroot().findtext("{*}properties/{*}kafka.version")
    assert {services["kafka"]["image"], services["topic"]["image"]} == {f"apache/kafka:{version}"}


def test_clickhouse_is_the_release_of_the_local_engine(services: dict[str, dict[str, Any]], project_dir: Path) -> None:
    lock = (project_dir / "requirements.lock").read_text(encoding="utf-8")
    locked = re.search(r"^chdb-core==(\d+\.\d+)\.", lock, re.MULTILINE)
    assert locked
    assert services["clickhouse"]["image"] == f"clickhouse/clickhouse-server:{locked[1]}"


def test_image_runs_as_no_root_and_from_the_lock(project_dir: Path) -> None:
    lines = (project_dir / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 1000:1000"]
    installs = [line for line in lines if "pip install" in line]
    assert [
        line for line in installs if not re.search("--require-hashes|--constraint requirements.lock|--no-deps", line)
    ] == []


def test_secrets_are_made_once_for_their_owner_only(project_dir: Path, tmp_path: Path) -> None:
    script = [str(project_dir / "scripts" / "compose-secrets"), str(tmp_path)]
    subprocess.run(script, check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert subprocess.run(script, check=True, capture_output=True).stdout == b""
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
    assert set(made) == {"clickhouse_password", "person_key", "payload_key", "write_keys"}
    assert len(set(made.values())) == 4
    for path in (tmp_path / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("person_key", "payload_key"):
        assert re.fullmatch(r"[0-9a-f]{8}:[0-9a-f]{64}\n", made[name])
    assert re.fullmatch(r"compose\.[0-9a-f]{64} \*\n", made["write_keys"])
    assert re.fullmatch(r"TOUCHLINE_UID=\d+\nTOUCHLINE_GID=\d+\n", (tmp_path / ".env").read_text())
