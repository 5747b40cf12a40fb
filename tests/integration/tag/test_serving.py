"""The collector towards browsers: the tag's two paths, what pages ask before they post, and a rate for each address."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.integration.tag.conftest import KEY
from tests.support.collectors import Answer, CollectorProcess, collector, event
from tests.support.sites import Site
from touchline.producers.browser.tag import TAG_PATH, read_tag

BEACON = f"/v1/events?key={KEY}"
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}


def body_of(count: int) -> bytes:
    items = [event(number, touchpoint="web_page", identifiers=[]) for number in range(count)]
    return str(items).replace("'", '"').encode()


@pytest.mark.parametrize("path", [TAG_PATH, read_tag().fixed_path])
def test_the_tag_is_served_without_a_redirect_zipped_and_for_pages_of_all_origins(
    running: CollectorProcess, path: str
) -> None:
    zipped = running.request("GET", path, b"", {"Accept-Encoding": "gzip, br"})
    assert (zipped.status, zipped.headers["Content-Encoding"]) == (200, "gzip")
    assert len(zipped.body) <= 2_500
    assert gzip.decompress(zipped.body) == running.get(path).body == read_tag().body
    assert zipped.headers["Access-Control-Allow-Origin"] == "*"
    assert ("immutable" in zipped.headers["Cache-Control"]) == (path != TAG_PATH)
    again = running.request("GET", path, b"", {"If-None-Match": zipped.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/v1/events", "/v1/t", "/v1/batch"])
def test_pages_of_listed_origins_may_post_to_every_path_and_read_the_answer(
    running: CollectorProcess, own_site: Site, path: str
) -> None:
    asked = {
        "Origin": own_site.origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = running.request("OPTIONS", path, b"", asked)
    assert (preflight.status, preflight.headers["Access-Control-Allow-Headers"]) == (204, "authorization")
    refused = running.request(
        "POST", path, b'{"batch":[]}', {"Origin": own_site.origin, "Authorization": "Bearer no.key"}
    )
    assert refused.status == 401
    for answer in (preflight, refused):
        assert answer.headers["Access-Control-Allow-Origin"] == own_site.origin
    stranger = running.request("OPTIONS", path, b"", {**asked, "Origin": "https://other.example"})
    assert stranger.status == 403
    assert "Access-Control-Allow-Origin" not in stranger.headers


def test_a_beacon_is_taken_as_text_and_its_source_is_the_keys(running: CollectorProcess, own_site: Site) -> None:
    taken = running.request("POST", BEACON, body_of(2), {**TEXT, "Origin": own_site.origin})
    assert (taken.status, taken.json()["accepted"], taken.json().get("suppressed")) == (202, 0, 2)
    stranger = running.request("POST", BEACON, body_of(2), {**TEXT, "Origin": "https://other.example"})
    assert (stranger.status, stranger.json()["title"]) == (403, "pages of this origin may not send")


def test_an_address_that_sends_too_fast_waits_and_the_tag_is_told_how_long(
    running: CollectorProcess, own_site: Site, tmp_path: Path
) -> None:
    changes = {"collector_visitor_events_per_second": 5.0, "collector_proxies": 1}
    with collector(running.settings, tmp_path, "slow", **changes) as slow:
        statuses, answers = {}, list[Answer]()
        for address in ("203.0.113.7", "203.0.113.8"):
            headers = {**TEXT, "Origin": own_site.origin, "X-Forwarded-For": address}
            answers = [slow.request("POST", BEACON, body_of(12), headers) for _ in range(2)]
            statuses[address] = [one.status for one in answers]
            assert int(answers[1].headers["Retry-After"]) >= 1
            assert answers[1].headers["Access-Control-Expose-Headers"] == "Retry-After"
        assert statuses == {"203.0.113.7": [202, 429], "203.0.113.8": [202, 429]}
        assert "203.0.113" not in slow.log
