"""Java and Kafka's jars: found, checked and fetched by Maven with pinned coordinates (`kafka.pom.xml`).

The jars stand in a folder of their own beside a stamp: the pom's hash and every jar's name and size. A folder without a
matching stamp is fetched anew beside the old one and renamed, so that an interrupted download is never taken for a
complete one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from touchline.errors import TouchlineError, WrongUsage

POM = Path(__file__).with_name("kafka.pom.xml")
LOG_CONFIG = Path(__file__).with_name("kafka.log4j2.xml")
STAMP_NAME = "stamp.json"
OLDEST_JAVA = 17
FETCH_SECONDS = 900
# Where Debian keeps the system's certificates in Java's form; another Java on such a machine would not look there.
SYSTEM_TRUST_STORE = Path("/etc/ssl/certs/java/cacerts")
INSTALL_JAVA = "install Java 17 or newer (Debian: `apt-get install openjdk-17-jre-headless`) or set JAVA_HOME"
INSTALL_MAVEN = "install Maven (Debian: `apt-get install maven`)"


def kafka_version() -> str:
    """The pinned version of Kafka."""
    version = ElementTree.parse(POM).getroot().findtext("{*}properties/{*}kafka.version")
    assert version, f"{POM.name} pins no version"
    return version


def find_java() -> str:
    """The java program: of JAVA_HOME, else of the PATH.

    Raises:
        WrongUsage: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not os.access(program, os.X_OK):
        raise WrongUsage(f"there is no Java {'in JAVA_HOME' if home else 'on the PATH'}; Kafka needs it", INSTALL_JAVA)
    if (version := java_version(program)) < OLDEST_JAVA:
        raise WrongUsage(f"{program} is Java {version}; Kafka {kafka_version()} needs {OLDEST_JAVA}", INSTALL_JAVA)
    return program


def java_version(program: str) -> int:
    """The feature release of a java program (17 for 17.0.15, 8 for 1.8); 0 when it does not say."""
    output = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(?:1\.)?(\d+)', output.stderr + output.stdout)
    return int(found.group(1)) if found else 0


def has_jars(folder: Path) -> bool:
    """All jars of the pinned coordinates are there, none cut short."""
    try:
        stamp = json.loads((folder / STAMP_NAME).read_text(encoding="utf-8"))
        return bool(stamp["pom"] == _pom_hash() and stamp["jars"] == _sizes(folder))
    except (OSError, ValueError, KeyError):
        return False


def ensure_jars(folder: Path, progress: Callable[[str], None] = lambda _line: None) -> None:
    """Fetch the jars unless they are there; two callers at once fetch once.

    Raises:
        WrongUsage: Java or Maven is missing.
        TouchlineError: Maven failed (no network?); says what it said.
    """
    if has_jars(folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not has_jars(folder):
            progress(f"fetching Kafka {kafka_version()} by Maven (44 MB, once)")
            _fetch(folder)


def _fetch(folder: Path) -> None:
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    _run_maven(draft)
    stamp = {"pom": _pom_hash(), "jars": _sizes(draft)}
    (draft / STAMP_NAME).write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _run_maven(target: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise WrongUsage("Kafka's jars are not here yet, and there is no Maven to fetch them", INSTALL_MAVEN)
    find_java()
    # -C: a jar that does not have its checksum is an error, not a warning.
    command = [maven, "-B", "-q", "-C", "-f", str(POM), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={target.resolve()}", "-DincludeScope=runtime"]
    environment = dict(os.environ)
    if SYSTEM_TRUST_STORE.exists():
        trust = f"-Djavax.net.ssl.trustStore={SYSTEM_TRUST_STORE}"
        environment["MAVEN_OPTS"] = f"{trust} {environment.get('MAVEN_OPTS', '')}".strip()
    try:
        outcome = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise TouchlineError(f"Maven did not end within {FETCH_SECONDS} s", "check the network, try again") from None
    if outcome.returncode != 0:
        said = "\n".join((outcome.stdout + outcome.stderr).strip().splitlines()[:6])
        raise TouchlineError(
            f"Maven could not fetch Kafka's jars:\n{said}", "check the network (and ~/.m2/settings.xml), try again"
        )


def _pom_hash() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def _sizes(folder: Path) -> dict[str, int]:
    return {jar.name: jar.stat().st_size for jar in sorted(folder.glob("*.jar"))}
