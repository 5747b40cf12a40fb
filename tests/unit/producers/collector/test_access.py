"""Write keys: who may send for which sources; files that are wrong say where, never what."""

from __future__ import annotations

import hmac
from contextlib import nullcontext
from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.producers.collector.access import WriteKeys, bearer_of

SECRET, OTHER = "a" * 64, "b" * 64


def keys(tmp_path: Path, text: str) -> WriteKeys:
    path = tmp_path / "write_keys"
    path.write_text(text)
    return WriteKeys.from_file(path)


def test_a_key_may_send_for_its_sources_only(tmp_path: Path) -> None:
    found = keys(tmp_path, f"# ours\n\nshop.{SECRET} web-shop  # the shop\nall.{OTHER} *\n")
    shop, everything = found.find(f"shop.{SECRET}"), found.find(f"all.{OTHER}")
    assert shop is not None
    assert everything is not None
    assert [shop.permits(source) for source in ("web-shop", "crm", None)] == [True, False, False]
    assert everything.permits("crm")


@pytest.mark.parametrize(
    "presented", ["", ".", "shop", "shop.", f"shop.{OTHER}", f"shop.{SECRET}x", f".{SECRET}", f"none.{SECRET}", "ü.ß"]
)
def test_anything_but_the_whole_key_is_nobodys(tmp_path: Path, presented: str) -> None:
    assert keys(tmp_path, f"shop.{SECRET} web-shop").find(presented) is None


def test_secrets_are_compared_in_constant_time_also_for_an_unknown_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, lengths = keys(tmp_path, f"shop.{SECRET} web-shop"), []
    compare = hmac.compare_digest

    def noting(first: bytes, second: bytes) -> bool:
        lengths.append((len(first), len(second)))
        return compare(first, second)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    for presented in (f"shop.{SECRET}", f"shop.{OTHER}", "none.x", ""):
        found.find(presented)
    assert lengths == [(32, 32)] * 4


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"shop.{SECRET} web-shop\nshop:{OTHER} crm", "line 2"),
        (f"shop.{'c' * 20} web-shop", "line 1"),
        (f"shop.{SECRET}", "names no source"),
        (f"shop.{SECRET} * crm", "no source id"),
        (f"shop.{SECRET} crm\nshop.{OTHER} crm", "repeats an id"),
        ("# none\n", "has no key"),
    ],
)
def test_a_wrong_file_says_where_and_how_to_mend_it_and_shows_no_secret(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        keys(tmp_path, text)
    assert fault in refused.value.what
    told = f"{refused.value.what} {refused.value.hint}"
    assert not any(secret in told for secret in (SECRET, OTHER, "c" * 20))


def test_a_source_that_is_not_declared_yet_costs_no_other_line(tmp_path: Path) -> None:
    found = keys(tmp_path, f"shop.{SECRET} web-shop\nnew.{OTHER} new-till\n")
    assert found.find(f"shop.{SECRET}") is not None
    assert found.sources == {"shop": frozenset({"web-shop"}), "new": frozenset({"new-till"})}


@pytest.mark.parametrize(("text", "is_taken"), [("# nobody\n", True), ("", False), (" \n", False)])
def test_later_on_a_file_may_say_that_nobody_may_send_but_not_by_being_empty(
    tmp_path: Path, text: str, is_taken: bool
) -> None:
    (tmp_path / "write_keys").write_text(text)
    with nullcontext() if is_taken else pytest.raises(WrongUsage, match="has no key"):
        assert len(WriteKeys.from_file(tmp_path / "write_keys", may_have_none=True)) == 0


def test_a_missing_file_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as refused:
        WriteKeys.from_file(tmp_path / "none")
    assert "write_keys_file" in refused.value.hint


def test_keys_do_not_show_their_secrets(tmp_path: Path) -> None:
    found = keys(tmp_path, f"shop.{SECRET} web-shop")
    assert SECRET not in repr(found) + repr(vars(found))


@pytest.mark.parametrize(
    ("header", "key"),
    [("Bearer k.s", "k.s"), ("bearer  k.s ", "k.s"), ("Basic k.s", None), ("Bearer ", None), ("", None)],
)
def test_a_key_comes_as_a_bearer_token(header: str, key: str | None) -> None:
    assert bearer_of({"Authorization": header}) == key
