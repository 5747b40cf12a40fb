"""`./run demo --stories`: the stories on a stack of their own, played once, shown whenever asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from scripts.stories.page import lines
from scripts.stories.place import ALERTS, FOLDER, begin_of_what_was_played, remember, stories_settings, write_project
from scripts.stories.play import Player
from scripts.stories.seen import Looking
from scripts.stories.services import services
from scripts.stories.writing import DAYS
from touchline.clickhouse.connect import connect
from touchline.kafka.topic import ensure_topic
from touchline.local.stack import LocalStack
from touchline.settings import Settings

Say = Callable[[str], None]
End = Callable[[LocalStack, list[str]], None]


def show_stories(settings: Settings, say: Say, end: End) -> None:
    """Play them unless that was done before, and print what the views say. `settings` are those of the project; `end` ends of the stories'
    stack what was started here."""
    own = _settings_of_what_is_whole(settings)
    stack = LocalStack.of(own, workers=1)
    write_project(own, stack.jars)
    say(f"the four stories, simulated, on a stack of their own ({own.local_dir.name}/): starting it")
    started = stack.start()
    try:
        begins = begin_of_what_was_played(own)
        if begins is None:
            begins = _play(stack, say)
        else:
            say("they were played before: nothing is sent again")
        with _looking(own, begins) as looking:
            for line in lines(looking):
                print(line, flush=True)
    finally:
        end(stack, started)
    print(_how_to_look(settings, own), flush=True)


def _play(stack: LocalStack, say: Say) -> date:
    """Day 0 of the stories."""
    own = stack.settings
    begins = (datetime.now(UTC) - timedelta(days=DAYS)).date()
    ensure_topic(own.with_changes(topic=ALERTS, partitions=1), stack.cluster.replication)
    with services(own, stack.guard) as running:
        Player(running, begins, say).play()
    remember(own, begins)
    return begins


def _settings_of_what_is_whole(settings: Settings) -> Settings:
    """A performance that was broken off is done away with: its rest would be of another day."""
    own = stories_settings(settings)
    if own.local_dir.exists() and begin_of_what_was_played(own) is None:
        LocalStack.of(own).stop()
        shutil.rmtree(own.local_dir)
        return stories_settings(settings)
    return own


@contextmanager
def _looking(settings: Settings, begins: date) -> Iterator[Looking]:
    client = connect(settings)
    try:
        yield Looking(client, settings, begins)
    finally:
        client.disconnect()


def _how_to_look(settings: Settings, own: Settings) -> str:
    folder = settings.local_dir / FOLDER
    name = folder.relative_to(settings.project_dir) if folder.is_relative_to(settings.project_dir) else folder
    return f"""
see it again: ./run demo --stories, or start it and look around:
    export TOUCHLINE_PROJECT_DIR={name}
    ./run up
    ./run dashboard        # http://{own.dashboard_host}:{own.dashboard_port}/
    ./run cases list
    ./run sql "SELECT * FROM journey.case_kpis"
    ./run down; unset TOUCHLINE_PROJECT_DIR"""
