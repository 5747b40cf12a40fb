"""Java and Kafka's jars: what is missing is named, what is incomplete is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import TouchlineError, WrongUsage
from touchline.local.java import POM, ensure_jars, find_java, has_jars, java_version, kafka_version

MAVEN = """#!/bin/sh
echo call >> "$0.calls"
for word in "$@"; do case "$word" in -DoutputDirectory=*) folder="${word#*=}" ;; esac; done
printf 'a jar' > "$folder/kafka_2.13.jar"
"""
OFFLINE_MAVEN = "#!/bin/sh\necho '[ERROR] Unknown host'; exit 1\n"
JAVA = "#!/bin/sh\necho 'openjdk version \"VERSION\" 2025-04-15' >&2\n"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a Java that is new enough; the only one of the PATH besides the system's shell."""
    folder = tmp_path / "bin"
    program(folder / "java", JAVA.replace("VERSION", "17.0.15"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_the_version_of_kafka_is_pinned() -> None:
    assert kafka_version() == "4.3.1"


@pytest.mark.parametrize(("text", "version"), [("17.0.15", 17), ("1.8.0_402", 8), ("25-ea", 25)])
def test_the_release_of_a_java_is_read(tmp_path: Path, text: str, version: int) -> None:
    assert java_version(str(program(tmp_path / "java", JAVA.replace("VERSION", text)))) == version


def test_a_java_that_is_too_old_or_missing_is_named(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_java() == str(programs / "java")
    program(programs / "java", JAVA.replace("VERSION", "11.0.2"))
    with pytest.raises(WrongUsage, match=r"is Java 11; Kafka 4\.3\.1 needs 17"):
        find_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing"))
    with pytest.raises(WrongUsage, match="no Java in JAVA_HOME"):
        find_java()


def test_jars_are_fetched_once_and_again_when_one_is_cut_short(programs: Path, tmp_path: Path) -> None:
    maven = program(programs / "mvn", MAVEN)
    folder = tmp_path / "kafka" / "jars"
    ensure_jars(folder)
    ensure_jars(folder)
    assert has_jars(folder)
    assert len(Path(f"{maven}.calls").read_text().splitlines()) == 1
    (folder / "kafka_2.13.jar").write_text("a j", encoding="utf-8")
    assert not has_jars(folder)
    ensure_jars(folder)
    assert has_jars(folder)
    assert len(Path(f"{maven}.calls").read_text().splitlines()) == 2


def test_jars_of_another_pom_are_not_used(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs / "mvn", MAVEN)
    ensure_jars(tmp_path / "jars")
    newer = tmp_path / "newer.pom.xml"
    newer.write_text(POM.read_text(encoding="utf-8").replace("4.3.1", "4.3.2"), encoding="utf-8")
    monkeypatch.setattr("touchline.local.java.POM", newer)
    assert not has_jars(tmp_path / "jars")


def test_a_failing_or_missing_maven_leaves_no_jars_and_is_named(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="no Maven"):
        ensure_jars(tmp_path / "jars")
    program(programs / "mvn", OFFLINE_MAVEN)
    with pytest.raises(TouchlineError, match="Unknown host"):
        ensure_jars(tmp_path / "jars")
    assert not has_jars(tmp_path / "jars")
    assert not (tmp_path / "jars").exists()
