"""Kafka's classes in an archive that each start of Java maps into memory, in place of parsing 46 jars: half of the CPU time of a start.

Java makes it when a broker ends that was told to (class data sharing). `./run test` has it made once, since the tests start some dozens of
brokers; whoever starts one stack goes without. Java compares the archive with its own build and with the jars, and does without one that
does not fit: after another Java was installed, `./run clean` has it made anew.
"""

from __future__ import annotations

import fcntl
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from touchline.errors import TouchlineError
from touchline.kafka.admin import broker_is_ready
from touchline.local.java import ensure_jars, find_java
from touchline.local.kafka import archived_classes, broker_command, format_cluster, plan_cluster, prepare_broker
from touchline.local.ports import LOOPBACK, free_ports
from touchline.settings import load_settings

READY_SECONDS = 180
END_SECONDS = 120


def ensure_classes(jars: Path) -> None:
    """Make the archive unless it is there; two callers at once make one.

    Raises:
        WrongUsage: Java is missing.
        TouchlineError: a broker did not start, or made no archive.
    """
    archive = archived_classes(jars)
    with jars.with_name("classes.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if archive.exists():
            return
        with tempfile.TemporaryDirectory(dir=jars.parent) as folder:
            draft = Path(folder) / archive.name
            _run_broker(jars, Path(folder), f"-XX:ArchiveClassesAtExit={draft}")
            if not draft.exists():
                raise TouchlineError("Java made no archive of Kafka's classes", "`touchline doctor`")
            draft.replace(archive)


def _run_broker(jars: Path, folder: Path, flag: str) -> None:
    """Start a broker in the folder, and end it when it takes requests."""
    java, (port, _) = find_java(), free_ports(2)  # the second one is the controller's
    cluster = plan_cluster(folder, load_settings(kafka_bootstrap=f"{LOOPBACK}:{port}"), 1)
    format_cluster(cluster, java, jars)
    (broker,) = cluster.brokers
    prepare_broker(cluster, broker)
    program, *arguments = broker_command(java, jars, broker)
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([program, flag, *arguments], stdout=log, stderr=log) as process,
    ):
        try:
            until = time.monotonic() + READY_SECONDS
            while not broker_is_ready(f"{LOOPBACK}:{port}", broker.node_id):
                if process.poll() is not None or time.monotonic() > until:
                    raise TouchlineError("Kafka did not start to have its classes archived", "`touchline doctor`")
                time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            process.wait(END_SECONDS)
        finally:
            process.kill()


def main() -> None:
    """Have the jars and the archive where the project keeps them."""
    jars = load_settings().local_dir / "kafka" / "jars"
    ensure_jars(jars)
    ensure_classes(jars)


if __name__ == "__main__":
    main()
