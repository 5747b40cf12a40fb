"""The life of the surveys: open the producer, catch up, listen, serve; on SIGTERM answer what was begun and close the producer."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Any, Final

from touchline.errors import WrongUsage
from touchline.metrics.declared import SURVEYS
from touchline.metrics.meter import Meter
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.limits import Rate
from touchline.producers.collector.live_keys import LiveWriteKeys
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.producer import now_us
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import Sources
from touchline.service.live_sources import LiveSources
from touchline.service.runner import Limits, Service, on_stop_signal
from touchline.settings import Settings
from touchline.surveys.policies import load_policy
from touchline.surveys.questions import load_catalogue
from touchline.surveys.secret import read_survey_secret
from touchline.surveys.server.app import Surveys
from touchline.surveys.server.desk import SOURCE_HINT, Desk
from touchline.surveys.server.inviting.inviter import Inviter
from touchline.surveys.server.inviting.sinks import sinks_of
from touchline.surveys.server.readers import Readers
from touchline.surveys.server.standing import CatchUp
from touchline.surveys.server.ways.build import ways

log = logging.getLogger("touchline.surveys")

CONNECT_SECONDS: Final = 5.0
SHUTDOWN_SECONDS: Final = 10.0
LIMITS: Final = Limits(keepalive_seconds=30.0, last_answers_seconds=1.0, linger_seconds=2.0)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises WrongUsage (policy, questions, secret, keys, sources, port), EngineUnreachable (no outbox, and Kafka away), OutboxUnusable.
    """
    stop = asyncio.Event()
    on_stop_signal(stop.set)
    policy = load_policy(settings.survey_policy, settings.project_dir)
    catalogue = load_catalogue(settings.survey_questions_file)
    secret = read_survey_secret(settings.survey_secret_file)
    person_keys = PersonKeys.from_file(settings.person_key_file)
    meter = Meter(SURVEYS)
    live_sources = LiveSources(settings.sources_file, meter, log)
    sources = live_sources.open()
    require_source(sources, settings.surveys_source)
    keys = LiveWriteKeys(settings.write_keys_file, meter, log)
    keys.open_for(sources)
    producer = await asyncio.to_thread(_open_producer, settings, sources)
    live_sources.then(producer.declare)
    keys.compare_with(live_sources.now)
    intake = Intake(producer, has_outbox=settings.outbox_dir is not None, look=live_sources.look)
    readers = Readers(settings)
    desk = Desk(
        *(policy, catalogue, secret, settings.surveys_source, settings.survey_language, readers, intake, meter, now_us)
    )
    catch_up = CatchUp(settings, producer, readers)
    rate = Rate(settings.surveys_asks_per_second, time.monotonic)
    routes = ways(settings, desk, catch_up)
    surveys = Surveys(desk, keys, person_keys, rate, meter, catch_up, routes, settings.surveys_url)
    inviter = Inviter(desk, sinks_of(settings, time.time), settings.surveys_url, meter, random.random)
    inviting = inviter.keep_inviting(settings.invitations_poll_seconds, catch_up.require)
    tasks = [
        asyncio.create_task(one)
        for one in (catch_up.run(), desk.keep_looking(), live_sources.keep_looking(), keys.keep_looking(), inviting)
    ]
    service = Service(
        surveys.app, settings.surveys_host, settings.surveys_port, LIMITS, "set surveys_host or surveys_port"
    )
    try:
        await service.start()
        log.info("listening", extra={"fields": _described(settings)})
        await stop.wait()
        log.info("stopping")
    finally:
        for task in tasks:
            task.cancel()
        await service.stop(lambda: surveys.answer_the_last(SHUTDOWN_SECONDS))
        await inviter.close()
        await intake.close(SHUTDOWN_SECONDS)
        await asyncio.to_thread(producer.close, SHUTDOWN_SECONDS)
        await readers.close()
        log.info("stopped", extra={"fields": {"on_their_way": producer.counts.on_their_way}})


def require_source(sources: Sources, name: str) -> None:
    """Raises WrongUsage where the source of the surveys is not declared, or works under consent: an ask bears no grant of its own."""
    declared = sources.get(name)
    if declared is None:
        raise WrongUsage(
            f"sources.yaml does not declare {name}, the source of the surveys", SOURCE_HINT.format(source=name)
        )
    if declared.needs_consent:
        raise WrongUsage(
            f"the source of the surveys {name} works under consent, and an ask bears no grant",
            "declare it under legitimate_interests or contract; the policy's purposes say whose consent is needed to be asked",
        )


def _open_producer(settings: Settings, sources: Sources) -> TouchpointProducer:
    options: dict[str, Any] = {"sources": sources}
    return TouchpointProducer.from_settings(settings, connect_timeout_seconds=CONNECT_SECONDS, **options)


def _described(settings: Settings) -> dict[str, object]:
    return {
        "at": f"http://{settings.surveys_host}:{settings.surveys_port}",
        "policy": settings.survey_policy,
        "source": settings.surveys_source,
        "durable_in": settings.outbox_dir or "kafka",
        "invites_by": ", ".join(one for one, is_set in _sinks(settings) if is_set) or "nothing",
    }


def _sinks(settings: Settings) -> list[tuple[str, bool]]:
    return [("topic", settings.invitations_topic is not None), ("webhook", settings.invitations_webhook is not None)]
