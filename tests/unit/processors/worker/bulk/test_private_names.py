"""The pin on Faust 0.15.3: every private name that `processors/bulk` relies on, with the signature it relies on."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import BaseCoordinator, GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from faust.transport.consumer import Consumer as BaseConsumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer

from touchline.processors.worker import bulk

CODE_LINE_BUDGET = 150
BULK_FILES = sorted(Path(bulk.__file__).parent.glob("*.py"))

METHODS: dict[str, tuple[Callable[..., Any], list[str], bool]] = {
    "_fetch_records": (
        AIOKafkaConsumerThread._fetch_records,
        ["self", "consumer", "active_partitions", "timeout", "max_records"],
        True,
    ),
    "_seek_wait": (AIOKafkaConsumerThread._seek_wait, ["self", "consumer", "partitions"], True),
    "_commit": (AIOKafkaConsumerThread._commit, ["self", "offsets"], True),
    "_consumer_record": (PartitionRecords._consumer_record, ["self", "tp", "record"], False),
    "_unpack_records": (PartitionRecords._unpack_records, ["self"], False),
    "_create_worker_consumer": (AIOKafkaConsumerThread._create_worker_consumer, ["self", "transport"], False),
    "_ensure_consumer": (AIOKafkaConsumerThread._ensure_consumer, ["self"], False),
    "_new_consumer_thread": (Consumer._new_consumer_thread, ["self"], False),
    "_to_message": (Consumer._to_message, ["self", "tp", "record"], False),
}
ATTRIBUTES = {
    "_read_offset",
    "_coordinator",
    "_fetcher",
    "_records",
    "_records_iterator",
    "_subscription",
    "_isolation_level",
    "_tp",
}
"""Tested below, one by one."""

PUBLIC_METHODS = {
    "getmany": (BaseConsumer.getmany, ["self", "timeout"]),
    "ack": (BaseConsumer.ack, ["self", "message"]),
    "commit": (BaseConsumer.commit, ["self", "topics", "start_new_transaction"]),
    "seek": (BaseConsumer.seek, ["self", "partition", "offset"]),
    "on_buffer_full": (BaseConsumer.on_buffer_full, ["self", "tp"]),
    "on_partitions_revoked": (BaseConsumer.on_partitions_revoked, ["self", "revoked"]),
    "seek_wait": (ThreadDelegateConsumer.seek_wait, ["self", "partitions"]),
    "seek_to_committed": (AIOKafkaConsumerThread.seek_to_committed, ["self"]),
    "__iter__": (PartitionRecords.__iter__, ["self"]),
    "highwater": (AIOKafkaConsumerThread.highwater, ["self", "tp"]),
    "on_crash": (AIOKafkaConsumerThread.on_crash, ["self", "msg", "fmt", "kwargs"]),
}


def test_faust_is_exactly_the_version_that_was_read() -> None:
    assert version("faust-streaming") == "0.15.3"


@pytest.mark.parametrize("name", METHODS)
def test_private_method_has_the_signature_that_is_overridden(name: str) -> None:
    method, parameters, is_coroutine = METHODS[name]
    assert list(inspect.signature(method).parameters) == parameters
    assert inspect.iscoroutinefunction(method) is is_coroutine


@pytest.mark.parametrize("name", PUBLIC_METHODS)
def test_public_method_has_the_signature_that_is_overridden(name: str) -> None:
    method, parameters = PUBLIC_METHODS[name]
    assert list(inspect.signature(method).parameters) == parameters


def test_read_offset_is_a_mapping_that_faust_reads_writes_and_updates_only() -> None:
    assert "_read_offset" in BaseConsumer.__annotations__
    source = inspect.getsource(inspect.getmodule(BaseConsumer))  # type: ignore[arg-type]
    source += inspect.getsource(AIOKafkaConsumerThread)
    uses = [line.strip() for line in source.splitlines() if "_read_offset" in line and not line.strip().startswith("#")]
    assert set(uses) == {
        "_read_offset: MutableMapping[TP, Optional[int]]",
        "self._read_offset = defaultdict(lambda: None)",
        "read_offset = self._read_offset",
        "self._read_offset[ensure_TP(partition)] = offset if offset else None",
        "self._read_offset.pop(tp, None)",
        "get_read_offset = self._read_offset.__getitem__",
        "set_read_offset = self._read_offset.__setitem__",
        "r_offset = get_read_offset(tp)",
        "set_read_offset(tp, offset)",
        "self.consumer._read_offset[tp] = offset",
        "elif tp in self.consumer._read_offset.keys():",
        "del self.consumer._read_offset[tp]",
    }


def test_coordinator_of_aiokafka_holds_the_generation() -> None:
    assert issubclass(GroupCoordinator, BaseCoordinator)
    assert "self.generation = " in inspect.getsource(GroupCoordinator.__init__)


def test_subscription_of_aiokafka_knows_where_each_partition_is_read_next() -> None:
    assert "self._subscription = SubscriptionState(" in inspect.getsource(AIOKafkaConsumer.__init__)
    assert list(inspect.signature(Assignment.state_value).parameters) == ["self", "tp"]
    assert "return self._position is not None" in inspect.getsource(TopicPartitionState.has_valid_position.fget)
    assert "return self._position" in inspect.getsource(TopicPartitionState.position.fget)


def test_aiokafka_does_not_wait_between_taking_records_and_returning_them() -> None:
    """Else a seek could come between, and the start offset stamped on the records would be wrong."""
    source = inspect.getsource(Fetcher.fetched_records)
    after_taking = source[source.index("drained[tp] = records") :]
    assert "await" not in after_taking[: after_taking.index("return drained")]


def test_aiokafka_takes_from_partitions_in_the_order_of_a_dictionary_that_it_never_replaces() -> None:
    source = inspect.getsource(Fetcher)
    assert source.count("self._records = ") == 1
    assert "self._records = collections.OrderedDict()" in source
    assert "for tp in list(self._records.keys()):" in inspect.getsource(Fetcher.fetched_records)
    assert "self._fetcher = Fetcher(" in inspect.getsource(AIOKafkaConsumer)


def test_aiokafka_makes_records_of_the_class_that_its_module_names() -> None:
    assert "partition_records = PartitionRecords(" in inspect.getsource(Fetcher)
    assert "consumer_record = self._consumer_record(tp, record)" in inspect.getsource(PartitionRecords)


def test_aiokafka_takes_its_isolation_level_when_it_starts() -> None:
    assert "self._isolation_level = isolation_level" in inspect.getsource(AIOKafkaConsumer.__init__)
    assert "isolation_level=self._isolation_level" in inspect.getsource(AIOKafkaConsumer.start)
    assert "self._tp = tp" in inspect.getsource(PartitionRecords.__init__)


def test_aiokafka_reads_a_partition_through_one_iterator_and_lets_go_of_it_when_it_ends() -> None:
    assert "self._records_iterator = self._unpack_records()" in inspect.getsource(PartitionRecords)
    reading = inspect.getsource(FetchResult.getall)
    assert "for msg in self._partition_records:" in reading
    assert "self._partition_records = None" in reading[reading.index("else:") :]


def test_faust_seeks_before_it_waits() -> None:
    source = inspect.getsource(AIOKafkaConsumerThread._seek_wait)
    assert source.index("consumer.seek(tp, offset)") < source.index("await ")


def test_no_other_private_name_is_used() -> None:
    used: set[str] = set()
    own: set[str] = set()
    for path in BULK_FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
                used.add(node.attr)
                if isinstance(node.ctx, ast.Store):
                    own.add(node.attr)
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
                own.add(node.target.attr)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("_"):
                used.add(node.name)
                own.add(node.name)
    assert {name for name in used if not name.endswith("__")} - (own - set(METHODS) - ATTRIBUTES) == set(
        METHODS
    ) | ATTRIBUTES


def test_overrides_stay_within_their_budget_of_code_lines() -> None:
    """`record`, `unreadable` and `pacing` override nothing; `reader` overrides aiokafka's reader, which Faust does not know."""
    assert (
        sum(code_lines(path) for path in BULK_FILES if path.stem not in ("record", "reader", "unreadable", "pacing"))
        <= CODE_LINE_BUDGET
    )


def code_lines(path: Path) -> int:
    """Lines of statements: without blank lines, comments and documentation."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.stmt) and not is_text:
            inner = getattr(node, "body", None)
            last = inner[0].lineno - 1 if inner else node.end_lineno or node.lineno
            text = path.read_text().splitlines()
            lines.update(n for n in range(node.lineno, last + 1) if text[n - 1].strip() and '"""' not in text[n - 1])
    return len(lines)
