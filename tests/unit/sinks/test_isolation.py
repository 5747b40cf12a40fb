"""None stalls another: for alerts and for invitations alike."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.sinks import Alerts, Hangs, Invitations, Takes, until
from touchline.care.sinks.queue import AT_ONCE as ALERTS_AT_ONCE
from touchline.errors import WrongUsage
from touchline.sinks.again import NotTaken
from touchline.sinks.sender import hand_over, read_secret
from touchline.surveys.server.inviting.sending import AT_ONCE as INVITATIONS_AT_ONCE

MANY = 3 * max(ALERTS_AT_ONCE, INVITATIONS_AT_ONCE)


def test_alerts_come_to_a_quick_sink_while_another_hangs(tmp_path: Path) -> None:
    hangs, quick = Hangs(), Takes()
    alerts = Alerts(tmp_path, {"hangs": hangs, "quick": quick}, MANY)

    async def go() -> None:
        tasks = alerts.run()
        await until(lambda: alerts.store.counts() == {("hangs", "waits"): MANY, ("quick", "done"): MANY})
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(go())
    assert (sorted(quick.taken), hangs.tries) == (sorted(alerts.keys), ALERTS_AT_ONCE)
    alerts.store.close()


def test_invitations_come_to_a_quick_sink_while_another_hangs() -> None:
    hangs, quick = Hangs(), Takes()
    invitations = Invitations({"webhook": hangs, "topic": quick}, MANY)

    async def go() -> None:
        sending = asyncio.create_task(invitations.keep_sending())
        await until(lambda: set(quick.taken) == invitations.keys)
        sending.cancel()
        await invitations.outgoing.close()

    asyncio.run(go())
    assert (len(quick.taken), hangs.tries) == (MANY, INVITATIONS_AT_ONCE)


def test_a_fault_of_one_sender_is_a_failed_try_and_ends_no_process(tmp_path: Path) -> None:
    broken, quick = Takes(RuntimeError("https://secret.example/")), Takes()
    alerts = Alerts(tmp_path, {"broken": broken, "quick": quick}, 1, attempts=2)

    async def go() -> None:
        tasks = alerts.run()
        await until(lambda: alerts.store.counts() == {("broken", "waits"): 1, ("quick", "done"): 1})
        alerts.now_us += 2_000_000
        alerts.queues["broken"].ring()
        await until(lambda: alerts.store.counts() == {("broken", "done"): 1, ("quick", "done"): 1})
        assert not any(one.done() for one in tasks)
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(go())
    alerts.store.close()


def test_an_invitation_whose_sender_had_a_fault_goes_out_later() -> None:
    sender = Takes(OverflowError("cannot convert float infinity to integer"))
    invitations = Invitations({"webhook": sender}, 1)

    async def go() -> None:
        await invitations.outgoing.send_due()
        await invitations.outgoing.settle()
        assert invitations.desk.written == []
        invitations.desk.clock_us += 2_000_000
        await invitations.outgoing.send_due()
        await invitations.outgoing.settle()
        await invitations.outgoing.close()

    asyncio.run(go())
    assert [disposition for _, disposition in invitations.desk.written] == ["invited"]


def test_what_a_sender_raises_is_told_by_its_type_since_its_text_may_have_an_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(NotTaken) as told:
        asyncio.run(hand_over(Takes(RuntimeError("https://secret.example/")), "k", {}))
    assert (str(told.value), told.value.is_final) == ("RuntimeError", False)
    assert [one.message for one in caplog.records] == ["sender_failed"]
    final = NotTaken("it answered 410", is_final=True)
    with pytest.raises(NotTaken) as said:
        asyncio.run(hand_over(Takes(final), "k", {}))
    assert said.value is final


def test_a_secret_has_no_white_space_around_it_and_one_that_cannot_be_read_is_told_with_its_setting(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_text(" sesame\n")
    (tmp_path / "empty").write_text("\n")
    assert read_secret(tmp_path / "secret", "secret_file") == b"sesame"
    with pytest.raises(WrongUsage, match="is empty"):
        read_secret(tmp_path / "empty", "secret_file")
    with pytest.raises(WrongUsage, match="cannot be read"):
        read_secret(tmp_path / "moon", "secret_file")
