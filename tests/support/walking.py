"""Walks a document as its reader would: types its commands in a project folder, one after the other, and compares what they print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.documents import ROOT, Block, blocks_of, matches, steps_of
from touchline.local.ports import free_ports

STEP_SECONDS = 120
DEFAULT_BROKER = "127.0.0.1:9092"
RUN = """#!/usr/bin/env bash
# The checkout's ./run, after its installation.
cd "$(dirname "$0")" && export TOUCHLINE_PROJECT_DIR=$PWD
[ "$1" != demo ] || exec {python} -m scripts.demo
exec {python} -m touchline "$@"
"""


class Walk:
    """A project folder like a fresh checkout whose packages are installed, with a stack of its own on free ports.

    `replaced` gives other commands for those that a test cannot afford.
    """

    def __init__(
        self, folder: Path, jars: Path, replaced: dict[str, str] | None = None, step_seconds: float = STEP_SECONDS
    ) -> None:
        self.folder = folder
        self._replaced = replaced or {}
        self._step_seconds = step_seconds
        native, http, kafka, _controller = free_ports(4)
        self._broker = f"127.0.0.1:{kafka}"
        lines = (f'kafka_bootstrap = "{self._broker}"', f"clickhouse_port = {native}", f"clickhouse_http_port = {http}")
        (folder / "touchline.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / ".local" / "kafka").mkdir(parents=True)
        (folder / ".local" / "kafka" / "jars").symlink_to(jars)
        (folder / ".venv").symlink_to(sys.prefix)
        for name in ("journeys", "sources.yaml", "scripts"):
            (folder / name).symlink_to(ROOT / name)
        run = folder / "run"
        run.write_text(RUN.format(python=sys.executable), encoding="utf-8")
        run.chmod(0o755)

    def document(self, path: Path) -> int:
        """Every block of the document in order; returns how many commands were typed."""
        return sum(self.block(block) for block in blocks_of(path))

    def block(self, block: Block) -> int:
        """One block: Python and YAML are kept under the name in the first line, `sh` runs as a whole, `console` line by line."""
        if block.language == "python" or (block.language == "yaml" and block.text.startswith("# ")):
            text = block.text.replace(DEFAULT_BROKER, self._broker)
            name = text.partition("\n")[0].removeprefix("# ")
            (self.folder / name).write_text(text, encoding="utf-8")
            return 0
        if block.language == "sh":
            self.type("set -e\n" + block.text, 0, block.name)
            return 1
        if block.language != "console":
            return 0
        status = next((int(word.partition("=")[2]) for word in block.words if word.startswith("status=")), 0)
        steps = list(steps_of(block))
        for step in steps:
            printed = self.type(step.command, status, block.name)
            expected = step.expected or ""
            assert matches(expected, printed), f"{block.name}: {step.command}\nshown:\n{expected}\nprinted:\n{printed}"
        return len(steps)

    def type(self, command: str, status: int = 0, place: str = "") -> str:
        """What a command prints, both streams as on a terminal."""
        outcome = subprocess.run(
            ["bash", "-c", self._replaced.get(command, command)],
            cwd=self.folder, env={**os.environ, "COLUMNS": "200"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, timeout=self._step_seconds, check=False,
        )  # fmt: skip
        assert outcome.returncode == status, f"{place}: {command}\nstatus {outcome.returncode}\n{outcome.stdout}"
        return outcome.stdout
