"""The effective configuration: which source wins, where paths start, and errors that say what to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.settings import (
    CONFIG_FILE_NAME,
    PACKAGED_JOURNEYS_DIR,
    Settings,
    command_line_flags,
    find_project_dir,
    load_settings,
    unknown_environment_names,
)
from touchline.settings.group import SettingsGroup


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_config(project: Path, text: str) -> None:
    (project / CONFIG_FILE_NAME).write_text(text, encoding="utf-8")


def test_flags_win_over_environment_over_file_over_defaults(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(project, 'topic = "file"\npartitions = 5\nbatch_rows = 7\n')
    monkeypatch.setenv("TOUCHLINE_TOPIC", "environment")
    monkeypatch.setenv("TOUCHLINE_PARTITIONS", "6")
    settings = load_settings(topic="flag", clickhouse_port=None)
    names = ("topic", "partitions", "batch_rows", "clickhouse_port")
    assert [(getattr(settings, name), settings.origin(name)) for name in names] == [
        ("flag", "flag"),
        (6, "TOUCHLINE_PARTITIONS"),
        (7, "touchline.toml"),
        (9000, "default"),
    ]


def test_command_line_settings_are_flags(project: Path) -> None:
    command_line_flags["partitions"] = "9"
    settings = load_settings()
    assert (settings.partitions, settings.origin("partitions")) == (9, "flag")


def test_relative_paths_start_at_the_folder_of_the_config_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(project, 'state_dir = "state"\n')
    below = project / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    settings = load_settings()
    assert (settings.project_dir, settings.state_dir) == (project, project / "state")
    assert settings.person_key_file == project / ".local/secrets/person_key"


def test_project_folder_without_a_config_file_is_the_working_folder(project: Path) -> None:
    assert find_project_dir(project) == project


def test_project_folder_can_be_named(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write_config(elsewhere, 'topic = "elsewhere"\n')
    assert load_settings(project_dir=elsewhere).topic == "elsewhere"


def test_absolute_paths_stay(project: Path) -> None:
    assert load_settings(local_dir=str(project / "x")).local_dir == project / "x"


def test_without_a_journeys_folder_the_packaged_maps_are_used(project: Path) -> None:
    assert load_settings().journeys_dir == PACKAGED_JOURNEYS_DIR
    (project / "journeys").mkdir()
    assert load_settings().journeys_dir == project / "journeys"


@pytest.mark.parametrize("given", ["retail,aida", " retail , aida ", ["retail", "aida"]])
def test_maps_are_a_list_or_separated_by_commas(project: Path, given: object) -> None:
    assert load_settings(maps=given).maps == ["retail", "aida"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partitions", "0"),
        ("partitions", "many"),
        ("clickhouse_port", "65536"),
        ("topic", ""),
        ("maps", ""),
        ("company_zone", "Middle/Earth"),
        ("company_zone", "/etc/localtime"),
        ("batch_rows", "-1"),
    ],
)
def test_wrong_value_names_setting_and_origin_but_not_the_value(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TOUCHLINE_{name.upper()}", value)
    with pytest.raises(WrongUsage) as caught:
        load_settings()
    assert caught.value.what.startswith(f"{name} (from TOUCHLINE_{name.upper()}): ")
    assert len(value) < 3 or value not in caught.value.what
    assert caught.value.hint


def test_unknown_setting_in_the_file_is_refused_with_the_nearest_name(project: Path) -> None:
    write_config(project, "kafka_bootstraps = 'x:1'\n")
    with pytest.raises(WrongUsage, match=r"touchline\.toml: there is no setting 'kafka_bootstraps'") as caught:
        load_settings()
    assert caught.value.hint == "did you mean kafka_bootstrap?"


def test_unreadable_file_says_where(project: Path) -> None:
    write_config(project, "topic = \n")
    with pytest.raises(WrongUsage, match=r"touchline\.toml cannot be read.*line 1"):
        load_settings()


def test_foreign_environment_names_are_ignored_but_reported(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHLINE_PORT", "tcp://10.0.0.1:80")
    load_settings()
    assert unknown_environment_names({"TOUCHLINE_PORT": "", "TOUCHLINE_TOPIC": "", "OTHER": ""}) == ["TOUCHLINE_PORT"]


def test_changes_are_checked_and_leave_the_original_alone(project: Path) -> None:
    settings = load_settings(topic="a")
    changed = settings.with_changes(clickhouse_port=9001)
    assert (changed.topic, changed.clickhouse_port, changed.origin("clickhouse_port")) == ("a", 9001, "flag")
    assert settings.clickhouse_port == 9000
    with pytest.raises(WrongUsage):
        settings.with_changes(clickhouse_port=0)


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", ["outbox_dir", "worker_http_port"])
def test_an_empty_text_means_that_nothing_is_set(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"TOUCHLINE_{name.upper()}", "")
    assert getattr(load_settings(), name) is None


def test_names_of_the_dashboard_are_a_list_or_separated_by_commas(project: Path) -> None:
    assert load_settings(dashboard_names="one.example, two.example").dashboard_names == ["one.example", "two.example"]


def test_no_group_of_settings_hides_a_field_or_a_check_of_another() -> None:
    """All groups are bases of one class: of two things of one name only one would count."""
    groups = [group for group in SettingsGroup.__subclasses__() if group is not Settings]
    fields = [name for group in groups for name in group.model_fields]
    checks = [name for group in groups for name, value in vars(group).items() if isinstance(value, classmethod)]
    assert sorted(fields) == sorted(Settings.model_fields)
    assert len(checks) == len(set(checks))


def test_origins_are_as_browsers_send_them() -> None:
    given = "https://shop.example, http://localhost:8080"
    assert load_settings(collector_origins=given).collector_origins == ["https://shop.example", "http://localhost:8080"]
    for wrong in ("*", "shop.example", "https://shop.example/", "https://Shop.example", "null"):
        with pytest.raises(WrongUsage, match="collector_origins"):
            load_settings(collector_origins=wrong)
