"""What every file of the repository keeps to: no machine, host or user of its making; guards; scripts that run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
PARTS = ("dashboards", "journeys", "processors", "producers", "schemas", "sql")
# Built of pieces, so that this file does not find itself.
ABSOLUTE_PATHS = re.compile(r"(?<![\w.$}])/(?:work|home|Users|root)" + r"/[\w.-]+")
REGISTRY_HOSTS = re.compile(
    r"\b(?:pypi\.org|pythonhosted\." + r"org|repo\d?\.maven\.|registry\.npmjs|deb\.debian\.org)"
)
# Four numbers: three are a version, such as 10.0.0 of a package.
PRIVATE_ADDRESSES = re.compile(r"\b(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}\b")
BIGGEST_FILE_BYTES = 600_000


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    written = [path for path in tracked() if path.suffix != ".woff2"]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in written}


@pytest.mark.parametrize("pattern", [ABSOLUTE_PATHS, REGISTRY_HOSTS, PRIVATE_ADDRESSES])
def test_no_file_names_a_machine_a_registry_or_an_address(texts: dict[str, str], pattern: re.Pattern[str]) -> None:
    # Unit tests may say of an address that it is refused.
    found = {name: pattern.findall(text) for name, text in texts.items() if not name.startswith("tests/unit/")}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_every_part_is_linked_into_the_package() -> None:
    for part in PARTS:
        link = ROOT / "touchline" / part
        assert link.is_symlink(), part
        assert link.resolve() == ROOT / part


def test_no_file_is_big_and_no_data_are_committed() -> None:
    own = [path.relative_to(ROOT) for path in tracked() if "vendor" not in path.parts]
    names = [name for name in own if (ROOT / name).stat().st_size > BIGGEST_FILE_BYTES]
    assert names == []
    assert [path for path in tracked() if path.suffix in (".parquet", ".jar", ".whl", ".gz")] == []


@pytest.mark.parametrize(
    "script", ["run", ".ci/run", "scripts/compose-secrets", "scripts/minify-tag", "scripts/vendor-page"]
)
def test_script_can_be_run_and_is_valid_bash(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_commit_hooks_are_local_and_their_programs_are_in_the_lock() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    entries = [hook["entry"].split()[0] for hook in config["repos"][0]["hooks"]]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert all(entry == "bash" or f"\n{entry.removeprefix('.venv/bin/')}==" in lock for entry in entries)


def test_ci_runs_the_linters_and_every_test() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-2:] == ["./run lint", "exec ./run test"]


def test_run_knows_every_tier_of_tests() -> None:
    tiers = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")} - {"support"}
    named = set(re.findall(r"tests/(\w+)", (ROOT / "run").read_text(encoding="utf-8")))
    assert tiers <= named


def test_run_says_what_is_there_when_a_name_is_unknown() -> None:
    outcome = subprocess.run([str(ROOT / "run"), "bench", "no-such-name"], capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "error: there is no benchmark 'no-such-name'\nhint: there are: " in outcome.stderr


def test_lock_has_hashes_and_names_no_index() -> None:
    for name in ("requirements.lock", "scripts/uv.lock", "scripts/peers.lock", "scripts/fuzz.lock"):
        lock = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][\w.-]*==\S+ (.*)$", lock, re.MULTILINE)
        assert pins
        assert "://" not in lock
        assert lock.count("\n    --hash=sha256:") >= len(pins)


def test_lock_holds_every_declared_package() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [*project["project"]["dependencies"]]
    for group in (project["project"]["optional-dependencies"], project["dependency-groups"]):
        declared += [requirement for requirements in group.values() for requirement in requirements]
    names = {re.split(r"[\[=<>~ ;]", requirement)[0].lower() for requirement in declared} - {"touchline"}
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    assert names <= locked


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    groups += project["dependency-groups"].values()
    names = {re.split(r"[\[=<>~ ;]", requirement)[0] for group in groups for requirement in group} - {"touchline"}
    assert {name for name in names if name not in reasons and not name.startswith("types-")} == set()
