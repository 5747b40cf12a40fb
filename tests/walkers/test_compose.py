"""docker-compose.yml and what is laid over it, as far as they can be checked without Docker."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from jsonschema import ValidationError

from tests.support.compose import ROOT, Document, filled, load, validate, variables
from touchline.care.rules import SHIPPED
from touchline.cli.commands import COMMANDS
from touchline.dashboards.bi.export import SUPERSET_ZIP, Tool, exported
from touchline.settings import ENV_PREFIX, Settings, load_settings

FILES = {
    "docker-compose.yml": ("docker-compose.yml",),
    "with docker-compose.cluster.yml": ("docker-compose.yml", "docker-compose.cluster.yml"),
}
FILE_WRITERS = {"grafana-files": "grafana", "superset-files": "superset"}
ONE_SHOTS = {"topic", "access", "migrate", "privacy", "demo", *FILE_WRITERS}
OURS = {"migrate", "privacy", "worker", "collector", "dashboard", "surveys", "care", "demo", *FILE_WRITERS}
WRITABLE = {
    "kafka": "its image writes its configuration at the start",
    "clickhouse": "its image writes its users at the start",
}
"""Services that do not run on a read-only file system, and why."""


@pytest.fixture(params=FILES)
def compose(request: pytest.FixtureRequest) -> Document:
    return load(*FILES[request.param])


@pytest.fixture
def services(compose: Document) -> dict[str, Document]:
    found: dict[str, Document] = compose["services"]
    return found


def test_the_files_and_what_they_are_together_follow_the_compose_specification(compose: Document) -> None:
    validate(compose)
    validate(yaml.safe_load((ROOT / "docker-compose.cluster.yml").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "fault",
    [
        {"imagee": "x"},
        {"ports": "9092"},
        {"healthcheck": {"interval": 10}},
        {"depends_on": {"kafka": {"condition": "up"}}},
    ],
)
def test_the_specification_rejects_a_faulty_service(compose: Document, fault: Document) -> None:
    compose["services"]["worker"] |= fault
    with pytest.raises(ValidationError):
        validate(compose)


def test_the_whole_pipeline_is_there_and_the_rest_waits_for_its_profile() -> None:
    services = load("docker-compose.yml")["services"]
    always = {name for name, service in services.items() if not service.get("profiles")}
    assert always == {"kafka", "topic", "clickhouse", "access", "migrate", "worker", "collector", "dashboard"}
    assert {profile for service in services.values() for profile in service.get("profiles", [])} == {
        "care",
        "demo",
        "privacy",
        "surveys",
    }


def test_no_service_runs_as_root_or_gains_privileges(services: dict[str, Document]) -> None:
    for name, service in services.items():
        assert service["user"].partition(":")[0] not in ("", "root", "0"), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["cap_drop"] == ["ALL"], name
        assert not service.get("privileged"), name
        assert "cap_add" not in service, name


def test_file_systems_are_read_only_but_where_an_image_needs_to_write(services: dict[str, Document]) -> None:
    writing = {name for name, service in services.items() if not service.get("read_only")}
    assert {name.partition("-")[0] for name in writing} <= WRITABLE.keys() | {"topic"}
    assert all("/tmp" in service["tmpfs"] for service in services.values() if service.get("read_only"))


def test_services_that_stay_have_a_health_check_and_the_others_end(services: dict[str, Document]) -> None:
    for name, service in services.items():
        assert ("healthcheck" in service) is (name not in ONE_SHOTS), name
        assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped"), name


def test_nobody_waits_for_more_than_there_is(services: dict[str, Document]) -> None:
    """For a health check where there is none, for the end of what does not end, or for what the profile leaves out."""
    for name, service in services.items():
        for other, condition in service.get("depends_on", {}).items():
            ends = condition["condition"] == "service_completed_successfully"
            assert ends is (other in ONE_SHOTS), (name, other)
            assert set(services[other].get("profiles", [])) <= set(service.get("profiles", [])), (name, other)


def test_every_service_has_a_limit_of_memory(services: dict[str, Document]) -> None:
    limits = {name: service["deploy"]["resources"]["limits"]["memory"] for name, service in services.items()}
    assert all(re.fullmatch(r"[1-9]\d*[MG]", limit) for limit in limits.values())


def test_ports_are_open_on_the_loopback_only(services: dict[str, Document]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert len(ports) > 4
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    published = [filled(port).split(":")[1] for port in ports]
    assert len(published) == len(set(published))


def test_secrets_are_files_that_are_declared_used_and_made_and_no_variable_holds_one(
    compose: Document, services: dict[str, Document], tmp_path: Path
) -> None:
    subprocess.run([str(ROOT / "scripts/compose-secrets"), str(tmp_path)], check=True, capture_output=True)
    made = {f"./secrets/{path.name}" for path in (tmp_path / "secrets").iterdir()}
    declared = compose["secrets"]
    assert all(secret == {"file": f"./secrets/{name}"} for name, secret in declared.items())
    used = {name for service in services.values() for name in service.get("secrets", [])}
    assert used == declared.keys()
    assert {secret["file"] for secret in declared.values()} == made
    for service_name, service in services.items():
        for name, value in service.get("environment", {}).items():
            for path in re.findall(r"/run/secrets/(\w+)", str(value)):
                assert path in service["secrets"] or name in unread(service_name), (service_name, name)
            if re.search("password|key|secret|token", name, re.IGNORECASE):
                assert re.fullmatch(r"(\$__file\{)?/run/secrets/\w+\}?", str(value)), (service_name, name)


def unread(service: str) -> set[str]:
    """Secrets that the common environment names and a service does not read, so it does not get them."""
    person, payload, erasure = (f"TOUCHLINE_{name}_FILE" for name in ("PERSON_KEY", "PAYLOAD_KEY", "ERASURE_SECRET"))
    return {
        "migrate": {person, payload, erasure},
        "dashboard": {person, payload, erasure},
        "collector": {payload, erasure},
        "demo": {payload, erasure},
        "surveys": {payload, erasure},
        "care": {person, payload, erasure},
    }.get(service, set())


def test_nobody_but_the_one_who_makes_the_roles_has_the_administrators_password(services: dict[str, Document]) -> None:
    admins = {name for name, service in services.items() if "clickhouse_admin_password" in service.get("secrets", [])}
    assert admins == {"clickhouse", "access"}
    users = {
        name: service.get("environment", {}).get("TOUCHLINE_CLICKHOUSE_USER") for name, service in services.items()
    }
    known = {name: user for name, user in users.items() if user}
    assert (
        known.items()
        >= {"migrate": "touchline_migrator", "worker": "touchline_writer", "dashboard": "touchline_dashboard"}.items()
    )
    for name, user in known.items():
        secret = f"clickhouse_{user.removeprefix('touchline_')}_password"
        assert secret in services[name]["secrets"]
        if name != "grafana":  # its data source reads the file
            assert services[name]["environment"]["TOUCHLINE_CLICKHOUSE_PASSWORD_FILE"] == f"/run/secrets/{secret}"
    sources = ROOT / "dashboards/grafana/provisioning/datasources"
    assert "$__file{/run/secrets/clickhouse_grafana_password}" in (sources / "touchline.yaml").read_text(
        encoding="utf-8"
    )


def test_erasing_has_the_login_the_secrets_and_the_folders_that_it_takes_and_no_up_starts_it(
    services: dict[str, Document],
) -> None:
    privacy, worker, collector = (services[name] for name in ("privacy", "worker", "collector"))
    assert privacy["profiles"] == ["privacy"]
    assert "entrypoint" not in privacy, "`docker compose run privacy` takes any command of ours"
    assert {"erase", "retention"} <= COMMANDS.keys()
    environment = privacy["environment"]
    assert environment["TOUCHLINE_CLICKHOUSE_USER"] == "touchline_migrator"
    read = {name for value in environment.values() for name in re.findall(r"/run/secrets/(\w+)", str(value))}
    assert (
        set(privacy["secrets"])
        == read
        == {
            "clickhouse_migrator_password",
            "person_key",
            "payload_key",
            "erasure_secret",
        }
    )
    register = environment["TOUCHLINE_ERASURE_REGISTER_FILE"]
    assert register == worker["environment"]["TOUCHLINE_ERASURE_REGISTER_FILE"]
    assert set(worker["volumes"]) <= set(privacy["volumes"]), "the register, and the maps and sources of the workers"
    assert environment["TOUCHLINE_OUTBOX_DIR"] == collector["environment"]["TOUCHLINE_OUTBOX_DIR"]
    assert f"collector-outbox:{environment['TOUCHLINE_OUTBOX_DIR']}" in privacy["volumes"]
    assert environment["TOUCHLINE_KAFKA_BOOTSTRAP"] == worker["environment"]["TOUCHLINE_KAFKA_BOOTSTRAP"]


def test_variables_and_commands_are_ours_and_have_values_that_the_settings_take(services: dict[str, Document]) -> None:
    for name in OURS:
        environment = {key: filled(str(value)) for key, value in services[name].get("environment", {}).items()}
        assert all(key.startswith(ENV_PREFIX) for key in environment), name
        values = {key.removeprefix(ENV_PREFIX).lower(): value for key, value in environment.items()}
        load_settings(**values)  # refuses a name that is no setting
        if "command" in services[name]:
            assert services[name]["command"][0] in COMMANDS


def test_what_others_are_told_of_clickhouse_has_the_names_of_our_settings(services: dict[str, Document]) -> None:
    for name in services.keys() - OURS:
        for variable in services[name].get("environment", {}):
            if variable.startswith(ENV_PREFIX):
                assert variable.removeprefix(ENV_PREFIX).lower() in Settings.model_fields, (name, variable)


def test_prometheus_asks_those_that_have_numbers_where_they_tell_them(services: dict[str, Document]) -> None:
    text = (ROOT / "dashboards/prometheus/prometheus.yaml").read_text(encoding="utf-8")
    asked: dict[str, int] = {}
    for job in yaml.safe_load(text)["scrape_configs"]:
        for found in job.get("dns_sd_configs", []):
            asked |= dict.fromkeys(found["names"], found["port"])
        for target in (target for group in job.get("static_configs", []) for target in group["targets"]):
            asked[target.partition(":")[0]] = int(target.partition(":")[2])
    worker = services["worker"]["environment"]["TOUCHLINE_WORKER_HTTP_PORT"]
    defaults = load_settings()
    assert asked == {
        "worker": worker,
        "collector": defaults.collector_port,
        "dashboard": defaults.dashboard_port,
        "surveys": defaults.surveys_port,
        "care": services["care"]["environment"]["TOUCHLINE_CARE_HTTP_PORT"],
    }
    assert services["dashboard"]["environment"]["TOUCHLINE_DASHBOARD_NAMES"] == "dashboard", "else it refuses the name"


def test_a_variable_that_is_no_setting_would_be_found() -> None:
    with pytest.raises(Exception, match="clickhouse_passwort"):
        load_settings(clickhouse_passwort="x")


def test_what_is_mounted_from_the_project_is_there(services: dict[str, Document]) -> None:
    mounts = [filled(volume).split(":") for service in services.values() for volume in service.get("volumes", [])]
    for source, target, *mode in mounts:
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert mode == ["ro"], source
        else:
            assert target.startswith("/"), source


def test_named_volumes_are_declared_and_used(compose: Document, services: dict[str, Document]) -> None:
    mounts = [filled(volume).split(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    assert {source for source in mounts if not source.startswith(".")} == compose["volumes"].keys()


def test_what_surveys_and_care_keep_outlives_their_containers_and_is_reached_by_erasing(
    services: dict[str, Document],
) -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    kept = {"surveys": "TOUCHLINE_OUTBOX_DIR", "care": "TOUCHLINE_CARE_DIR"}
    for name, setting in kept.items():
        mount = f"{name}-state:/var/lib/touchline/{name}"
        assert mount in services[name]["volumes"]
        assert mount in services["privacy"]["volumes"]
        assert services[name]["environment"][setting].startswith(f"/var/lib/touchline/{name}")
        assert re.search(rf"install -d -m 1777 [^&]*/var/lib/touchline/{name}\b", image), (
            "a new volume gets the rights of the image's folder"
        )
        assert services[name]["profiles"] == [name]
        assert "replicas" not in services[name]["deploy"], "there is one of it"


def test_the_rules_of_care_are_those_that_ship_where_no_others_are_named(services: dict[str, Document]) -> None:
    target = services["care"]["environment"]["TOUCHLINE_CARE_RULES_FILE"]
    (mount,) = [one for one in services["care"]["volumes"] if f":{target}:" in one]
    assert (ROOT / filled(mount).split(":")[0]).resolve() == SHIPPED
    assert filled(mount, {"CARE_RULES": "./care.yaml"}) == f"./care.yaml:{target}:ro"


def test_grafana_and_superset_start_with_the_files_that_this_release_exports(services: dict[str, Document]) -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    read_at = {
        "grafana": "/var/lib/grafana/dashboards/touchline",
        "superset": "/opt/touchline/bundle",
    }
    for name, tool in FILE_WRITERS.items():
        assert services[name]["command"][:-1] == ["bi", "export", tool]
        folder = services[name]["command"][-1]
        assert services[name]["volumes"] == [f"{name}:{folder}"]
        assert re.search(rf"install -d -m 1777 .*{folder}\b", image), (
            "a new volume gets the rights of the image's folder"
        )
        assert services[tool]["depends_on"][name] == {"condition": "service_completed_successfully"}
        assert f"{name}:{read_at[tool]}:ro" in services[tool]["volumes"]
        assert not services[name].get("secrets")
    files = exported(Tool.GRAFANA)
    provider = yaml.safe_load(files["provisioning/dashboards/touchline.yaml"])["providers"][0]
    assert provider["options"]["path"] == read_at["grafana"]
    assert services["grafana"]["environment"]["GF_PATHS_PROVISIONING"] == f"{read_at['grafana']}/provisioning"
    start = (ROOT / "dashboards/superset/start").read_text(encoding="utf-8")
    assert f" {read_at['superset']}/{SUPERSET_ZIP}\n" in start


def test_the_document_names_every_variable_of_the_files(compose: Document) -> None:
    text = (ROOT / "docs/docker.md").read_text(encoding="utf-8")
    assert {name for name in variables(compose) if f"`{name}`" not in text} == set()


def test_kafka_is_the_version_of_the_local_stack(services: dict[str, Document]) -> None:
    pom = ElementTree.parse(ROOT / "touchline" / "local" / "kafka.pom.xml")
    version = pom.getroot().findtext("{*}properties/{*}kafka.version")
    assert version
    images = {service["image"] for name, service in services.items() if name.startswith(("kafka", "topic"))}
    assert images == {f"apache/kafka:{version}"}


def test_clickhouse_is_the_release_of_the_local_engine(services: dict[str, Document]) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = re.search(r"^chdb-core==(\d+\.\d+)\.", lock, re.MULTILINE)
    assert locked
    assert {services[name]["image"] for name in ("clickhouse", "access")} == {
        f"clickhouse/clickhouse-server:{locked[1]}"
    }


def test_every_image_is_pinned_to_a_version(services: dict[str, Document]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:v?\d+(\.\d+)+", service["image"]), name


def test_images_are_built_for_the_processor_that_all_locked_packages_have_wheels_for(
    services: dict[str, Document],
) -> None:
    assert {services[name]["platform"] for name in OURS} == {"linux/amd64"}


def test_three_brokers_vote_and_hold_every_record_twice_at_least() -> None:
    services = load(*FILES["with docker-compose.cluster.yml"])["services"]
    brokers = {name: service["environment"] for name, service in services.items() if name.startswith("kafka")}
    assert sorted(str(one["KAFKA_NODE_ID"]) for one in brokers.values()) == ["1", "2", "3"]
    voters = "1@kafka:29093,2@kafka-2:29093,3@kafka-3:29093"
    assert {one["KAFKA_CONTROLLER_QUORUM_VOTERS"] for one in brokers.values()} == {voters}
    assert {"--replication-factor=3", "--config=min.insync.replicas=2"} <= set(services["topic"]["command"])
    assert services["worker"]["deploy"]["replicas"] == 2
    for name, one in brokers.items():
        addresses = dict(address.split("://") for address in filled(one["KAFKA_ADVERTISED_LISTENERS"]).split(","))
        assert addresses["INSIDE"] == f"{name}:19092"
        (published,) = services[name]["ports"]
        assert filled(published).rpartition(":")[0] == addresses["HOST"]
        assert f"HOST://:{published.rpartition(':')[2]}" in one["KAFKA_LISTENERS"]
        assert {"cluster.id", "CLUSTER_ID"}.isdisjoint(one), "the image's own, the same for all three"
    same = ("KAFKA_PROCESS_ROLES", "KAFKA_INTER_BROKER_LISTENER_NAME", "KAFKA_LOG_RETENTION_HOURS", "KAFKA_LOG_DIRS")
    for name in (*same, "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "KAFKA_AUTO_CREATE_TOPICS_ENABLE", "KAFKA_HEAP_OPTS"):
        assert len({one[name] for one in brokers.values()}) == 1, name
    for name in OURS - {"migrate", "dashboard", *FILE_WRITERS}:
        assert services[name]["environment"]["TOUCHLINE_KAFKA_BOOTSTRAP"].count(",") == 2, name
