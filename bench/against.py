"""The worker of another commit, measured in turn with the one here: `--against COMMIT` of several benchmarks.

The commit is laid out as a git worktree in a temporary folder. If its requirements.lock is that of here, our Python runs it; if not, its
own `./run` makes an environment for it. It has a stack of its own, with its own schema and its own files (maps, sources), and says itself
how its stored events are counted. Engines, events and the measuring are those of here.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from touchline.local.parts import settings_environment
from touchline.local.stack import LocalStack
from touchline.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
OURS: Final = "SELECT toUInt64(sum(sign)) FROM journey_raw.ledger WHERE kind = 'received'"
"""How many events the ledger of here holds."""
_COUNTED: Final = """
try:
    from bench.against import OURS
except ImportError:  # a commit before --against
    from bench.pipeline import OURS
print(OURS)
"""


_Side = TypeVar("_Side")


class Version(NamedTuple):
    """A worker to measure: its name, its checkout, the Python that runs it, and the query for how many events it has stored."""

    name: str
    root: Path
    python: str
    counted: str


HERE: Final = Version("here", ROOT, sys.executable, OURS)


@contextmanager
def versions(commit: str | None) -> Iterator[list[Version]]:
    """The worker here, and that of the commit if one is named; its checkout is gone when the block ends."""
    if commit is None:
        yield [HERE]
        return
    name = _git("rev-parse", "--short=10", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    with tempfile.TemporaryDirectory(prefix="touchline-against-") as folder:
        root = Path(folder) / "checkout"
        _git("worktree", "add", "--detach", str(root), name)
        try:
            yield [HERE, _version(name, root)]
        finally:
            _git("worktree", "remove", "--force", str(root))


def _version(name: str, root: Path) -> Version:
    python = sys.executable
    if (root / "requirements.lock").read_bytes() != (ROOT / "requirements.lock").read_bytes():
        print(f"making an environment for {name}, whose requirements.lock is another", file=sys.stderr)
        subprocess.run([root / "run", "version"], check=True, stdout=sys.stderr)
        python = str(root / ".venv" / "bin" / "python")
    command, environment = [python, "-c", _COUNTED], {"PYTHONPATH": str(root)}
    counted = subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True).stdout
    return Version(name, root, python, counted.strip())


@contextmanager
def stack_for(version: Version, partitions: int) -> Iterator[LocalStack]:
    """A stack in a temporary folder with the schema of this version."""
    with (
        tempfile.TemporaryDirectory(prefix="touchline-bench-") as folder,
        LocalStack(Path(folder), partitions=partitions, migrate=version is HERE) as stack,
    ):
        if version is not HERE:
            command = [version.python, "-m", "touchline", "migrate"]
            environment = environment_for(version, stack.settings)
            subprocess.run(command, cwd=version.root, env=environment, check=True, stdout=subprocess.DEVNULL)
        yield stack


def environment_for(version: Version, settings: Settings) -> dict[str, str]:
    """The environment in which this version's programs have these settings, with the files of their own checkout: maps and sources may be
    written otherwise there."""
    environment = settings_environment(settings)
    if version is HERE:
        return environment
    stack = str(settings.local_dir.resolve())
    moved = {
        name: str(version.root) + value.removeprefix(str(ROOT))
        for name, value in environment.items()
        if name.startswith("TOUCHLINE_") and _is_within(value, str(ROOT)) and not _is_within(value, stack)
    }
    return {**environment, **moved, "PYTHONPATH": str(version.root)}


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def in_turn(found: Sequence[_Side], number: int) -> list[_Side]:
    """Who is measured first changes with the number of the round."""
    turn = number % len(found)
    return [*found[turn:], *found[:turn]]


def add_argument(parser: argparse.ArgumentParser) -> None:
    """`--against COMMIT`."""
    parser.add_argument(
        "--against", metavar="COMMIT", help="measure the worker of this commit in turn with the one here"
    )


def _git(*arguments: str) -> str:
    outcome = subprocess.run(["git", "-C", str(ROOT), *arguments], check=False, capture_output=True, text=True)
    if outcome.returncode:
        raise SystemExit(
            f"error: git {arguments[0]}: {outcome.stderr.strip()}\nhint: --against takes a commit of this repository"
        )
    return outcome.stdout.strip()
