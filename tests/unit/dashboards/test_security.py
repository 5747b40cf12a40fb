"""Under which names the server answers."""

from __future__ import annotations

import pytest

from touchline.dashboards.server.security import CONTENT_SECURITY_POLICY, Names, host_name, require_own_page
from touchline.service.problem import RequestRefused
from touchline.settings import load_settings


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8788", "127.0.0.1:8788", "[::1]:8788", "journeys.example.com", "Journeys.Example.com:443"],
)
def test_a_known_name_is_answered(host: str) -> None:
    Names(load_settings(dashboard_names="journeys.example.com")).require("/", host)


@pytest.mark.parametrize(
    "host", [None, "", "evil.example", "localhost.evil.example:8788", "127.0.0.1.evil.example", "::1", "[::2]:80"]
)
def test_a_page_of_another_name_that_leads_here_is_refused(host: str | None) -> None:
    names = Names(load_settings(dashboard_host="127.0.0.1"))
    if host == "::1":  # the bare address is a name of this machine, too
        names.require("/", host)
        return
    with pytest.raises(RequestRefused) as refused:
        names.require("/api/maps", host)
    assert refused.value.status == 421


def test_probes_and_scrapers_use_whatever_address_they_have() -> None:
    Names(load_settings()).require("/healthz", "dashboard:8788")


def test_the_name_is_told_from_the_port() -> None:
    assert [host_name(one) for one in ("a:1", "a", "[::1]:1", "[::1]", "::1")] == ["a", "a", "::1", "::1", "::1"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_origin_can_link_here_but_neither_ask_nor_frame(site: str) -> None:
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    require_own_page(link)
    for other in ({"Sec-Fetch-Dest": "iframe"}, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}):
        with pytest.raises(RequestRefused) as refused:
            require_own_page(link | other)
        assert refused.value.status == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}])
def test_the_own_page_an_address_typed_and_a_program_may_ask(headers: dict[str, str]) -> None:
    require_own_page(headers)


def test_the_page_may_load_nothing_from_elsewhere() -> None:
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'self';")
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "unsafe-eval" not in CONTENT_SECURITY_POLICY
