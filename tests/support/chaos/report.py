"""A run as a page to read and to keep: what was done, what was seen, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.support.chaos.plan import KILLS, Fault
from tests.support.chaos.run import OF_RECORDS, Outcome
from tests.support.chaos.verdict import WORKER, Wrong
from tests.support.chaos.watch import Sample

SHOWN = 40


def verdict_line(outcome: Outcome, wrong: Sequence[Wrong]) -> str:
    """The run in one sentence."""
    found, done = outcome.findings, outcome.done
    if wrong:
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in wrong).items())
        return f"{kinds}; first: {wrong[0].kind}: {wrong[0].text.splitlines()[0]}"
    idle = f", {len(done.without_effect)} faults had no effect" if done.without_effect else ""
    return (
        f"{found.sent.total:,} records, {done.kills} kills in {len(done.effects)} faults{idle}: 0 lost, 0 double, {outcome.questions} "
        f"questions answered as by the undisturbed run, nothing above the truth in {outcome.looks} looks, lag 0 after "
        f"{found.lag_seconds or 0:.0f} s"
    )


def report(outcome: Outcome, wrong: Sequence[Wrong], command: str) -> str:
    """Markdown."""
    return "\n".join([*_head(outcome, wrong, command), *_faults(outcome), *_resources(outcome.findings.samples), ""])


def _head(outcome: Outcome, wrong: Sequence[Wrong], command: str) -> Iterator[str]:
    found, plan, done = outcome.findings, outcome.plan, outcome.done
    yield f"# Chaos, seed {plan.seed}"
    yield ""
    yield f"Made by `{command}`. {'Failed' if wrong else 'Passed'}: {verdict_line(outcome, wrong)}."
    yield ""
    yield "| what | found |"
    yield "|---|---|"
    kept = sum(map(len, found.topic.values()))
    rows = {
        "records sent, acknowledged by Kafka": f"{outcome.events:,}, {found.sent.total:,}",
        "sent again, since no acknowledgement came": f"{found.sent.unknown.total():,}",
        "records in the topic, fates that stand": f"{kept:,}, {sum(sum(one.values()) for one in found.fates.values()):,}",
        "kills that hit a running process, as drawn": f"{done.kills} of {sum(one.kind in KILLS for one in plan.faults)}",
        "faults, of these without effect": f"{len(done.effects)}, {len(done.without_effect)}",
        "looks of a reader meanwhile, with no answer": f"{outcome.looks}, {outcome.looks_refused}",
        "questions compared with the undisturbed run": f"{outcome.questions}",
        "seconds until all was stored after the last fault": "not in time" if found.lag_seconds is None else f"{found.lag_seconds:.1f}",
        "seconds until nothing waited any more after that": f"{outcome.rest_seconds:.1f}",
        "seconds of the run": f"{outcome.seconds:.0f}",
    }  # fmt: skip
    yield from (f"| {name} | {value} |" for name, value in rows.items())
    yield ""
    yield "Not compared: " + "; ".join(f"`{name}` ({reason})" for name, reason in OF_RECORDS.items()) + "."
    if wrong:
        yield from ("", "## What is wrong", "")
        yield from (f"- {one.kind}: {one.text}" for one in wrong[:SHOWN])


def _faults(outcome: Outcome) -> Iterator[str]:
    yield from ("", "## Faults", "", "| from (s) | to (s) | what | effect |", "|---|---|---|---|")
    for fault in outcome.plan.faults:
        yield _fault_row(outcome, fault)


def _fault_row(outcome: Outcome, fault: Fault) -> str:
    if fault.number not in outcome.done.effects:
        return f"| | | {fault.text()} | not ended |"
    began, ended, effect = outcome.done.effects[fault.number]
    said = effect.text if effect.is_there else f"**without effect**: {effect.text}"
    return f"| {began:.1f} | {ended:.1f} | {fault.text()} | {said.replace('|', '/')} |"


def _resources(samples: Sequence[Sample]) -> Iterator[str]:
    yield from (
        "",
        "## Memory and open files",
        "",
        "| part | processes | MiB at most | files at most |",
        "|---|---|---|---|",
    )
    by_name: dict[str, list[Sample]] = {}
    for one in samples:
        by_name.setdefault(one.name, []).append(one)
    for name, own in sorted(by_name.items(), key=lambda one: (not one[0].startswith(WORKER), one[0])):
        memory, files = max(one.memory_bytes for one in own) >> 20, max(one.files for one in own)
        yield f"| {name} | {len({one.pid for one in own})} | {memory} | {files} |"
