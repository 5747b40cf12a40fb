"""The widget in a page of the shop that forbids nearly everything."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.integration.ask.conftest import Customer, Shop
from tests.integration.ask.test_page import violations
from tests.support.sites import Site


def test_a_page_with_a_strict_policy_asks_and_the_answer_arrives(
    shop: Shop, phone: Customer, own_site: Site, place: str
) -> None:
    link = shop.place_link(place).rpartition("/")[2]
    script = f'<script src="{shop.url}/w/touchline-ask.js" data-link="{link}" data-language="fr" defer></script>'
    html = f"<!doctype html><html lang=en><head><title>Shop</title></head><body><main><h1>Shop</h1>{script}</main></body></html>"
    policy = f"default-src 'none'; script-src {shop.url}; connect-src {shop.url}"
    phone.open(own_site.put(f"/{place}", html, {"Content-Security-Policy": policy}))
    form = phone.page.locator("form")
    expect(form).to_be_visible()
    assert violations(phone.page) == []
    form.get_by_role("radio", name="10, Extrêmement probable").check()
    form.get_by_role("button", name="Envoyer").click()
    form.get_by_role("textbox").fill("Rapide")
    form.get_by_role("button", name="Envoyer").click()
    expect(phone.page.get_by_role("status")).to_have_text("Merci de votre réponse.")
    assert phone.page.evaluate("[document.cookie, localStorage.length]") == ["", 0]
    shop.wait_for([("complete", 10.0)], place)
