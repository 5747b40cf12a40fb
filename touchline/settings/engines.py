"""Settings of the engines and of the keys."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from touchline.settings.group import Name, Port, SettingsGroup


class KafkaSettings(SettingsGroup):
    """Kafka, its topic and the group of its workers."""

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


class ClickHouseSettings(SettingsGroup):
    """How the pipeline, the command line and the services reach ClickHouse."""

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


class KeySettings(SettingsGroup):
    """Files of the keys: of person keys, of ids, of kept payloads, and of what remains of the erased; and the register of these."""

    person_key_file: Path = Field(
        Path(".local/secrets/person_key"),
        description="file `<key id>:<hex of 32 bytes>`: makes person keys",
        examples=["/run/secrets/person_key"],
    )
    content_key_file: Path = Field(
        Path(".local/secrets/content_key"),
        description="file with one line, hex of 32 bytes: makes ids of what events say, where their sender numbers nothing or by what may "
        "name somebody; the same for all imports and collectors, and never another one",
        examples=["/run/secrets/content_key"],
    )
    payload_key_file: Path = Field(
        Path(".local/secrets/payload_key"),
        description="file `<key id>:<hex of 32 bytes>`: encrypts kept payloads",
        examples=["/run/secrets/payload_key"],
    )
    erasure_secret_file: Path = Field(
        Path(".local/secrets/erasure_secret"),
        description="file with one line, hex of 32 bytes: by it workers know who was erased; the same for all workers, `touchline erase` "
        "and `touchline restore`, and for no sender",
        examples=["/run/secrets/erasure_secret"],
    )
    erasure_register_file: Path = Field(
        Path(".local/erasures.json"),
        description="file in which `touchline erase` and `touchline backup` note what remains of the erased, for `touchline restore`; it "
        "names nobody. Keep it where the backups are",
        examples=["/var/backups/erasures.json"],
    )
