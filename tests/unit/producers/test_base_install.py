"""Senders need kafka-python and pydantic, nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
BASE_INSTALL = {
    "kafka",
    "crc32c",
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
}
PROGRAM = """
import sys

class OnlyTheBaseInstall:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED and top not in sys.stdlib_module_names and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(f"{name} is not in the base install", name=name)

ALLOWED = set(sys.argv[1].split(",")) | {"touchline"}
sys.meta_path.insert(0, OnlyTheBaseInstall())

import touchline
assert "kafka" not in sys.modules and "pydantic" not in sys.modules, "import touchline is to be quick"
for name in touchline.__all__:
    getattr(touchline, name)

with touchline.InMemoryProducer(person_keys=touchline.PersonKeys("k1", bytes(32))) as producer:
    producer.emit(source="web-shop", touchpoint="page", identifiers=[("mail", "a@example.org")])
assert len(producer.records) == 1
"""


def test_everything_that_touchline_exports_works_on_the_base_install() -> None:
    command = [sys.executable, "-P", "-c", PROGRAM, ",".join(sorted(BASE_INSTALL))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_an_unknown_name_is_an_attribute_error() -> None:
    import touchline

    assert not hasattr(touchline, "TouchpointConsumer")
    assert set(touchline.__all__) <= set(dir(touchline))
