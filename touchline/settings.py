"""The effective configuration: defaults < `touchline.toml` < `TOUCHLINE_*` < flags, and where each value came from.

`load_settings()` is the only reader of the file and of the environment; everything else is handed a `Settings`. The
project folder is `TOUCHLINE_PROJECT_DIR`, else the nearest folder upwards that holds a `touchline.toml`, else the
working directory; relative paths start there. Secrets are never values here, only the names of their files.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, ValidationInfo, field_validator

from touchline.errors import WrongUsage

CONFIG_FILE_NAME = "touchline.toml"
ENV_PREFIX = "TOUCHLINE_"
DEFAULT_ORIGIN = "default"
PACKAGED_JOURNEYS_DIR = Path(__file__).parent / "journeys"

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(min_length=1)]

# What `--set key=value` gave on the command line: flags of the whole process, set once before a command runs.
command_line_flags: dict[str, str] = {}


class Settings(BaseModel):
    """All that can be configured. Immutable; derive a changed one with `with_changes`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    project_dir: Path = Field(
        default_factory=Path.cwd, description="folder where relative paths start", examples=["/srv/touchline"]
    )

    kafka_bootstrap: Name = Field(
        "127.0.0.1:9092",
        description="Kafka's bootstrap servers, host:port[,host:port]",
        examples=["kafka-1:9092,kafka-2:9092"],
    )
    topic: Name = Field("customer-events", description="the one topic of all kinds of events", examples=["shop-events"])
    partitions: int = Field(
        4, ge=1, le=4096, description="partitions of a new topic; fixed from then on", examples=[12]
    )
    consumer_group: Name = Field(
        "touchline", description="Kafka consumer group of the workers", examples=["touchline-staging"]
    )

    clickhouse_host: Name = Field("127.0.0.1", description="ClickHouse server", examples=["clickhouse-1"])
    clickhouse_port: Port = Field(
        9000, description="ClickHouse's native protocol (pipeline and command line)", examples=[19000]
    )
    clickhouse_http_port: Port = Field(
        8123, description="ClickHouse's HTTP interface (BI tools, `touchline sql`)", examples=[18123]
    )
    clickhouse_user: Name = Field(
        "touchline", description="ClickHouse user of the pipeline", examples=["touchline_writer"]
    )
    clickhouse_password_file: Path = Field(
        Path(".local/secrets/clickhouse_password"),
        description="file with that user's password",
        examples=["/run/secrets/clickhouse_password"],
    )

    person_key_file: Path = Field(
        Path(".local/secrets/person_key"),
        description="file `<key id>:<hex of 32 bytes>`: makes person keys",
        examples=["/run/secrets/person_key"],
    )
    payload_key_file: Path = Field(
        Path(".local/secrets/payload_key"),
        description="file `<key id>:<hex of 32 bytes>`: encrypts kept payloads",
        examples=["/run/secrets/payload_key"],
    )

    outbox_dir: Path | None = Field(
        None,
        description="durable outbox of senders, a folder; none where empty",
        examples=["/var/lib/touchline/outbox"],
    )
    outbox_limit_bytes: int = Field(
        256 << 20,
        ge=4 << 20,
        description="largest size of what waits in the outbox for Kafka",
        examples=[1 << 30],
        json_schema_extra={"unit": "bytes"},
    )
    outbox_block_seconds: float = Field(
        10.0,
        ge=0,
        description="longest wait of emit while the outbox is full; then it fails",
        examples=[0.5],
        json_schema_extra={"unit": "seconds"},
    )
    outbox_durability: Literal["os", "disk"] = Field(
        "os",
        description="emit returns when the operating system has the event, or when the disk has",
        examples=["disk"],
    )

    collector_host: Name = Field(
        "127.0.0.1",
        description="address that the collector listens on; TLS is a proxy's in front of it",
        examples=["0.0.0.0"],
    )
    collector_port: Port = Field(8787, description="port that the collector listens on", examples=[9100])
    write_keys_file: Path = Field(
        Path(".local/secrets/write_keys"),
        description="file of the collector's write keys: lines `<id>.<secret> <source> ...`",
        examples=["/run/secrets/write_keys"],
    )
    collector_body_bytes: int = Field(
        1 << 20,
        ge=1 << 10,
        le=64 << 20,
        description="a request's body, as sent and unzipped, at most",
        examples=[4 << 20],
        json_schema_extra={"unit": "bytes"},
    )
    collector_items: int = Field(
        5_000,
        ge=1,
        le=100_000,
        description="events in one request, at most",
        examples=[500],
        json_schema_extra={"unit": "events"},
    )
    collector_events_per_second: float = Field(
        5_000.0,
        gt=0,
        description="events a second and write key, bursts of two seconds aside; beyond, 429",
        examples=[200.0],
        json_schema_extra={"unit": "events"},
    )
    collector_in_flight_bytes: int = Field(
        64 << 20,
        ge=1 << 20,
        description="bodies and events in the collector's memory, at most; beyond, 503",
        examples=[256 << 20],
        json_schema_extra={"unit": "bytes"},
    )
    collector_read_seconds: float = Field(
        15.0,
        gt=0,
        description="longest time to receive a request body",
        examples=[60.0],
        json_schema_extra={"unit": "seconds"},
    )
    collector_ack_seconds: float = Field(
        30.0,
        gt=0,
        description="longest time for Kafka (or the outbox) to acknowledge a request's events; beyond, 503",
        examples=[10.0],
        json_schema_extra={"unit": "seconds"},
    )

    dashboard_host: Name = Field(
        "127.0.0.1",
        description="address that the dashboard listens on; it has no login: a proxy in front of it has",
        examples=["0.0.0.0"],
    )
    dashboard_port: Port = Field(8788, description="port that the dashboard listens on", examples=[9200])
    dashboard_names: list[str] = Field(
        [],
        description="host names under which the dashboard answers, beside localhost and dashboard_host",
        examples=[["journeys.example.com"]],
    )
    dashboard_queries: int = Field(
        8,
        ge=1,
        le=200,
        description="queries that the dashboard asks ClickHouse at once, at most",
        examples=[4],
        json_schema_extra={"unit": "queries"},
    )
    dashboard_wait_seconds: float = Field(
        10.0,
        gt=0,
        description="longest time that a query waits for its turn; beyond, 503",
        examples=[2.0],
        json_schema_extra={"unit": "seconds"},
    )
    dashboard_query_seconds: float = Field(
        30.0,
        gt=0,
        description="longest time for ClickHouse to answer a query of the dashboard; beyond, 504",
        examples=[60.0],
        json_schema_extra={"unit": "seconds"},
    )

    worker_http_host: Name = Field(
        "127.0.0.1",
        description="address on which a worker tells its health and metrics",
        examples=["0.0.0.0"],
    )
    worker_http_port: Port | None = Field(
        None,
        description="its port, for each worker of a machine another one (`touchline up` counts up from this one, or takes free "
        "ones); no health and metrics over HTTP where empty",
        examples=[8790],
    )

    local_dir: Path = Field(
        Path(".local"), description="everything the local stack writes", examples=["/var/lib/touchline"]
    )
    state_dir: Path = Field(
        Path(".local/state"),
        description="the workers' caches; deleting them costs time only",
        examples=["/var/cache/touchline"],
    )
    journeys_dir: Path = Field(
        Path("journeys"), description="journey maps; without one, the maps of the package", examples=["maps"]
    )
    maps: list[str] = Field(
        ["retail"],
        min_length=1,
        description="maps to attach by: names in journeys_dir, or paths; first = default",
        examples=[["retail", "five_stages"]],
    )
    sources_file: Path = Field(
        Path("sources.yaml"), description="declares each source of events", examples=["/etc/touchline/sources.yaml"]
    )
    company_zone: Name = Field(
        "UTC",
        description="IANA time zone of local dates where the event's place names none",
        examples=["Europe/Berlin"],
    )
    batch_rows: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="events in one insert, at most",
        examples=[20_000],
        json_schema_extra={"unit": "events"},
    )
    id_memory_mb: int = Field(
        128,
        ge=1,
        le=4096,
        description="memory per partition for the ids of its events, at most: 25 million ids in 128; beyond, a growing share of "
        "the events is looked up in ClickHouse",
        examples=[512],
        json_schema_extra={"unit": "MiB"},
    )
    stall_seconds: float = Field(
        30.0,
        ge=5,
        le=86_400,
        description="longest time that a worker may stand still while records wait; then it says so in its log and its ready file",
        examples=[120],
        json_schema_extra={"unit": "seconds"},
    )
    stall_action: Literal["wait", "end"] = Field(
        "wait",
        description="what a worker does then while ClickHouse holds it up: wait for it, or end with status 3 for a supervisor to "
        "start another",
        examples=["end"],
    )

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("maps", "dashboard_names", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("outbox_dir", "worker_http_port", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("company_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError) as error:  # unknown name; name of a folder; not a name at all
            raise ValueError("is not an IANA time zone such as Europe/Berlin") from error
        return value

    @field_validator("*", mode="after")
    @classmethod
    def _start_at_project_dir(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, Path):
            return value
        if info.field_name == "project_dir":
            return value.expanduser().resolve()
        start = info.data.get("project_dir", Path.cwd())
        path = start / value.expanduser()
        if info.field_name == "journeys_dir" and value == Path("journeys") and not path.is_dir():
            return PACKAGED_JOURNEYS_DIR
        return path

    def origin(self, name: str) -> str:
        """Where the value of a setting came from: `default`, `touchline.toml`, `TOUCHLINE_<NAME>` or `flag`."""
        return self._origins.get(name, DEFAULT_ORIGIN)

    def with_changes(self, **changes: object) -> Settings:
        """The same settings with some values replaced, checked again; their origin is `flag`.

        Raises:
            WrongUsage: a change names no setting or has a wrong value.
        """
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        return _build({**kept, **changes}, {**self._origins, **dict.fromkeys(changes, "flag")})


def load_settings(**flags: object) -> Settings:
    """Read the configuration of this process; a flag that is None was not given.

    Raises:
        WrongUsage: unknown setting, wrong value, or a `touchline.toml` that cannot be read; says which and where from.
    """
    given = {**command_line_flags, **{name: value for name, value in flags.items() if value is not None}}
    environment = environment_values(os.environ)
    chosen = given.get("project_dir") or environment.get("project_dir")
    project_dir = Path(str(chosen)).expanduser().resolve() if chosen else find_project_dir(Path.cwd())
    layers = (
        (CONFIG_FILE_NAME, _read_file(project_dir / CONFIG_FILE_NAME)),
        ("environment", environment),
        ("flag", given),
    )
    values: dict[str, object] = {"project_dir": project_dir}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        values |= layer
        origins |= {name: ENV_PREFIX + name.upper() if origin == "environment" else origin for name in layer}
    return _build(values, origins)


def environment_values(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings among `TOUCHLINE_*`. Others are left alone: an orchestrator puts names of its own there."""
    named = {name: ENV_PREFIX + name.upper() for name in Settings.model_fields}
    return {name: environment[variable] for name, variable in named.items() if variable in environment}


def unknown_environment_names(environment: Mapping[str, str]) -> list[str]:
    """`TOUCHLINE_*` variables that name no setting: perhaps misspelled, so `config show` lists them."""
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in environment if name.startswith(ENV_PREFIX) and name not in known)


def find_project_dir(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds a `touchline.toml`, else `start`."""
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if (folder / CONFIG_FILE_NAME).is_file()), start)


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongUsage(f"{path} cannot be read: {error}", "mend the file; its lines are `setting = value`") from error


def _build(values: Mapping[str, object], origins: dict[str, str]) -> Settings:
    for name in values:
        if name not in Settings.model_fields:
            origin = origins.get(name, "flag")
            close = get_close_matches(name, Settings.model_fields, n=1)
            hint = f"did you mean {close[0]}?" if close else "see `touchline config show` for all settings"
            raise WrongUsage(f"{origin}: there is no setting {name!r}", hint)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise WrongUsage(_explain(error, origins), "`touchline config show` says what each means") from error
    settings._origins.update(origins)
    return settings


def _explain(error: ValidationError, origins: Mapping[str, str]) -> str:
    """One clause a wrong setting, without its value: a secret may stand in the wrong place."""
    clauses = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(fault["loc"][0]) if fault["loc"] else "configuration"
        clauses.append(
            f"{name} (from {origins.get(name, DEFAULT_ORIGIN)}): {fault['msg'].removeprefix('Value error, ')}"
        )
    return "; ".join(clauses)
