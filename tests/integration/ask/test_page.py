"""The question page as customers use it: from the link to the answer in the ledger, in four languages, by keyboard, without scripts."""

from __future__ import annotations

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.integration.ask.conftest import Customer, Shop, customer
from touchline.sql.ledger.rows import NET_ROWS
from touchline.surveys.questions import SHIPPED_LANGUAGES, load_catalogue

QUESTIONS = load_catalogue().questions
STANDS = """
SELECT disposition, kpi, question, score, person, about_event_id, count() FROM journey.answers
WHERE source = 'surveys' AND about_event_id = %(receipt)s GROUP BY ALL"""
DECLARED = f"""
SELECT touchpoint, provenance, identifier, properties['confidence'], properties['span_days'], count()
FROM journey_raw.ledger
WHERE kind = 'received' AND fate = 'stored' AND source = 'surveys' AND event_type = 'touchline.touchpoint.v1' AND {NET_ROWS}
GROUP BY ALL"""


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds, whatever its weight."""
    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:160]) for one in found]


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_an_answer_by_a_link_stands_once_with_its_person(shop: Shop, chromium: Browser) -> None:
    shop.sells("receipt-1", "4711")
    link = shop.link("4711")
    with customer(chromium, java_script_enabled=False, locale="de-CH") as anna:
        anna.open(link)
        assert anna.heading == QUESTIONS["nps_here"].wordings["de"].text
        anna.page.get_by_role("radio", name="7", exact=True).check()
        anna.page.get_by_role("button", name="Abschicken").dblclick(delay=5)
        assert "Vielen Dank" in anna.heading
        anna.page.get_by_label("Was ist der wichtigste Grund").fill("Zu lange gewartet")
        anna.send()
        expect(anna.page.locator("h1")).to_have_text("Vielen Dank für Ihre Antwort.")
        anna.page.reload()
        anna.page.go_back()
        anna.page.go_back()
        anna.open(link)
        assert anna.heading == "Wir haben Ihre Antwort schon. Vielen Dank."
        anna.open(link + "/0")
        assert anna.heading == "Wir haben Ihre Antwort schon. Vielen Dank."
    (answer,) = shop.wait_for([("complete", 7.0)], card="4711")
    assert (answer.language, answer.touchpoint, answer.about_event_id) == ("de", "store_purchase", "receipt-1")
    stands = ("complete", "nps", "nps_here", 7.0, shop.person("4711"), "receipt-1", 1)
    assert shop.query(STANDS, receipt="receipt-1") == [stands]


def test_how_somebody_heard_of_us_is_a_declared_touchpoint(shop: Shop, phone: Customer) -> None:
    shop.sells("call-1", "4712", "hotline")
    phone.open(shop.link("4712", "hotline"))
    phone.page.get_by_role("radio", name="From a friend, relative or colleague").check()
    phone.send()
    assert phone.heading == "Thank you for your answer."
    (answer,) = shop.wait_for([("complete", None)], card="4712")
    assert answer.option == "friend"
    assert shop.query(DECLARED) == [("word_of_mouth", "declared", shop.person("4712"), "0.5", "365", 1)]


def test_a_link_in_a_mail_that_is_opened_is_no_answer_until_it_is_sent(shop: Shop, phone: Customer, place: str) -> None:
    link = shop.place_link(place)
    phone.open(f"{link}/9")
    shop.wait_for([("started", None)], place)
    assert phone.page.get_by_role("radio", name="9", exact=True).is_checked()
    phone.send()
    shop.wait_for([("partial", 9.0)], place)


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_each_page_speaks_the_language_fits_a_small_phone_and_is_accessible(
    shop: Shop, phone: Customer, place: str, language: str
) -> None:
    phone.open(shop.place_link(place, "nps_here") + f"?language={language}")
    wording = QUESTIONS["nps_here"].wordings[language]
    assert phone.page.evaluate("document.documentElement.lang") == language
    assert phone.heading == wording.text
    assert (violations(phone.page), overflow(phone.page)) == ([], 0)
    phone.page.get_by_role("radio", name="3", exact=True).check()
    phone.send()
    expect(phone.page.get_by_label(wording.comment)).to_be_visible()
    assert (violations(phone.page), overflow(phone.page)) == ([], 0)
    phone.send()
    expect(phone.page.locator("h1")).to_have_text(wording.thanks)
    assert (violations(phone.page), overflow(phone.page)) == ([], 0)
    (answer,) = shop.wait_for([("complete", 3.0)], place)
    assert answer.language == language


@pytest.mark.parametrize(
    ("question", "scheme"),
    [("ces", "light"), ("csat_here", "dark"), ("emotion", "dark"), ("better", "light"), ("heard_of_us", "light")],
)
def test_each_kind_of_question_is_accessible_in_light_and_dark(
    shop: Shop, chromium: Browser, place: str, question: str, scheme: str
) -> None:
    with customer(chromium, color_scheme=scheme) as one:
        one.open(shop.place_link(place, question))
        assert (violations(one.page), overflow(one.page), one.faults) == ([], 0, [])


def test_all_can_be_done_by_keyboard(shop: Shop, phone: Customer, place: str) -> None:
    phone.open(shop.place_link(place))
    keys = phone.page.keyboard
    keys.press("Tab")
    keys.press("Space")
    keys.press("ArrowRight")
    keys.press("Tab")
    keys.press("Enter")
    assert phone.heading == "Thank you for your answer."
    keys.press("Tab")
    keys.type("By keyboard")
    keys.press("Tab")
    keys.press("Enter")
    expect(phone.page.locator("textarea")).to_have_count(0)
    shop.wait_for([("complete", 1.0)], place)


def test_without_an_answer_the_page_says_so_and_where(shop: Shop, chromium: Browser, place: str) -> None:
    with customer(chromium) as one:
        one.open(shop.place_link(place))
        one.page.evaluate("document.querySelectorAll('input').forEach((each) => (each.required = false))")
        one.send()
        expect(one.page.get_by_role("alert")).to_have_text("Choose an answer first.")
        assert one.page.title().startswith("Choose an answer first.")
        assert violations(one.page) == []


def test_on_a_slow_network_an_impatient_customer_answers_once(shop: Shop, phone: Customer, place: str) -> None:
    def slowly(route: Route) -> None:
        time.sleep(0.3)
        route.continue_()

    phone.open(shop.place_link(place))
    phone.page.route("**/q/**", slowly)
    phone.page.get_by_role("radio", name="8", exact=True).check()
    phone.page.evaluate("for (let n = 0; n < 3; n++) document.forms[0].requestSubmit()")
    expect(phone.page.locator("h1")).to_have_text("Thank you for your answer.")
    shop.wait_for([("partial", 8.0)], place)


def test_links_that_are_no_good_say_so_in_the_readers_language(shop: Shop, chromium: Browser, place: str) -> None:
    link = shop.place_link(place)
    with customer(chromium, locale="fr-FR") as one:
        answer = one.open(link[:-1] + ("A" if link[-1] != "A" else "B"))
        assert answer is not None
        assert answer.status == 404
        assert one.heading == "Cette adresse ne mène à aucune question."
        assert violations(one.page) == []
