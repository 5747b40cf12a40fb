"""The process that fuzzes: `python -m tests.support.fuzz.program FOLDER [option of libFuzzer ...]`, started by `./run check fuzz`.

atheris watches which branches of the contract and the steps an input takes, and keeps what takes a new one. Some of its changes are
libFuzzer's, of bytes; most change the event that the bytes hold, so that inputs come past the first parenthesis. After each TOGETHER
inputs all of them go through the whole store loop, and the numbers so far are written to FOLDER/counts.json.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from hashlib import sha1
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Final

WATCHED: Final = (
    "touchline.schemas",
    "touchline.processors.steps",
    "touchline.processors.values",
    "touchline.processors.worker.bulk.reader",
)
TOO_SLOW: Final = ("touchline.schemas.depth",)
"""It looks at every byte: watched, it takes most of the time."""
TOGETHER: Final = 128
STRUCTURED: Final = 0.85
"""Share of changes that are the event's. libFuzzer makes up to five for one input."""

atheris: Any = import_module("atheris")  # it is installed for this check alone, see `run`
with atheris.instrument_imports(include=WATCHED, exclude=TOO_SLOW):
    from tests.checks.mutations import mutate
    from tests.support.fuzz.inputs import place_of_value, write_corpus
    from tests.support.fuzz.target import Outcome, check_together, outcome_of


class Fuzzing:
    """What libFuzzer calls, with the numbers of what was checked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._counts: Counter[str] = Counter()
        self._inputs: list[bytes] = []
        self._outcomes: list[Outcome] = []
        self._met: set[tuple[str, ...]] = set()

    def one_input(self, data: bytes) -> None:
        """Raises what is wrong with this input, or with it and those before it together; their bytes are left in FOLDER."""
        outcome = outcome_of(data)
        self._keep_first(data, outcome)
        self._inputs.append(data)
        self._outcomes.append(outcome)
        if len(self._inputs) < TOGETHER:
            return
        try:
            check_together(self._outcomes)
        except BaseException:
            write_corpus(self._inputs, self._folder / "together.ndjson")
            raise
        self._counts.update(" ".join(one[:2]).strip() for one in self._outcomes)
        self._inputs.clear()
        self._outcomes.clear()
        (self._folder / "counts.json").write_text(json.dumps(self._counts), encoding="utf-8")

    def _keep_first(self, data: bytes, outcome: Outcome) -> None:
        """An input for each reason and field: the contract's checks are compiled, and atheris does not see which of them it was."""
        if (said := outcome[:3]) not in self._met:
            self._met.add(said)
            (self._folder / "corpus" / sha1(data).hexdigest()).write_bytes(data)  # the name that libFuzzer gives


def changed(data: bytes, size_max: int, seed: int) -> bytes:
    """The next input made of a kept one."""
    random = Random(seed)
    if random.random() < STRUCTURED:
        place = place_of_value(data)
        try:
            event = json.loads(data[place:])
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict):
            for _ in range(random.choice((1, 1, 2, 4))):
                mutate(random, event)
            written = data[:place] + json.dumps(event, ensure_ascii=random.random() < 0.5).encode(
                "utf-8", "surrogatepass"
            )
            if len(written) <= size_max:
                return written
    return bytes(atheris.Mutate(data, size_max))


def main() -> None:
    """Fuzz until libFuzzer has had enough; it ends the process."""
    folder, options = Path(sys.argv[1]), sys.argv[2:]
    itself = shlex.join(
        [sys.executable, "-m", "tests.support.fuzz.program", str(folder)]
    )  # libFuzzer starts it by a shell to merge
    atheris.Setup([itself, *options], Fuzzing(folder).one_input, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
