"""Bytes that a coverage-guided fuzzer finds, through the worker's first steps: `./run check fuzz [--runs N] [--seconds S] [--seed N]`.

Every input is a Kafka record (key, headers, time, value) and gets exactly one fate: stored, suppressed, or quarantined under a reason of
the closed set. None raises, the quick way and the long way agree, nothing personal stands in a reason, and the row can be encoded for the
ledger. It begins with the corpus of the repository (tests/support/fuzz/corpus.ndjson) and the contracts' examples, and keeps what
takes a new way in `.local/fuzz/corpus` for the next run. `--keep` writes the smallest corpus that takes all of these ways to the
repository. `--replay FILE` looks at an input that was found, without the fuzzer.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.checks.mutations import bases
from tests.checks.verdict import check_parser, end_with_verdict
from tests.support.fuzz.inputs import INPUT_BYTES_MAX, input_of, read_corpus, write_corpus
from tests.support.fuzz.target import SOURCES, check_together, outcome_of
from tests.unit.processors.loop.odd import VALID
from touchline.schemas.events import EVENT_TYPES
from touchline.schemas.rejections import FIELD_NAMES

ROOT: Final = Path(__file__).parent.parent.parent
FOLDER: Final = ROOT / ".local" / "fuzz"
RUNS: Final = 100_000
BEYOND: Final = 256
"""Inputs that are made beside those asked for, since they are counted when a batch of them is whole."""
INPUT_SECONDS_MAX: Final = 10
MEMORY_MB_MAX: Final = 2_048
PERSONAL: Final = {
    "properties": {"note": "jane@example.org or +49 30 23125 100", "paid": "4111 1111 1111 1111", "from": "192.0.2.7"},
    "comment": "pay DE89 3704 0044 0532 0130 00, says jane@example.org",
    "place": "jane@example.org",
    "persona": "jane",
}
"""Values that a guard takes out or refuses."""
_COVERED: Final = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
_TOLD: Final = re.compile(r"#\d+\t(INITED|pulse|DONE)|ERROR|Error|Exception|Test unit")


def check(runs: int, seconds: int, seed: int, folder: Path = FOLDER) -> str:
    """What was found. Raises AssertionError with the file of the input for which something does not hold."""
    corpus, counts = folder / "corpus", folder / "counts.json"
    corpus.mkdir(parents=True, exist_ok=True)
    counts.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-seeds-") as seeds:
        _write_each(_seeds(), Path(seeds))
        limits = (f"-runs={runs + BEYOND}", f"-max_total_time={seconds}", f"-seed={seed}")
        covered = _fuzz(folder, *limits, f"-dict={_dictionary(folder)}", str(corpus), seeds)
    found: dict[str, int] = json.loads(counts.read_text(encoding="utf-8"))
    total = sum(found.values())
    if total < runs and not seconds:
        raise AssertionError(f"only {total:,} of {runs:,} inputs were made")
    shares = ", ".join(f"{fate} {count:,}" for fate, count in sorted(found.items()))
    return f"{total:,} inputs, each with one fate: {shares}; {covered}"


def keep(folder: Path = FOLDER) -> str:
    """Write the smallest part of the corpus that takes all of its ways to the repository, and an input for each reason and field."""
    with tempfile.TemporaryDirectory(prefix="fuzz-smallest-") as name:
        _fuzz(folder, "-merge=1", name, str(folder / "corpus"))
        kept = [path.read_bytes() for path in Path(name).iterdir()]
    said = {outcome_of(one)[:3] for one in kept}
    for one in sorted((path.read_bytes() for path in (folder / "corpus").iterdir()), key=len):
        if (outcome := outcome_of(one)[:3]) not in said:
            said.add(outcome)
            kept.append(one)
    write_corpus(kept)
    return f"{len(kept):,} inputs of {sum(map(len, kept)):,} bytes are kept"


def replay(path: Path) -> str:
    """The fate of an input that was found, or of each of those that were found together."""
    inputs = read_corpus(path) if path.suffix == ".ndjson" else [path.read_bytes()]
    outcomes = [outcome_of(one) for one in inputs]
    check_together(outcomes)
    return "; ".join(sorted({" ".join(one[:3]).strip() for one in outcomes}))


def _seeds() -> list[bytes]:
    """The corpus of the repository, and events of every type from every declared source, with personal values and without."""
    declared = [{**one, "source": source} for one in bases() for source in SOURCES]
    declared += [
        {**one, name: value} for one in declared[: len(VALID) * len(SOURCES)] for name, value in PERSONAL.items()
    ]
    return [*read_corpus(), *(input_of(json.dumps(one).encode(), b"k") for one in declared)]


def _write_each(inputs: list[bytes], folder: Path) -> None:
    for one in inputs:
        (folder / sha256(one).hexdigest()).write_bytes(one)


def _dictionary(folder: Path) -> Path:
    """Words of the contract for libFuzzer, which else must find each by chance."""
    path = folder / "words.dict"
    words = sorted({*FIELD_NAMES, *EVENT_TYPES})
    path.write_text("".join(f'"\\x22{word}\\x22"\n' for word in words), encoding="utf-8")
    return path


def _fuzz(folder: Path, *options: str) -> str:
    """Run the fuzzer and say how far it came. Raises AssertionError where it found something, or is not there."""
    packages = folder / "packages"
    if not (packages / "atheris").is_dir():
        raise AssertionError(
            "the fuzzer is not installed (it has wheels for Linux and Python 3.11 to 3.13): use ./run check fuzz"
        )
    command = [sys.executable, "-m", "tests.support.fuzz.program", str(folder), *options]
    command += [
        f"-artifact_prefix={folder}/",
        f"-timeout={INPUT_SECONDS_MAX}",
        f"-rss_limit_mb={MEMORY_MB_MAX}",
        f"-max_len={INPUT_BYTES_MAX}",
    ]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    covered = "nothing was covered"
    with (
        (folder / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
        ) as fuzzer,
    ):
        assert fuzzer.stdout is not None
        for line in fuzzer.stdout:
            log.write(line)
            if _TOLD.search(line):
                print(line.rstrip(), file=sys.stderr, flush=True)
            if numbers := _COVERED.search(line):
                covered = "{} branches covered in {} ways, {} inputs kept".format(*numbers.groups())
    if fuzzer.returncode:
        raise AssertionError(
            f"exit status {fuzzer.returncode}: see {folder / 'log'}, then --replay the file that it names"
        )
    return covered


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return seconds


def main() -> None:
    """Run the check; its last line is the verdict."""
    parser = check_parser("fuzz", __doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"inputs to make (default {RUNS:,})")
    parser.add_argument("--seconds", type=_seconds, default=0, help="end after so long, however many it made")
    parser.add_argument("--keep", action="store_true", help="write the smallest corpus to the repository")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="look at an input that was found")
    arguments = parser.parse_args()
    if arguments.replay:
        end_with_verdict(lambda: replay(arguments.replay))
    elif arguments.keep:
        end_with_verdict(keep)
    else:
        end_with_verdict(lambda: check(arguments.runs, arguments.seconds, arguments.seed))


if __name__ == "__main__":
    main()
