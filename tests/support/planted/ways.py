"""All ways in, and all ways to ask, each with its own planted values."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import KafkaProducer

from tests.support.collectors import HOST, CollectorProcess
from tests.support.planted.values import CONTROL, answer, planted, refused, visit
from tests.support.planted.world import World
from tests.support.ports import free_port
from touchline.kafka.partitioning import partition_of
from touchline.producers.errors import EventRejected
from touchline.producers.imports import clicks
from touchline.producers.kafka import TouchpointProducer
from touchline.schemas.identifiers import PersonKeys

(BY_FLAGS, BY_LINES, BY_HTTP, BY_HEADERS, BY_FILE, BY_ROWS, BY_CLICKS, BY_OUTBOX, BY_FOREIGN, TYPED, ASKED, STRICT) = (
    map(planted, range(12))
)
CLIENT = "127.0.0.77"
"""Address of the client that posts."""
MAPPING = """\
mapping: tills
source: retail-pos
id: receipt
time: {column: sold_at, format: "%Y-%m-%d %H:%M:%S"}
zone: Europe/London
identifiers: {loyalty: card, phone: phone, login: login, anonymous: cookie, mail: mail}
fields: {touchpoint: {constant: store_purchase}, action: {constant: purchase}, campaign: campaign, place: place}
properties: {customer_name: customer, note: note, paid_with: paid}
"""
HEAD = "receipt,sold_at,card,phone,login,cookie,mail,campaign,place,customer,note,paid,street\n"
CLICKS = "user_id,session_id,event,timestamp,platform,acquisition_channel,user_cohort,user_lifecycle\n"


def lines(events: Iterable[Mapping[str, Any]]) -> str:
    """NDJSON."""
    return "".join(json.dumps(one) + "\n" for one in events)


def by_shell(world: World) -> None:
    """`touchline emit`: by flags, and lines of which some are refused."""
    one = BY_FLAGS
    persons = [word for kind, value in one.identifiers for word in ("--person", f"{kind}:{value}")]
    facts = {
        "note": one.text,
        "customer_name": one.name,
        "paid_with": one.card,
        "client_ip": one.ip,
        "control": CONTROL,
    }
    said = [word for name, value in facts.items() for word in ("--property", f"{name}={value}")]
    world.run("emit", "--touchpoint", "store_visit", "--place", f"counter of {one.mail}", *persons, *said)
    events = [visit(BY_LINES, "by-line", "shell"), answer(BY_LINES, "by-line-2"), *refused(BY_LINES, "line")]
    broken = f'{{"id": "{BY_LINES.mail}", {BY_LINES.text}\n'
    world.run("emit", world.give("events.ndjson", lines(events) + broken), status=1)
    world.run("emit", world.give("strict.ndjson", lines([visit(STRICT, "strict", "strict")])), "--json", status=1)


def by_collector(world: World) -> None:
    """JSON, lines and CloudEvents, good and refused, under headers and paths that tell something, from an address of its own."""
    one, told = BY_HTTP, BY_HEADERS
    with world.collector() as running:
        batch = [
            visit(one, "by-http"),
            answer(one, "by-http-2"),
            *refused(one, "http"),
            visit(one, "none") | {"source": "not-declared"},
        ]
        post(world, running, json.dumps(batch).encode(), 202)
        post(world, running, json.dumps(visit(one, "by-http-3")).encode(), 202)
        post(
            world,
            running,
            lines([visit(one, "by-http-4"), *refused(one, "lines")]).encode(),
            202,
            "application/x-ndjson",
        )
        heads = {
            name: value for name, value in visit(one, "by-http-5").items() if name in ("id", "source", "type", "time")
        }
        data = {name: value for name, value in visit(one, "by-http-5").items() if name not in heads}
        event = {"specversion": "1.0", **heads, "data": data}
        post(world, running, json.dumps(event).encode(), 202, "application/cloudevents+json")
        post(world, running, f'[{{"id": "{one.mail}", {one.text}'.encode(), 400)
        post(world, running, f"<{one.mail}>".encode(), 415, f"text/{told.cookie}")
        post(world, running, b"{}", 401, key=f"{told.login}.{'b' * 64}")
        post(world, running, b"{}", 404, path=f"/v1/{told.mail}/{told.cookie}")


def post(
    world: World,
    running: CollectorProcess,
    body: bytes,
    status: int,
    kind: str = "application/json",
    path: str = "/v1/events",
    key: str = "",
) -> None:
    """One request; its answer is kept."""
    told = BY_HEADERS
    headers = {
        "Authorization": f"Bearer {key or running.write_key}", "Content-Type": kind, "From": told.mail, "X-Forwarded-For": told.ip,
        "Forwarded": f'for="[{told.ip6}]"', "User-Agent": f"till of {told.mail}", "Cookie": f"id={told.cookie}", "X-Customer": told.name,
        "Referer": f"https://shop.example.org/?mail={told.mail}",
    }  # fmt: skip
    connection = http.client.HTTPConnection(HOST, running.port, timeout=30, source_address=(CLIENT, 0))
    try:
        connection.request("POST", f"{path}?mail={told.mail}&login={told.login}", body, headers)
        response = connection.getresponse()
        said = response.read().decode()
        assert response.status == status, said
        world.keep(f"{response.headers}\n{said}")
    finally:
        connection.close()


def by_files(world: World) -> None:
    """A till's CSV with a name in a column, of which some rows are refused; lines; a data set in the form of the click log."""
    one = BY_FILE
    good = ["88", "2026-03-10 17:30:00"]
    rest = [
        one.loyalty,
        one.phone,
        one.login,
        one.cookie,
        one.mail,
        CONTROL,
        f"of {one.mail}",
        one.name,
        f'"{one.text}"',
        one.card,
        one.name,
    ]
    rows = [
        [*good, *rest],
        ["89", one.mail, *rest],
        ["", *good[1:], *rest],
        [one.mail, *good[1:], *rest],
        ["90", "soon", *rest, one.text],
    ]
    mapping = world.give("tills.yaml", MAPPING)
    table = HEAD + "".join(",".join(row) + "\n" for row in rows)
    world.run("import", world.give("tills.csv", table), "--mapping", mapping, status=1)
    world.run("import", world.give("again.csv", table), "--mapping", mapping, "--dry-run", status=1)
    names = HEAD.strip().split(",")
    two = BY_ROWS
    rest = [
        two.loyalty,
        two.phone,
        two.login,
        two.cookie,
        two.mail,
        CONTROL,
        f"of {two.mail}",
        two.name,
        two.text,
        two.card,
        two.name,
    ]
    objects = [dict(zip(names, row, strict=False)) for row in (["91", good[1], *rest], ["92", two.text, *rest])]
    world.run("import", world.give("tills.ndjson", lines(objects) + f"{{{two.text}\n"), "--mapping", mapping, status=1)
    log = world.given / "ecom.csv.gz"
    shown = BY_CLICKS
    row = (
        f'{shown.mail},{CONTROL},{CONTROL},2026-03-01 10:00:00,"{shown.text}",{shown.ip},{shown.phone},"{shown.mail}"\n'
    )
    log.write_bytes(gzip.compress((CLICKS + row).encode()))
    with TouchpointProducer.from_settings(world.settings) as producer:
        clicks.send_clicks(log, producer, None, b"", lambda units: None)


def by_simulator(world: World) -> None:
    """Nothing can be planted in it."""
    world.run("simulate", "--seed", "1", "--persons", "3", "--days", "5")


def by_outbox(world: World) -> None:
    """A Python producer while Kafka is away: what waits on disk is kept for the search, then goes out."""
    one, folder = BY_OUTBOX, world.root / "outbox"
    away = world.settings.with_changes(kafka_bootstrap=f"{HOST}:{free_port()}", outbox_dir=folder)
    producer = TouchpointProducer.from_settings(away, connect_timeout_seconds=0.2)
    producer.emit_many([visit(one, "by-outbox"), answer(one, "by-outbox-2")])
    for number, event in enumerate(refused(one, "outbox")):
        try:
            producer.emit(event)
        except EventRejected as error:
            world.keep(f"{error.what} {error.hint} {error!r}")
        else:
            raise AssertionError(number)
        producer.emit_refused(event)
    assert producer.waiting_bytes > 0
    producer.close(0.2)
    world.copy("outbox", "outbox-while-kafka-was-away")
    world.run("outbox", "show", "--outbox", str(folder))
    world.run("outbox", "drain", "--outbox", str(folder))


def by_foreign_client(world: World) -> None:
    """A program that writes to Kafka itself: what it writes stands there, and nowhere else."""
    one = BY_FOREIGN
    keys = PersonKeys.from_file(world.settings.person_key_file)
    persons = [{"type": kind, "key": keys.key(kind, value), "value": value} for kind, value in one.identifiers]
    own = [
        {name: value for name, value in event.items() if name != "identifiers"}
        for event in (visit(one, "f1"), answer(one, "f2"))
    ]
    events = [
        *(event | {"persons": persons} for event in own),
        own[0] | {"id": "f3", "persons": persons, "brand": one.mail, "segment": one.mail, "action": one.mail},
        own[0] | {"id": f"receipt of {one.mail}", "persons": persons},
        own[0] | {"id": "f4", "persons": persons, "order": {"id": one.mail}},
        *refused(one, "foreign"),
        visit(one, one.mail) | {"source": "not-declared"},
    ]
    values = [
        *(json.dumps(event).encode() for event in events),
        f'{{"id": "{one.mail}", {one.text}'.encode(),
        one.text.encode(),
    ]
    producer = KafkaProducer(bootstrap_servers=world.settings.kafka_bootstrap, compression_type="zstd")
    key, headers = one.mail.encode(), [("ce_id", one.mail.encode()), (one.login, one.name.encode())]
    partitions = world.settings.partitions
    for value in values:
        producer.send(world.settings.topic, value, key=key, headers=headers, partition=partition_of(key, partitions))
    producer.flush()
    producer.close()


def by_wrong_usage(world: World) -> None:
    """Raw identifiers in the places of other things."""
    one = TYPED
    for value in (one.mail, one.loyalty, one.name):
        for words in (
            [value], ["person", value], ["person", "--loyalty", "1", value], ["export", value], ["export", "mail:x@example.org", value],
            ["comments", "--limit", value], ["comments", "--person", value], ["comments", "--since", value],
            ["emit", "--touchpoint", "x", "--person", value], ["emit", "--touchpoint", "x", "--amount", value],
            ["emit", "--touchpoint", "x", "--time", value], ["emit", "--touchpoint", "x", "--zone", value],
            ["quarantine", "show", value], ["quarantine", "list", "--reason", value], ["trace", value], ["report", f"--{value}"],
            ["comments", "--set", f"partitions={value}"], ["simulate", "--begin", value], ["keys", "forget", value],
        ):  # fmt: skip
            world.run(*words, status=None)


def by_asking(world: World) -> None:
    """Commands and the page, asked for somebody by raw identifiers."""
    one = ASKED
    world.run("person", "--mail", one.mail, status=1)
    world.run("person", "--identifier", f"crm:{one.login}", "--json", status=1)
    world.run("export", f"mail:{one.mail}", status=1)
    world.run("comments", "--person", f"mail:{one.mail}", "--contains", one.text)
    world.run("comments", "--place", one.mail, "--touchpoint", one.mail, "--json")
    world.run("trace", "retail-pos", one.mail, status=1, kept=False)
    world.run("quarantine", "discard", "--source", "retail-pos", "--limit", "1", "--because", f"test of {one.text}")
    for words in (["list"], ["list", "--json"], ["list", "--settled"]):
        world.run("quarantine", *words)
    listed = json.loads(world.run("quarantine", "list", "--json"))["entries"]
    world.run("quarantine", "show", *(entry["position"] for entry in listed))
    world.run("quarantine", "replay", "--all", "--wait", "20", status=None)
    world.run("comments", "--json")
    world.run("comments", "--log", "--json")
    world.run("report", status=None)
    world.run("reconcile", "--wait", "20", status=None)
    with world.dashboard() as page:
        opened = {"Authorization": f"Bearer care.{'c' * 64}", "Content-Type": "application/json"}
        asked = json.dumps({"contains": [one.text], "place": [one.mail], "touchpoint": [one.mail]}).encode()
        for path in (
            f"/{one.mail}",
            f"/api/q/{one.mail}",
            f"/api/q/volume?map={one.mail}&person={one.mail}",
            "/api/meta",
        ):
            found = page.get(
                path.replace(" ", "%20"),
                {"Cookie": f"id={one.cookie}", "X-Forwarded-For": one.ip, "User-Agent": one.mail},
            )
            world.keep(found.body.decode("utf-8", "replace"))
        connection = http.client.HTTPConnection(HOST, page.port, timeout=30, source_address=(CLIENT, 0))
        connection.request("POST", "/api/comments", asked, opened)
        world.keep(connection.getresponse().read().decode())
        connection.close()
