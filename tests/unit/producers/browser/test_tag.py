"""The browser tag as it is served: small, made of the source beside it, and of one file that needs no other."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from pathlib import Path

from touchline.producers.browser.tag import TAG_PATH, read_tag, script_lines

FOLDER = Path(__file__).parents[4] / "producers" / "browser"
ZIPPED_BYTES_MAX = 2_500


def test_it_has_at_most_two_and_a_half_kilobytes_as_it_is_sent() -> None:
    tag = read_tag()
    assert gzip.decompress(tag.zipped) == tag.body
    assert len(tag.zipped) <= ZIPPED_BYTES_MAX


def test_what_is_served_was_made_of_the_source_as_it_stands() -> None:
    source = hashlib.sha256((FOLDER / "touchline.js").read_bytes()).hexdigest()[:16]
    assert read_tag().body.decode().rstrip().endswith(f"//{source}"), "run scripts/minify-tag"


def test_it_asks_for_nothing_that_a_strict_policy_forbids_and_keeps_no_cookie() -> None:
    body = read_tag().body.decode()
    for word in ("eval(", "Function(", "innerHTML", ".style", "cookie", "createElement", "import(", "sessionStorage"):
        assert word not in body


def test_its_path_and_its_integrity_are_those_of_its_bytes() -> None:
    tag = read_tag()
    assert hashlib.sha256(tag.body).hexdigest()[:16] in tag.fixed_path
    assert base64.b64decode(tag.integrity.removeprefix("sha384-")) == hashlib.sha384(tag.body).digest()
    following, held = script_lines("https://collector.example").splitlines()
    assert f'src="https://collector.example{TAG_PATH}"' in following
    assert f'integrity="{tag.integrity}"' in held
    assert re.search(rf'src="https://collector\.example{tag.fixed_path}"', held)
