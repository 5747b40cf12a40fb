"""HTML from calls: whatever text goes in comes out as that text."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given, strategies as st

from touchline.markup import Markup, tag

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=40)


class Read(HTMLParser):
    """What a browser finds: elements with their attributes, and all text that is shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not self.elements or self.elements[-1][0] not in ("style", "title"):
            self.text += data


@given(TEXT, TEXT)
def test_text_and_attributes_are_never_markup(text: str, value: str) -> None:
    read = Read(tag("p", text, title=value))
    assert read.elements == [("p", {"title": value})]
    assert read.text == text


def test_elements_nest_and_names_are_written_as_in_html() -> None:
    made = tag("p", [tag("b", "a & b"), None, " c"], class_="x", aria_label="<", data_x=None)
    assert made == '<p class="x" aria-label="&lt;"><b>a &amp; b</b> c</p>'
    assert isinstance(made, Markup)


def test_an_empty_element_has_no_end() -> None:
    assert tag("meta", name="a", content="b") == '<meta name="a" content="b">'
