"""A further entry in sources.yaml: the rest stays to the letter, whatever the file looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.schemas.sources import Source, read_sources
from touchline.sources.entry import NEW_FILE, checked_fields, with_entry

PATH = Path("sources.yaml")
FIELDS = {"name": "Shop: our \N{LATIN SMALL LETTER U WITH DIAERESIS}", "legal_basis": "contract", "country": "NO"}
BLOCK = "  till:\n    legal_basis: contract\n"


def kept_around(before: str, after: str) -> bool:
    """Whether all of the text stands in the new one, with one piece put into it."""
    head = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(before))
    return after.endswith(before[head:])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"# ours\nsources:\n{BLOCK}", f"# ours\nsources:\n{BLOCK}NEW"),
        (f"sources:\n{BLOCK}".rstrip(), f"sources:\n{BLOCK}NEW"),
        (f"sources:\n{BLOCK}    # zone: UTC\n  # desk: off\n\n# end\n", f"sources:\n{BLOCK}    # zone: UTC\n  # desk: off\nNEW\n# end\n"),
        (f"sources:\n{BLOCK}\ncontroller: {{name: A, contact: B}}\n", f"sources:\n{BLOCK}NEW\ncontroller: {{name: A, contact: B}}\n"),
        ("sources: {}\n", "sources:\nNEW"),
        (NEW_FILE, f"{NEW_FILE.splitlines()[0]}\nsources:\nNEW"),
        ("sources:\n  till: &t {legal_basis: contract}\n  desk: *t\n", "sources:\n  till: &t {legal_basis: contract}\n  desk: *t\nNEW"),
    ],
)  # fmt: skip
def test_the_entry_stands_behind_the_last_one_and_its_comments(before: str, after: str) -> None:
    entry = f"  web-shop:\n    name: '{FIELDS['name']}'\n    legal_basis: contract\n    country: 'NO'\n"
    assert with_entry(before, "web-shop", FIELDS, PATH) == after.replace("NEW", entry)


@pytest.mark.parametrize(
    "before",
    [
        "sources: {till: {legal_basis: contract}}\n",
        "{sources: {till: {legal_basis: contract,},\n # more\n}}",
        '{"sources": {}}',
        "sources: {}  # none yet\n",
        "sources:\r\n  till:\r\n    legal_basis: contract\r\n",
        "sources:\n      till:\n        legal_basis: contract\n        why: |\n          two\n\n          lines\n\n\n# end\n",
        "---\nsources:\n till:\n  legal_basis: contract\n  brand:\n...\n",
        'sources:\n  "null": {legal_basis: contract}\n',
    ],
)
def test_each_way_of_writing_takes_an_entry_in_its_own_way(before: str) -> None:
    after = with_entry(before, "on", FIELDS, PATH)
    assert kept_around(before, after)
    assert ("\r\n" in before) == ("\r\n" in after)
    assert "\n" not in after.replace("\r\n", "") or "\r\n" not in before
    old, new = (read_sources(text, PATH).sources for text in (before, after))
    assert new == {**old, "on": Source.model_validate(FIELDS)}


@pytest.mark.parametrize("text", ["sources:\n  ? till\n  : legal_basis: contract\n", "x: &all {}\nsources: *all\n"])
def test_where_it_cannot_be_added_the_error_has_the_entry_to_add_by_hand(text: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        with_entry(text, "web-shop", FIELDS, PATH)
    assert "  web-shop:\n" in refused.value.hint or "sources.yaml is wrong" in refused.value.what


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (f"sources:\n{BLOCK}", "till", "declares till already"),
        (f"sources:\n{BLOCK}", "Till", "no source id"),
        ("sources: [", "web-shop", "not valid YAML"),
        ("sources:\n  till: {}\n", "web-shop", "wrong at sources.till.legal_basis"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(text: str, name: str, said: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        with_entry(text, name, FIELDS, PATH)
    assert said in refused.value.what
    assert refused.value.hint


@pytest.mark.parametrize(
    ("fields", "option"),
    [({"legal_basis": "none"}, "--legal-basis"), ({"legal_basis": "contract", "zone": "Mars"}, "--zone")],
)
def test_a_wrong_value_names_its_option(fields: dict[str, str], option: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        checked_fields(fields)
    assert refused.value.what.startswith(f"{option}: ")


IDS = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
NOTES = st.sampled_from(["", "\n", "# note\n", "  # note\n", "    # deep: note\n", "\n\n      # note\n"])
VALUES = st.fixed_dictionaries(
    {"legal_basis": st.sampled_from(["contract", "consent"])},
    optional={"name": TEXTS, "brand": TEXTS, "subjects": st.lists(st.text("ab: #", min_size=1).filter(str.strip), max_size=2)},
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    """A valid sources.yaml as people write them: comments anywhere, entries as blocks or in braces, other fields before or behind."""
    parts = ["sources:\n"]
    for name, fields in draw(st.dictionaries(IDS, VALUES, min_size=1, max_size=4)).items():
        entry = yaml.safe_dump(
            {name: fields}, default_flow_style=draw(st.sampled_from([None, False])), allow_unicode=True
        )
        parts += [*(f"  {line}\n" for line in entry.splitlines()), draw(NOTES)]
    controller = "controller: {name: A, contact: B}\n"
    before, after = draw(st.sampled_from([("", ""), (controller, ""), ("", controller)]))
    text = f"{draw(NOTES)}{before}{''.join(parts)}{after}"
    return text if draw(st.booleans()) else text.rstrip("\n")


@given(files(), IDS, VALUES)
def test_all_other_entries_and_comments_of_any_file_stay(text: str, name: str, fields: dict[str, object]) -> None:
    old = read_sources(text, PATH)
    if name in old.sources:
        return
    after = with_entry(text, name, fields, PATH)
    new = read_sources(after, PATH)
    assert kept_around(text, after)
    assert list(new.sources) == [*old.sources, name]
    assert new.sources == {**old.sources, name: Source.model_validate(fields)}
    assert new.controller == old.controller
