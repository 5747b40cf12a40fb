"""Secrets are made once, whole and private."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from touchline.local.secrets import ensure_secrets, is_private, secret_files
from touchline.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(project_dir=tmp_path)


def test_secrets_are_made_private_and_in_their_form(settings: Settings) -> None:
    made = ensure_secrets(settings)
    assert made == secret_files(settings)
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600] * 7
    assert stat.S_IMODE(made[0].parent.stat().st_mode) == 0o700
    for path in (settings.person_key_file, settings.payload_key_file):
        key_id, _, key = path.read_text(encoding="ascii").strip().partition(":")
        assert key_id
        assert len(bytes.fromhex(key)) == 32
    for path in (settings.content_key_file, settings.erasure_secret_file, settings.survey_secret_file):
        assert len(bytes.fromhex(path.read_text(encoding="ascii"))) == 32
    assert len(settings.clickhouse_password_file.read_text(encoding="ascii").strip()) >= 24
    assert len({path.read_text(encoding="ascii") for path in made}) == 7


def test_existing_secrets_stay_as_they_are(settings: Settings) -> None:
    ensure_secrets(settings)
    before = [path.read_bytes() for path in secret_files(settings)]
    settings.person_key_file.unlink()
    assert ensure_secrets(settings) == [settings.person_key_file]
    after = [path.read_bytes() for path in secret_files(settings)]
    assert before[0] == after[0]
    assert before[1] != after[1]
    assert before[2] == after[2]
    assert not list(settings.person_key_file.parent.glob(".*"))  # no draft is left


def test_a_secret_that_others_can_read_is_not_private(settings: Settings) -> None:
    ensure_secrets(settings)
    settings.person_key_file.chmod(0o640)
    assert [is_private(path) for path in secret_files(settings)] == [True, False, True, True, True, True, True]


def test_the_write_key_is_one_that_the_collector_takes(settings: Settings) -> None:
    from touchline.producers.collector.access import WriteKeys

    ensure_secrets(settings)
    keys = WriteKeys.from_file(settings.write_keys_file)
    assert keys.find(settings.write_keys_file.read_text(encoding="ascii").split()[0]) is not None
