"""What every script of `findings/` keeps to. They need the network, so none is run here or in CI."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FINDINGS = ROOT / "findings"
SCRIPTS = sorted(FINDINGS.glob("*.sh"))
FIELDS = ["Software", "Behaviour", "Seen", "Expected", "Known", "Touchline"]
INSTALL = re.compile(r"(?:bin/pip\"|npm) install ((?:[^\n]|\\\n)*?)\s*(?:\\\n\s*)?\|\|")
PINNED = re.compile(r"[A-Za-z0-9_.@/-]+(?:==|@)\d[\w.]*")
OPTION_WITH_VALUE = re.compile(r"--prefix \S+|--[\w-]+")


def script(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def head(text: str) -> list[str]:
    """The comment before the first command, without the line that names bash."""
    return text.split("\nset -euo pipefail\n")[0].splitlines()[1:]


def installed(text: str) -> list[str]:
    """What pip and npm are asked for."""
    commands = [OPTION_WITH_VALUE.sub("", command) for command in INSTALL.findall(text)]
    return [word for command in commands for word in command.replace("\\\n", " ").split()]


def test_the_folder_holds_scripts_and_their_table_only() -> None:
    assert sorted(FINDINGS.iterdir()) == sorted([*SCRIPTS, FINDINGS / "README.md"])
    assert len(SCRIPTS) > 5


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_finding_can_be_run_and_stops_at_the_first_error(path: Path) -> None:
    assert path.stat().st_mode & 0o111
    assert script(path).startswith("#!/usr/bin/env bash\n# Software: ")
    assert "\nset -euo pipefail\n" in script(path)
    subprocess.run(["bash", "-n", str(path)], check=True)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_finding_says_in_its_head_what_it_shows(path: Path) -> None:
    lines = head(script(path))
    named = [found[1] for line in lines if (found := re.match(r"# (\w+): \S", line))]
    assert named == FIELDS
    assert all(line.startswith("#   ") for line in lines if not re.match(r"# \w+: \S", line))
    assert re.search(r"\d+\.\d+", lines[0]), "the field Software gives the version"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_finding_pins_each_package_and_names_its_version(path: Path) -> None:
    packages = installed(script(path))
    assert packages
    assert [package for package in packages if not PINNED.fullmatch(package)] == []
    software = " ".join(head(script(path)))
    versions = [re.split("==|@", package)[-1] for package in packages if not package.startswith("kafka-python")]
    assert [version for version in versions if version not in software] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_finding_leaves_nothing_behind_and_does_not_use_the_product(path: Path) -> None:
    text = script(path)
    assert "work=$(mktemp -d)\n" in text
    assert re.search(r"^trap '.*rm -rf \"\$work\"' EXIT$", text, re.MULTILINE)
    assert not re.search(r"\b(?:pkill|killall|0\.0\.0\.0)\b", text)
    assert not re.search(r"\b(?:import|from) touchline\b|\./run\b", text)


def test_table_lists_each_finding_once() -> None:
    table = (FINDINGS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[([\w-]+)\]\(\1\.sh\) \|", table, re.MULTILINE)
    assert sorted(listed) == [path.stem for path in SCRIPTS]


def test_neither_ci_nor_a_test_runs_a_finding() -> None:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--", "run", ".ci", "tests", "scripts"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    texts = {name: (ROOT / name).read_text(encoding="utf-8", errors="replace") for name in listed.stdout.split()}
    assert ".ci/run" in texts
    found = [(name, path.name) for name, text in texts.items() for path in SCRIPTS if path.name in text]
    assert found == []
