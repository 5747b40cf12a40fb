"""The words of the page: three languages with the same keys and places, and none that the page does not use; and its modules."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent.parent / "dashboards" / "page"
LANGUAGES = ("en", "fr", "it")
PLACES = re.compile(r"\{\w+\}")
CALLED = re.compile(r"""(?<![\w.])(?:t\(|named\(t, )(?:"([^"]+)"|`([^`]+)`)""")
QUOTED = re.compile(r"""["`]([\w.]+)["`]""")
FORMS = ("_one", "_other")
IMPORTED = re.compile(r"""^(?:import|export)\b[^;]*?\bfrom "(\.[^"]+)";|^import "(\.[^"]+)";""", re.MULTILINE)


def messages(language: str) -> dict[str, str]:
    text = (PAGE / "messages" / f"{language}.json").read_text(encoding="utf-8")
    pairs = json.loads(text, object_pairs_hook=list)
    assert len({key for key, _ in pairs}) == len(pairs), f"a key stands twice in {language}.json"
    return dict(pairs)


def sources() -> str:
    files = [path for path in PAGE.rglob("*.js") if "vendor" not in path.parts]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def pattern_of(key: str) -> re.Pattern[str]:
    """A key with computed parts matches whatever may stand there."""
    parts = re.split(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", key)
    return re.compile("[^ ]+".join(map(re.escape, parts)))


def without_form(key: str) -> str:
    return next((key.removesuffix(form) for form in FORMS if key.endswith(form)), key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_in_order(language: str) -> None:
    keys = list(messages(language))
    assert keys == list(messages("en"))
    assert keys == sorted(keys)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_the_same_places(language: str) -> None:
    english = messages("en")
    texts = messages(language).items()
    assert {key for key, text in texts if sorted(PLACES.findall(text)) != sorted(PLACES.findall(english[key]))} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty_or_left_in_english(language: str) -> None:
    texts = messages(language)
    assert [key for key, text in texts.items() if not text.strip()] == []
    if language != "en":
        english = messages("en")
        same = {key for key, text in texts.items() if text == english[key] and len(PLACES.sub("", text)) > 16}
        assert same == set()


def test_a_count_has_both_forms() -> None:
    keys = set(messages("en"))
    for key in keys:
        if key.endswith("_one"):
            assert key.removesuffix("_one") + "_other" in keys


def asked() -> set[str]:
    return {quoted or computed for quoted, computed in CALLED.findall(sources())}


def test_every_message_that_the_page_asks_for_exists() -> None:
    known = {without_form(key) for key in messages("en")}
    assert len(asked()) > 150
    missing = {key for key in asked() if not any(pattern_of(key).fullmatch(one) for one in known)}
    assert missing == set()


def test_every_message_is_used() -> None:
    plain = set(QUOTED.findall(sources()))
    patterns = [pattern_of(key) for key in asked() if "${" in key]
    keys = set(map(without_form, messages("en")))
    assert {key for key in keys - plain if not any(pattern.fullmatch(key) for pattern in patterns)} == set()


def test_the_page_names_all_its_modules_at_once() -> None:
    """Else a browser finds them one behind the other: a round trip for each level of imports."""
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'rel="modulepreload" href="/static/([^"]+)"', text))
    own = {str(path.relative_to(PAGE)) for path in PAGE.rglob("*.js") if "vendor" not in path.parts}
    assert named == own - {"app.js"} | {"vendor/preact.js"}


def imports() -> dict[str, set[str]]:
    """Each of the page's own modules -> those that it imports."""
    own = [path for path in PAGE.rglob("*.js") if "vendor" not in path.parts]
    return {
        str(path.relative_to(PAGE)): {
            str((path.parent / (named or bare)).resolve().relative_to(PAGE.resolve()))
            for named, bare in IMPORTED.findall(path.read_text(encoding="utf-8"))
        }
        for path in own
    }


def in_circles(arrows: dict[str, set[str]]) -> set[str]:
    """Modules that import themselves, over others or directly."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            new = arrows.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    return {module for module in arrows if module in reached(module)}


def test_no_module_of_the_page_imports_itself_over_others() -> None:
    arrows = imports()
    assert arrows["views/trend/kpi.js"] >= {"core/bucket.js", "vendor/preact.js"}
    assert in_circles(arrows) == set()


def test_a_circle_of_imports_would_be_found() -> None:
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d", "a"}}) == {"b", "c", "d"}
