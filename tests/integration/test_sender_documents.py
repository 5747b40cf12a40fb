"""docs/senders/files.md and surveys.md typed as they stand, on the session's Kafka and a ClickHouse of its own with a worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.documents import ROOT, blocks_of
from tests.support.engines import own_face, working
from tests.support.walking import Walk

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack


def test_the_pages_on_files_work_as_they_are_written(stack: LocalStack, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    with own_face(stack, tmp_path / "face", partitions=1) as ledger:
        settings = ledger.settings
        walk = Walk(project, tmp_path)
        lines = [f'{name} = "{getattr(settings, name)}"' for name in ("kafka_bootstrap", "topic", "consumer_group")]
        lines += [
            f"{name} = {getattr(settings, name)}" for name in ("clickhouse_port", "clickhouse_http_port", "partitions")
        ]
        lines += [
            f'{name} = "{getattr(settings, name)}"'
            for name in ("person_key_file", "content_key_file", "payload_key_file", "clickhouse_password_file")
        ]
        (project / "touchline.toml").write_text("\n".join(lines))
        with working(stack, ledger, tmp_path / "face"):
            typed = {
                page: sum(walk.block(block) for block in blocks_of(ROOT / "docs" / "senders" / page))
                for page in ("files.md", "surveys.md")
            }
    assert typed["files.md"] > 15
    assert typed["surveys.md"] > 5
