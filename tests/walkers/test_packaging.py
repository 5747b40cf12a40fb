"""What is built from the checkout: the same files by either way, and a sender's wheel beside a shop's own `schemas`.

Why: docs/decisions/0001.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

PARTS = ("dashboards", "journeys", "processors", "producers", "schemas", "sql")
SHORT_NAMED_PACKAGES = ("dashboards", "processors", "producers", "schemas", "sql")
# In a sender's environment; anything more would be a dependency that slipped into the base install.
BASE_INSTALL = {
    "kafka-python",
    "crc32c",
    "phonenumberslite",
    "pydantic",
    "pydantic-core",
    "annotated-types",
    "typing-extensions",
    "typing-inspection",
}


def build(source: Path, kind: str, target: Path) -> Path:
    """Build `wheel` or `sdist` without a network, with the backend of this environment."""
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    return build(request.config.rootpath, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    return build(request.config.rootpath, "sdist", tmp_path_factory.mktemp("sdist"))


def files_of(wheel: Path) -> list[str]:
    return sorted(zipfile.ZipFile(wheel).namelist())


def test_wheel_from_sdist_and_wheel_from_tree_list_the_same_files(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    # Python before 3.11.4 has no filters, and needs none for an archive of our own.
    options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", **options)
    (source,) = (tmp_path / "unpacked").iterdir()
    (tmp_path / "wheel").mkdir()
    assert files_of(build(source, "wheel", tmp_path / "wheel")) == files_of(wheel)


def test_sdist_holds_every_file_once_and_no_link(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    assert len({member.name for member in members}) == len(members)
    assert [member.name for member in members if member.issym() or member.islnk()] == []


def test_wheel_installs_nothing_but_touchline_and_all_of_it(wheel: Path, project_dir: Path) -> None:
    files = files_of(wheel)
    assert {name.split("/")[0] for name in files if ".dist-info/" not in name} == {"touchline"}
    assert "touchline/py.typed" in files
    command = ["git", "-C", str(project_dir), "ls-files", "--", *PARTS]
    tracked = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    present = [f"touchline/{name}" for name in tracked if (project_dir / name).exists()]
    assert set(present) <= set(files)
    assert any(name.startswith("touchline/journeys/") and name.endswith(".yaml") for name in present)
    assert any(name.startswith("touchline/sql/schema/migrations/") for name in present)


@pytest.mark.parametrize("name", SHORT_NAMED_PACKAGES)
def test_import_under_the_short_name_is_refused(name: str, project_dir: Path) -> None:
    command = [sys.executable, "-c", f"import {name}"]
    outcome = subprocess.run(command, cwd=project_dir, capture_output=True, text=True, check=False)
    assert outcome.returncode != 0
    assert f"ImportError: import touchline.{name}, not {name}" in outcome.stderr


def base_distributions() -> list[Distribution]:
    """Touchline's base requirements and theirs, as installed here."""
    found: dict[str, Distribution] = {}
    waiting = [(Requirement("touchline"), "")]
    while waiting:
        wanted, _ = waiting.pop()
        installed = distribution(wanted.name)
        found.setdefault(wanted.name.lower().replace("_", "-"), installed)
        for line in installed.requires or ():
            requirement = Requirement(line)
            extras = wanted.extras or {""}
            applies = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in extras
            )
            if applies and requirement.name.lower().replace("_", "-") not in found:
                waiting.append((requirement, wanted.name))
    del found["touchline"]
    return list(found.values())


@pytest.fixture(scope="module")
def shop_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, its base requirements, and a shop's own top-level `schemas`; nothing else."""
    folder = tmp_path_factory.mktemp("shop")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site_packages)
    for installed in base_distributions():
        for file in installed.files or ():
            source, target = Path(str(installed.locate_file(file))), site_packages / str(file)
            if ".." not in file.parts and source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source)
    (site_packages / "schemas").mkdir()
    (site_packages / "schemas" / "__init__.py").write_text("OWNER = 'shop'\n")
    return folder / "bin" / "python"


def test_base_install_is_kafka_python_pydantic_and_the_plans_of_telephone_numbers() -> None:
    assert {installed.name.lower().replace("_", "-") for installed in base_distributions()} == BASE_INSTALL


def test_sender_works_beside_a_shops_own_schemas_package(shop_python: Path, tmp_path: Path) -> None:
    program = (
        "import schemas; assert schemas.OWNER == 'shop'\n"
        "from touchline import TouchpointProducer\n"
        "import touchline.schemas; assert touchline.schemas is not schemas\n"
        "print(TouchpointProducer.__name__)"
    )
    command = [str(shop_python), "-I", "-c", program]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (outcome.stdout, outcome.stderr) == ("TouchpointProducer\n", "")


def test_command_line_without_its_extra_says_what_to_install(shop_python: Path, tmp_path: Path) -> None:
    command = [str(shop_python), "-I", "-m", "touchline", "version"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "hint: pip install 'touchline[cli]'" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_help_needs_no_extra(shop_python: Path, tmp_path: Path) -> None:
    command = [str(shop_python), "-I", "-m", "touchline", "help"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "touchline emit" in outcome.stdout
