"""The browser tag in Chromium: all that consent allowed arrives once, and nothing else is stored or sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from playwright.sync_api import Page

from tests.integration.tag.conftest import GATHERED_MS, KEY, SERVER_KEY, Visit, stored
from touchline.schemas.identifiers import PersonKeys

GRANT: Final = {"state": "granted", "id": "banner-7", "purposes": ["analytics", "profiling"]}
AGREE: Final = "(grant) => touchline.consent(grant)"
VIEW: Final = ("web_page", "view")
BODY: Final = """
<button data-touchpoint="newsletter" data-action="open">News</button>
<form data-touchpoint="contact" onsubmit="return false"><input name="mail" value="jane@example.org"><button>Send</button></form>
<div><a id="plain" href="#">no touchpoint</a></div>
"""


def agreed(visit: Visit, address: str) -> Page:
    page = visit.open(address)
    page.evaluate(AGREE, GRANT)
    return page


def test_without_a_word_about_consent_nothing_is_stored_and_nothing_is_sent(visit: Visit) -> None:
    page = visit.open(visit.put(body=BODY))
    page.click("button[data-touchpoint]")
    page.evaluate("() => { touchline.track('checkout'); touchline.identify('login', 'jane'); touchline.flush() }")
    page.wait_for_timeout(GATHERED_MS)
    assert page.evaluate("() => touchline.id") is None
    assert stored(page) == {}
    page.reload()
    page.close()
    assert visit.requests == []
    assert visit.context.cookies() == []
    assert visit.events() == []


def test_after_a_grant_views_clicks_forms_and_own_touchpoints_arrive_with_it(visit: Visit) -> None:
    page = agreed(visit, visit.put(body=BODY) + "?utm_campaign=spring&utm_source=letter&mail=jane@example.org")
    page.click("button[data-touchpoint]")
    page.click("form button")
    page.click("#plain")
    page.evaluate("() => touchline.track('checkout', {action: 'begin', properties: {items: 3}})")
    browser_id = page.evaluate("() => touchline.id")
    events = visit.wait_for(4)
    assert visit.told() == [VIEW, ("newsletter", "open"), ("contact", "submit"), ("checkout", "begin")]
    key = PersonKeys.from_file(visit.collector.settings.person_key_file).key("anonymous", browser_id)
    assert {one["persons"][0]["key"] for one in events} == {key}
    assert {one["source"] for one in events} == {"web-shop"}
    assert all(one["consent"] == {"id": GRANT["id"], "purposes": GRANT["purposes"]} for one in events)
    assert (events[0]["campaign"], events[0]["properties"]) == (
        "spring", {"path": visit.path, "campaign.source": "letter"},
    )  # fmt: skip
    assert events[3]["properties"] == {"path": visit.path, "items": 3}
    assert "jane" not in str(events)
    assert len(visit.requests) < 4
    assert visit.context.cookies() == []


def test_a_refusal_takes_back_what_was_stored_and_ends_all_sending_in_every_tab(visit: Visit) -> None:
    address = visit.put(body=BODY)
    page, other = agreed(visit, address), agreed(visit, address)
    visit.wait_for(2)
    assert "touchline.id" in stored(page)
    page.evaluate("() => { touchline.track('checkout'); touchline.consent('denied') }")
    assert stored(page) == {}
    for tab in (page, other):
        tab.click("button[data-touchpoint]")
    page.wait_for_timeout(GATHERED_MS)
    page.close()
    other.close()
    assert visit.told() == [VIEW, VIEW]


def test_what_came_before_the_grant_counts_only_from_the_time_that_the_visitor_agreed(visit: Visit) -> None:
    page = visit.open(visit.put("late", body=BODY))
    page.click("button[data-touchpoint]")
    page.evaluate(AGREE, GRANT)
    assert [one["touchpoint"] for one in visit.wait_for(1)] == ["web_page"]
    page.goto(visit.put("again", body=BODY))
    page.click("button[data-touchpoint]")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    page.evaluate(AGREE, {**GRANT, "since": yesterday})
    page.evaluate(AGREE, GRANT)
    visit.wait_for(3)
    assert visit.told() == [VIEW, VIEW, ("newsletter", "open")]


@pytest.mark.parametrize("since", ["null", "''", "0", "'some time'"])
def test_a_time_of_agreement_that_is_none_lets_nothing_through_of_before(visit: Visit, since: str) -> None:
    page = visit.open(visit.put())
    page.evaluate("() => touchline.track('checkout')")
    page.evaluate(f"(grant) => touchline.consent({{...grant, since: {since}}})", GRANT)
    visit.wait_for(1)
    assert visit.told() == [VIEW]


def test_a_word_that_is_no_state_of_consent_is_a_refusal(visit: Visit) -> None:
    page = agreed(visit, visit.put())
    visit.wait_for(1)
    page.evaluate("() => { touchline.consent('withdrawn'); touchline.track('checkout') }")
    assert stored(page) == {}


def test_what_was_under_way_at_a_refusal_does_not_come_back_when_the_visitor_agrees_again(visit: Visit) -> None:
    page = visit.open(visit.put())
    visit.context.route("**/v1/events*", lambda route: None)  # it hangs
    page.evaluate(AGREE, GRANT)
    page.wait_for_timeout(GATHERED_MS)
    page.evaluate("() => touchline.consent('denied')")
    visit.context.unroute("**/v1/events*")
    page.evaluate(AGREE, GRANT)
    page.evaluate("() => touchline.track('newsletter')")
    browser_id = page.evaluate("() => touchline.id")
    kept = page.evaluate("() => JSON.stringify({...localStorage})")
    assert browser_id in kept
    assert kept.count("web_page") == 1


def test_a_consent_that_was_renewed_in_another_tab_stays(visit: Visit) -> None:
    one, other = agreed(visit, visit.put()), agreed(visit, visit.put("other"))
    visit.wait_for(2)
    one.evaluate("() => touchline.consent('denied')")
    one.evaluate(AGREE, GRANT)
    renewed = one.evaluate("() => touchline.id")
    other.wait_for_function("(renewed) => localStorage['touchline.id'] == renewed", arg=renewed)  # tabs hear of it late
    other.evaluate("() => touchline.track('newsletter')")
    assert other.evaluate("() => touchline.id") is None
    assert stored(one)["touchline.id"] == renewed


@pytest.mark.parametrize(("attributes", "arrive"), [("", 0), ('data-gpc="ignore"', 1)])
def test_global_privacy_control_refuses_unless_the_page_says_otherwise(
    visit: Visit, attributes: str, arrive: int
) -> None:
    visit.context.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})")
    page = agreed(visit, visit.put(attributes=attributes))
    page.wait_for_timeout(GATHERED_MS)
    assert len(visit.wait_for(arrive)) == arrive
    assert (stored(page) != {}) == bool(arrive)


def test_a_reload_and_a_tab_that_closes_lose_nothing(visit: Visit) -> None:
    page = agreed(visit, visit.put(body=BODY))
    first = page.evaluate("() => touchline.id")
    page.click("button[data-touchpoint]")
    page.reload()
    page.evaluate(AGREE, GRANT)
    assert page.evaluate("() => touchline.id") == first
    page.click("form button")
    page.close()
    visit.wait_for(4)
    assert visit.told() == [VIEW, ("newsletter", "open"), VIEW, ("contact", "submit")]


def test_what_happens_offline_arrives_with_the_next_page_in_its_order_and_with_its_times(visit: Visit) -> None:
    page = agreed(visit, visit.put(body=BODY))
    visit.wait_for(1)
    visit.context.set_offline(True)
    page.click("button[data-touchpoint]")
    page.wait_for_timeout(GATHERED_MS)
    page.click("form button")
    page.close()
    visit.context.set_offline(False)
    page = visit.open(visit.put())
    page.wait_for_timeout(GATHERED_MS)
    assert visit.told() == [VIEW]  # the visitor has not agreed again
    page.evaluate(AGREE, GRANT)
    visit.wait_for(4)
    assert visit.told() == [VIEW, ("newsletter", "open"), ("contact", "submit"), VIEW]


def test_what_happens_offline_arrives_when_the_page_is_online_again(visit: Visit) -> None:
    page = agreed(visit, visit.put(body=BODY))
    visit.wait_for(1)
    visit.context.set_offline(True)
    page.click("button[data-touchpoint]")
    page.wait_for_timeout(GATHERED_MS)
    visit.context.set_offline(False)
    assert [one["touchpoint"] for one in visit.wait_for(2)] == ["web_page", "newsletter"]


def test_a_collector_that_has_no_room_gets_the_same_events_later(visit: Visit) -> None:
    answers = iter([503, 429])

    def answer(route: object) -> None:
        headers = {
            "Retry-After": "1",
            "Access-Control-Allow-Origin": visit.site.origin,
            "Access-Control-Expose-Headers": "Retry-After",
        }
        status = next(answers, None)
        route.continue_() if status is None else route.fulfill(status=status, headers=headers, body="{}")  # type: ignore[attr-defined]

    visit.context.route("**/v1/events*", answer)
    page = agreed(visit, visit.put(body=BODY))
    page.click("button[data-touchpoint]")
    visit.wait_for(2)
    assert len(visit.requests) == 3


def test_routes_of_a_single_page_are_views_once_each(visit: Visit) -> None:
    page = agreed(visit, visit.put())
    for step in (
        "pushState({}, '', 'cart')",
        "replaceState({}, '', 'cart?size=4')",
        "pushState({}, '', 'done')",
        "back()",
    ):
        page.evaluate(f"() => {{ history.{step} }}")
        page.wait_for_timeout(30)
    page.evaluate("() => { location.hash = '#/help?x=1' }")
    page.wait_for_timeout(30)
    events = visit.wait_for(5)
    paths = [str(one["properties"]["path"]).removeprefix(visit.path) for one in events]
    assert paths == ["", "cart", "done", "cart", "cart#/help"]


def test_a_page_that_comes_back_from_the_back_forward_cache_is_viewed_again_and_nothing_is_doubled(
    visit: Visit,
) -> None:
    visit.put("next")
    page = agreed(visit, visit.put(body=BODY + "<a id=on href=next>on</a><script>window.marked = 1</script>"))
    page.evaluate("() => { window.kept = 'yes' }")
    page.click("button[data-touchpoint]")
    page.click("#on")
    page.wait_for_url("**/next")
    page.evaluate(AGREE, GRANT)
    page.evaluate("() => { history.back() }")  # go_back waits for a load, which there is not
    page.wait_for_function("() => window.kept === 'yes'")
    page.click("form button")
    visit.wait_for(5)
    assert visit.told() == [VIEW, ("newsletter", "open"), VIEW, VIEW, ("contact", "submit")]


def test_under_a_strict_content_security_policy_it_works_as_a_held_release(visit: Visit) -> None:
    from touchline.producers.browser.tag import read_tag

    tag, at = read_tag(), visit.collector.url
    policy = f"default-src 'none'; script-src {at}; connect-src {at}; require-trusted-types-for 'script'"
    html = (
        f'<!doctype html><title>Shop</title><script src="{at}{tag.fixed_path}" integrity="{tag.integrity}" crossorigin '
        f'data-key="{KEY}" data-consent="granted" defer></script><button data-touchpoint="newsletter">News</button>'
    )
    faults: list[str] = []
    page = visit.context.new_page()
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(visit.site.put(visit.path, html, {"Content-Security-Policy": policy}))
    page.evaluate(AGREE, GRANT)
    page.click("button")
    page.wait_for_timeout(GATHERED_MS)
    page.close()
    visit.wait_for(2)
    assert [one for one in faults if "suppressed" not in one and "favicon" not in one and "404" not in one] == []


def test_a_page_that_names_what_its_key_does_not_hears_of_it_and_its_neighbours_arrive(visit: Visit) -> None:
    page = visit.open(visit.put())
    with page.expect_console_message(lambda one: "touchline" in one.text) as heard:
        page.evaluate(AGREE, GRANT)
        page.evaluate("() => { touchline.track('purchase'); touchline.track('basket', {action: 5}) }")
    (_, receipt) = heard.value.args
    fields = [one["faults"][0]["field"] for one in receipt.json_value()["rejections"]]
    assert fields == ["touchpoint", "action"]
    visit.wait_for(2)
    assert visit.told() == [VIEW, ("basket", 5)]  # what the contract refuses is on its way into the quarantine


def test_pages_of_other_origins_and_keys_of_servers_send_nothing(visit: Visit) -> None:
    stranger = visit.put().replace("localhost", "127.0.0.1")
    page = agreed(visit, stranger)
    page.goto(visit.site.put(visit.path + "mine", visit.html().replace(KEY, SERVER_KEY)))
    page.evaluate(AGREE, GRANT)
    page.wait_for_timeout(GATHERED_MS)
    page.close()
    assert {one.url.partition("key=")[2].partition("&")[0] for one in visit.requests} == {KEY, SERVER_KEY}
    assert visit.events() == []


def test_more_than_a_beacon_takes_is_sent_in_parts_and_the_rest_by_the_next_page(visit: Visit) -> None:
    page = agreed(visit, visit.put())
    visit.wait_for(1)
    page.evaluate(
        "() => { for (let one = 0; one < 10; one++) touchline.track('basket', {properties: {note: 'ü'.repeat(7000), one}}) }"
    )
    page.goto(visit.put("next"))
    page.evaluate(AGREE, GRANT)
    events = visit.wait_for(12)
    assert sorted(one["properties"].get("one", -1) for one in events) == [-1, -1, *range(10)]


def test_a_queue_that_is_full_keeps_the_latest_and_stays_within_its_bound(visit: Visit) -> None:
    page = agreed(visit, visit.put())
    visit.wait_for(1)
    visit.context.set_offline(True)
    page.evaluate(
        "() => { for (let one = 0; one < 50; one++) touchline.track('basket', {properties: {note: 'x'.repeat(7000), one}}) }"
    )
    (kept,) = [text for name, text in stored(page).items() if name != "touchline.id"]
    assert 200_000 < len(kept) < 250_100
    page.close()
    visit.context.set_offline(False)
    agreed(visit, visit.put())
    numbers = range(50 - kept.count('"note"'), 50)
    events = visit.wait_for(len(numbers) + 2)
    assert sorted(one["properties"]["one"] for one in events if "one" in one["properties"]) == list(numbers)
