from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.schemas.sources import Source, load_sources

ROOT = Path(__file__).parents[3]


def _load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    return load_sources(path)


def test_the_shipped_file_declares_the_demo_s_sources() -> None:
    sources = load_sources(ROOT / "sources.yaml")

    assert set(sources) >= {"retail-pos", "web-shop", "call-centre", "survey-tool", "crm", "shell"}
    assert set(sources) >= {"retail-crm", "retail-coupons", "web-clicks"}
    assert sources["web-shop"].legal_basis == "consent"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sources: [", "not valid YAML at line"),
        ("sources: {till: {name: 2026-13-45, legal_basis: contract}}", "not valid YAML"),
        ("[" * 3_000, "not valid YAML"),
        ("", "sources.yaml is empty"),
        ("# nothing yet", "sources.yaml is empty"),
        ("- till", "sources.yaml holds no fields"),
        ("till", "sources.yaml holds no fields"),
        ("sources: {web-shop: {}}", "sources.web-shop.legal_basis"),
        ("sources: {web-shop: {legal_basis: implied}}", "sources.web-shop.legal_basis"),
        ("sources: {web-shop: {legal_basis: consent, zone: Europe/Atlantis}}", "sources.web-shop.zone"),
        ("sources: {web-shop: {legal_basis: consent, country: UK}}", "sources.web-shop.country.*did you mean GB"),
        ("sources: {web-shop: {legal_basis: consent, country: no}}", "sources.web-shop.country.*in quotes"),
        ("sources: {web-shop: {legal_basis: consent, retention: 3}}", "sources.web-shop.retention"),
        ("sources: {Web Shop: {legal_basis: consent}}", "sources.Web Shop"),
    ],
)
def test_a_wrong_file_is_refused_with_the_entry_that_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(WrongUsage, match=says) as wrong:
        _load(tmp_path, text)
    assert wrong.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "sources:\n  web: {legal_basis: contract}\n  till: {legal_basis: contract}\n  web: {legal_basis: consent}\n",
            "has web twice, in line 2 and in line 4",
        ),
        ("sources:\n  web:\n    zone: UTC\n    legal_basis: contract\n    zone: Europe/Rome\n", "zone twice, in line 3 and in line 5"),
        ("sources: {web: {legal_basis: contract}}\nsources: {}\n", "sources twice, in line 1 and in line 2"),
    ],
)  # fmt: skip
def test_what_stands_in_the_file_twice_is_refused_with_both_lines(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(WrongUsage, match=says) as wrong:
        _load(tmp_path, text)
    assert wrong.value.hint


def test_a_missing_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read") as wrong:
        load_sources(tmp_path / "none.yaml")
    assert "sources_file" in wrong.value.hint


def test_a_clock_that_runs_ahead_is_put_back() -> None:
    assert Source(legal_basis="contract", clock_skew_seconds=1.5).clock_correction_us == -1_500_000
    assert Source(legal_basis="contract", clock_skew_seconds=-0.1).clock_correction_us == 100_000


def test_a_skew_of_seconds_is_refused_where_the_source_knows_days(tmp_path: Path) -> None:
    source = "sources: {crm: {legal_basis: contract, precision: %s, clock_skew_seconds: 2}}\n"
    with pytest.raises(WrongUsage, match="precision is the day") as wrong:
        _load(tmp_path, source % "day")
    assert wrong.value.hint
    assert (
        Source.model_validate(
            {"legal_basis": "contract", "precision": "second", "clock_skew_seconds": 2}
        ).terms.precision
        == "second"
    )


def test_an_unknown_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="precision"):
        _load(tmp_path, "sources: {crm: {legal_basis: contract, precision: week}}\n")


@pytest.mark.parametrize(
    ("basis", "granted", "is_permitted"),
    [
        ("consent", None, False),
        ("consent", [], False),
        ("consent", ["contact"], False),
        ("consent", ["contact", "analytics"], True),
        ("contract", None, True),
    ],
)
def test_only_under_consent_an_event_needs_a_grant(basis: str, granted: list[str] | None, is_permitted: bool) -> None:
    source = Source.model_validate({"legal_basis": basis})

    assert source.permits(granted) is is_permitted


@given(
    st.one_of(
        st.text(),
        st.binary().map(lambda raw: raw.decode("latin-1")),
        st.text("sources: tilleg_bac\n{}[]-,:&*!'\"?|>#%@0123456789.T", max_size=80),
        st.lists(
            st.sampled_from(
                ["sources:", "  till:", "    legal_basis: contract", "2026-13-45", "- ", "&a", "*a", "? ", ": ", "\n"]
            )
        ).map("".join),
    )
)
def test_whatever_stands_in_the_file_it_is_read_or_refused_with_what_to_do(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sources.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        hint = "it was read"
        try:
            load_sources(path)
        except WrongUsage as refused:
            hint = refused.hint
        assert hint
