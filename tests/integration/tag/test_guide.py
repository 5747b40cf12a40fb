"""docs/senders/browser.md as a newcomer reads it: its page, pressed through in Chromium, is a journey in the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Browser

from tests.integration.tag.conftest import GATHERED_MS
from tests.support.collectors import collector
from tests.support.documents import ROOT, Block, blocks_of, matches, steps_of
from tests.support.engines import own_face_with_worker, touchline
from tests.support.rest import wait_until_at_rest
from tests.support.sites import Site

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

GUIDE = blocks_of(ROOT / "docs" / "senders" / "browser.md")
IN_GUIDE = "0d9f0c6e-1c0f-4b58-9a53-5a54b2f0a3c1"


def commands() -> list[str]:
    return [step.command for block in GUIDE if block.language == "sh" for step in steps_of(block)]


def page_of(block: Block, collector_url: str, key: str) -> str:
    return block.text.replace("http://127.0.0.1:8787", collector_url).replace('"KEY"', f'"{key}"')


def test_the_page_of_the_guide_is_a_journey(
    stack: LocalStack, chromium: Browser, own_site: Site, tmp_path: Path
) -> None:
    maps = next(one.partition("maps=")[2] for one in commands() if "maps=" in one)
    terms = next(one for one in commands() if "browser:" in one).partition("} ")[2].partition("')")[0]
    (block,) = [one for one in GUIDE if one.language == "html"]
    key, keys = f"shop-tag.{'e' * 32}", tmp_path / "write_keys"
    keys.write_text(f"{key} {terms}\n")
    with (
        own_face_with_worker(stack, tmp_path, write_keys_file=keys, maps=[maps]) as ledger,
        collector(ledger.settings, tmp_path, collector_origins=[own_site.origin]) as process,
    ):
        (shown,) = [step for block in GUIDE if block.language == "console" for step in steps_of(block)]
        lines = touchline(ledger, *shown.command.split()[1:]).replace(
            f"127.0.0.1:{ledger.settings.collector_port}", "127.0.0.1:8787"
        )
        assert matches(shown.expected or "", lines)
        page = chromium.new_page()
        page.goto(own_site.put("/guide", page_of(block, process.url, key)))
        for pressed in ("text=Newsletter", "#agree", "text=Newsletter", "text=Search", "#buy"):
            page.click(pressed)
        page.wait_for_timeout(GATHERED_MS)
        visitor = page.evaluate("() => touchline.id")
        page.click("#refuse")
        assert page.evaluate("() => localStorage.length") == 0
        wait_until_at_rest(ledger.settings)
        asked = [one.removeprefix("touchline ") for one in commands() if one.startswith("touchline ")]
        events = touchline(ledger, "sql", asked[0].partition('"')[2].rstrip('"')).splitlines()
        assert [one.split("\t")[1:] for one in events] == [
            ["website", "checkout", "intention"],
            ["website", "search", "consideration"],
            ["newsletter", "open", "favorability"],
            ["website", "view", "favorability"],
        ]
        assert "1 identifier, 1 journey" in touchline(ledger, *asked[1].replace(IN_GUIDE, visitor).split())
