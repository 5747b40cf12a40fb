"""`touchline bi export`: the files, what it says of them, and what it refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from touchline.cli import main as cli
from touchline.dashboards.bi.export import SUPERSET_ZIP, Tool, exported, zipped
from touchline.dashboards.bi.folder import RECORD

Export = Callable[..., Path]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Runs the command into a folder that it makes, and returns that; the same words once."""
    made: dict[tuple[str, ...], Path] = {}

    def run(*words: str) -> Path:
        if words not in made:
            folder = tmp_path_factory.mktemp("out") / "made"
            assert cli.run(["bi", "export", words[0], str(folder), *words[1:]]) == 0
            made[words] = folder
        return made[words]

    return run


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_superset_gets_one_zip_of_one_folder_with_its_metadata(export: Export) -> None:
    folder = export("superset")
    assert names(folder) == [RECORD, SUPERSET_ZIP]
    with ZipFile(folder / SUPERSET_ZIP) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == {"touchline"}
        metadata = yaml.safe_load(archive.read("touchline/metadata.yaml"))
        assert metadata["type"] == "Dashboard"
        kinds = {name.split("/")[1] for name in archive.namelist()}
    assert kinds == {"metadata.yaml", "databases", "datasets", "charts", "dashboards"}


def test_unpacked_are_the_files_of_the_zip(export: Export) -> None:
    unpacked = export("superset", "--unpacked")
    with ZipFile(export("superset") / SUPERSET_ZIP) as archive:
        packed = {name.removeprefix("touchline/"): archive.read(name) for name in archive.namelist()}
    assert {name: (unpacked / name).read_bytes() for name in names(unpacked) if name != RECORD} == packed


def test_grafana_gets_dashboards_and_what_provisions_them(export: Export) -> None:
    assert names(export("grafana")) == [
        RECORD,
        "dashboards/journey.json",
        "dashboards/operations.json",
        "provisioning/dashboards/touchline.yaml",
        "provisioning/datasources/prometheus.yaml",
        "provisioning/datasources/touchline.yaml",
    ]


def test_dbt_gets_a_package_of_sources(export: Export) -> None:
    folder = export("dbt")
    assert names(folder) == [RECORD, "dbt_project.yml", "models/sources.yml"]
    project = yaml.safe_load((folder / "dbt_project.yml").read_text())
    assert (project["name"], project["model-paths"]) == ("touchline", ["models"])
    sources = yaml.safe_load((folder / "models/sources.yml").read_text())
    assert len(sources["sources"][0]["tables"]) > 30


def test_no_json_but_dashboards_lies_where_grafana_looks_for_them(export: Export) -> None:
    folder = export("grafana")
    found = [path for path in folder.rglob("*.json") if "panels" not in json.loads(path.read_text())]
    assert found == []


@pytest.mark.parametrize("tool", Tool)
def test_the_same_release_writes_the_same_bytes(tool: Tool, export: Export, tmp_path: Path) -> None:
    first = export(tool)
    assert cli.run(["bi", "export", tool, str(tmp_path)]) == 0
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == {
        name: (first / name).read_bytes() for name in names(first)
    }
    assert cli.run(["bi", "export", tool, str(tmp_path)]) == 0, "again into the same folder"


def test_the_order_of_files_does_not_change_the_zip() -> None:
    one = zipped({"a.yaml": b"1", "b.yaml": b"2"})
    assert zipped({"b.yaml": b"2", "a.yaml": b"1"}) == one
    with ZipFile(io.BytesIO(one)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2025, 1, 1, 0, 0, 0)}


def test_what_was_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bi", "export", "dbt", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{tmp_path}/dbt_project.yml  ")
    assert lines[-1].startswith("2 files for dbt; ")


def test_json_is_one_object_with_the_files_and_what_was_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["bi", "export", "superset", str(tmp_path)]) == 0
    capsys.readouterr()
    assert cli.run(["bi", "export", "superset", str(tmp_path), "--unpacked", "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (told["tool"], told["folder"], told["removed"]) == ("superset", str(tmp_path), [SUPERSET_ZIP])
    sizes = {name: len(content) for name, content in exported(Tool.SUPERSET, unpacked=True).items()}
    assert {one["name"]: one["bytes"] for one in told["files"]} == sizes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tableau", "new"], "'…' is not one of 'superset', 'grafana', 'dbt'"),
        (["grafana", "new", "--unpacked"], "--unpacked is of superset alone"),
        (["dbt", "full"], "is not empty, and no export is in it"),
        (["dbt", "full/file"], "is a file"),
        (["dbt", "full/file/below"], "cannot write the export into"),
        (["dbt"], "Missing argument 'DIR'"),
    ],
)
def test_wrong_usage_has_status_2_a_reason_and_a_hint(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert cli.run(["bi", "export", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert "\nhint: " in shown.err
    assert names(tmp_path) == ["full/file"]
