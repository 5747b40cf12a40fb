"""A kiosk that loses its network, and gets it back: nothing is lost, and nothing counts twice."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.integration.ask.conftest import Customer, Shop, customer
from tests.integration.ask.test_page import violations

THANKS = "Thank you for your answer."


def give(one: Customer, score: int) -> None:
    one.page.get_by_role("radio", name=str(score), exact=True).check()
    one.page.get_by_role("button", name="Send").click()
    expect(one.page.locator("h1:visible")).to_have_text(THANKS)


def test_a_kiosk_takes_answers_without_a_network_and_each_counts_once(
    shop: Shop, chromium: Browser, place: str
) -> None:
    with customer(chromium, viewport={"width": 1080, "height": 1920}) as kiosk:
        page = kiosk.page
        page.clock.install()
        kiosk.open(shop.place_link(place, way="k"))
        assert violations(page) == []
        page.wait_for_selector("body[data-kept]", state="attached")
        give(kiosk, 9)
        shop.wait_for([("complete", 9.0)], place)
        page.clock.fast_forward(5_000)
        expect(page.locator("h1:visible")).not_to_have_text(THANKS)
        kiosk.context.set_offline(True)
        page.reload()
        give(kiosk, 3)
        page.clock.fast_forward(5_000)
        page.get_by_role("button", name="Italiano").click()
        page.get_by_role("radio", name="5", exact=True).check()
        page.get_by_role("button", name="Invia").click()
        expect(page.locator(".waiting")).to_have_text("2")
        page.reload()
        expect(page.locator(".waiting")).to_have_text("2")
        kiosk.context.set_offline(False)
        page.clock.fast_forward(15_000)
        expect(page.locator(".waiting")).to_have_text("")
        answers = shop.wait_for([("complete", 3.0), ("complete", 5.0), ("complete", 9.0)], place)
    assert [one.language for one in answers] == ["en", "it", "en"]
    assert {one.identifier for one in answers} == {""}


def test_who_touches_the_screen_and_goes_is_shown_once_also_without_a_network(
    shop: Shop, chromium: Browser, place: str
) -> None:
    with customer(chromium) as kiosk:
        page = kiosk.page
        page.clock.install()
        kiosk.open(shop.place_link(place, way="k"))
        page.wait_for_selector("body[data-kept]", state="attached")
        page.get_by_role("radio", name="4", exact=True).check()
        page.get_by_role("radio", name="5", exact=True).check()
        shop.wait_for([("shown", None)], place)
        page.clock.fast_forward(46_000)  # and nobody is there
        kiosk.context.set_offline(True)
        page.get_by_role("radio", name="6", exact=True).check()
        page.reload()
        expect(page.locator(".waiting")).to_have_text("")  # nobody's answer waits
        give(kiosk, 7)
        page.clock.fast_forward(5_000)
        kiosk.context.set_offline(False)
        page.clock.fast_forward(15_000)
        shop.wait_for([("shown", None), ("shown", None), ("complete", 7.0)], place)
