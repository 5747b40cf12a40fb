"""Names of senders and webhooks that change while the collector runs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.support.signed import FORMBRICKS_SECRET, SECRETS, WEBHOOKS
from touchline.errors import WrongUsage
from touchline.metrics.declared import COLLECTOR, SENDER_NAMES_STALE, WEBHOOKS_STALE
from touchline.metrics.exposition import Exposition
from touchline.metrics.kinds import Metric
from touchline.metrics.meter import Meter
from touchline.producers.collector.live_files import LiveNames, LiveWebhooks
from touchline.producers.collector.webhooks.signatures import STANDARD
from touchline.schemas import file_watch
from touchline.schemas.sources import Source

LOG = logging.getLogger("touchline.collector")
DECLARED = {name: Source(legal_basis="contract") for name in ("typeform", "formbricks")}


@pytest.fixture(autouse=True)
def _files_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_watch, "SETTLE_LOOKS", 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret)
    path = tmp_path / "webhooks.yaml"
    path.write_text(WEBHOOKS)
    return path


def opened(path: Path | None, meter: Meter | None = None) -> LiveWebhooks:
    return LiveWebhooks(path, meter or Meter(COLLECTOR), LOG, lambda: DECLARED)


def value(meter: Meter, metric: Metric) -> float:
    body, _ = Exposition(meter).answer("")
    (line,) = [one for one in body.decode().splitlines() if one.startswith(f"{metric.name} ")]
    return float(line.split()[1])


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    return [(record.getMessage(), vars(record)["fields"]) for record in caplog.records]


def test_without_a_file_there_are_no_webhooks_and_the_names_that_are_shipped() -> None:
    meter = Meter(COLLECTOR)
    webhooks, names = opened(None, meter), LiveNames(None, meter, LOG)
    assert webhooks.now() == {}
    assert names.now().named("track", "Order Completed").touchpoint == "purchase"
    assert (webhooks.look(), names.look()) == (False, False)
    assert (value(meter, WEBHOOKS_STALE), value(meter, SENDER_NAMES_STALE)) == (0, 0)


def test_a_webhook_that_is_added_or_taken_out_is_known_after_the_next_look(file: Path) -> None:
    webhooks = opened(file)
    assert not webhooks.look()
    begin = WEBHOOKS.index("  kiosk:")
    file.write_text(WEBHOOKS[:begin])
    assert webhooks.look()
    assert {*webhooks.now()} == {"typeform", "formbricks"}
    file.write_text(WEBHOOKS)
    assert webhooks.look()
    assert {*webhooks.now()} == {"typeform", "formbricks", "kiosk"}


def test_a_secret_that_changes_is_read_although_the_file_that_names_it_stays(file: Path) -> None:
    webhooks = opened(file)
    (file.parent / "formbricks").write_text(f"{FORMBRICKS_SECRET}\nYQ==\n")
    assert webhooks.look()
    assert webhooks.now()["formbricks"].keys == (STANDARD.key_of(FORMBRICKS_SECRET), b"a")
    assert not webhooks.look()


def test_a_secret_that_comes_after_the_file_that_names_it_is_read_when_it_is_there(file: Path) -> None:
    webhooks = opened(file)
    file.write_text(WEBHOOKS.replace("secret_file: kiosk", "secret_file: later"))
    assert webhooks.look()
    assert webhooks.is_stale
    (file.parent / "later").write_text("61")
    assert webhooks.look()
    assert (webhooks.is_stale, webhooks.now()["kiosk"].keys) == (False, (b"a",))


@pytest.mark.parametrize(("name", "text"), [("webhooks.yaml", "webhooks: ["), ("kiosk", "no hex"), ("kiosk", None)])
def test_broken_webhooks_keep_those_of_before_and_say_so_in_log_metric_and_health_without_a_secret(
    file: Path, caplog: pytest.LogCaptureFixture, name: str, text: str | None
) -> None:
    meter = Meter(COLLECTOR)
    webhooks = opened(file, meter)
    held, broken = webhooks.now(), file.parent / name
    before = broken.read_text()
    with caplog.at_level(logging.INFO, logger=LOG.name):
        broken.unlink()
        if text is not None:
            broken.write_text(text)
        assert webhooks.look()
        assert not webhooks.look()
        assert webhooks.now() is held
        assert (webhooks.is_stale, value(meter, WEBHOOKS_STALE)) == (True, 1)
        broken.write_text(before)
        assert webhooks.look()
        assert (webhooks.is_stale, value(meter, WEBHOOKS_STALE)) == (False, 0)
    events = [event for event, _ in said(caplog) if event != "webhooks_undeclared"]
    assert events == ["webhooks_kept", "webhooks_read"]
    assert not any(secret in str(said(caplog)) for secret in (*SECRETS.values(), "no hex"))


def test_webhooks_of_sources_that_are_not_declared_are_told_whenever_the_file_was_read(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger=LOG.name):
        webhooks = opened(file)
        file.write_text(WEBHOOKS + "# changed\n")
        webhooks.look()
    assert [(event, fields["sources"]) for event, fields in said(caplog)] == [("webhooks_undeclared", "kiosk")] * 2


def test_names_that_change_hold_after_the_next_look_and_broken_ones_do_not(tmp_path: Path) -> None:
    path, meter = tmp_path / "names.yaml", Meter(COLLECTOR)
    path.write_text("events:\n  Shoe Tried: {touchpoint: fitting}\n")
    names = LiveNames(path, meter, LOG)
    for text, touchpoint, is_stale in (
        ("events:\n  Shoe Tried: {touchpoint: running_lab}\n", "running_lab", False),
        ("events:\n  Shoe Tried: {touchpiont: x}\n", "running_lab", True),
        ("events:\n  Shoe Tried: {touchpoint: fitting}\n", "fitting", False),
    ):
        path.write_text(text)
        assert names.look()
        assert names.now().named("track", "shoe_tried").touchpoint == touchpoint
        assert (names.is_stale, value(meter, SENDER_NAMES_STALE)) == (is_stale, int(is_stale))


def test_what_cannot_be_read_at_first_ends_the_start(file: Path) -> None:
    (file.parent / "kiosk").unlink()
    with pytest.raises(WrongUsage, match="of the webhooks of kiosk cannot be read"):
        opened(file)
    with pytest.raises(WrongUsage, match="senders' names"):
        LiveNames(file.parent / "none.yaml", Meter(COLLECTOR), LOG)
