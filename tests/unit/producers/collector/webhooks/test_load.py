"""webhooks.yaml: what is wrong is said with its line and its remedy, and a secret never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.signed import FORMBRICKS_SECRET, SECRETS, WEBHOOKS
from touchline.errors import WrongUsage
from touchline.producers.collector.webhooks.load import load_webhooks, parse_webhooks
from touchline.producers.collector.webhooks.signatures import STANDARD

SURVEYS = "surveys: {s: {about: a, scope: relational, questions: {q: {score: x, kpi: nps, scale: [0, 10]}}}}"


def written(folder: Path, secrets: dict[str, str]) -> Path:
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    (folder / "webhooks.yaml").write_text(WEBHOOKS)
    return folder / "webhooks.yaml"


def test_secrets_stand_beside_the_file_and_several_lines_are_several_secrets(tmp_path: Path) -> None:
    webhooks = load_webhooks(written(tmp_path, SECRETS | {"formbricks": f"\n{FORMBRICKS_SECRET}\nYQ==\n"}))
    assert {*webhooks} == {"typeform", "formbricks", "kiosk"}
    assert webhooks["formbricks"].keys == (STANDARD.key_of(FORMBRICKS_SECRET), b"a")
    assert webhooks["kiosk"].keys == (b"option",)
    assert "touchline touchline" not in repr(webhooks)


@pytest.mark.parametrize(
    ("secret", "said"), [("", "is empty"), ("\n \n", "is empty"), ("whsec_?!", "is malformed: it is not base64")]
)
def test_a_secret_file_that_is_wrong_is_named_without_what_stands_in_it(tmp_path: Path, secret: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=said) as refused:
        load_webhooks(written(tmp_path, SECRETS | {"formbricks": secret}))
    assert "of the webhooks of formbricks" in refused.value.what
    assert "?!" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read \\(FileNotFoundError\\)"):
        load_webhooks(tmp_path / "webhooks.yaml")
    path = written(tmp_path, SECRETS)
    (tmp_path / "kiosk").unlink()
    with pytest.raises(WrongUsage, match="of the webhooks of kiosk cannot be read"):
        load_webhooks(path)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("form: typeforms, secret_file: t", "write one of"),
        ("secret_file: t, form: generic", "the generic form needs signature and response"),
        ("secret_file: t, form: typeform, signature: {header: X}", "typeform is known"),
        ("form: typeform", "the field 'secret_file' is missing"),
        ("form: typeform, secret_file: t, identifiers: {email: x1}", "identifier type email is not known"),
        ("form: typeform, secret_file: t, identifiers: {mail: x}", "would leave as it stands"),
        ("form: typeform, secret_file: t, secrets: [a]", "there is no such field"),
    ],
)
def test_a_wrong_entry_is_said_with_its_line(fields: str, said: str) -> None:
    text = f"webhooks:\n  shop: {{{fields}, {SURVEYS}}}\n"
    with pytest.raises(WrongUsage) as refused:
        parse_webhooks(text, "webhooks.yaml")
    assert said in f"{refused.value.what}"
    assert "webhooks.yaml:2" in refused.value.what


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("scale: [0, 10]", "scale: [10, 10]", "the scale has one end only"),
        ("kpi: nps, scale", "kpi: nps, values: {good: 11}, scale", "lies off the scale"),
        ("about: a,", "about: a, event: hidden.receipt,", "event and event_source go together"),
        (
            "{s: {",
            "{t: {about: a, scope: relational, questions: {q: {score: y, kpi: nps, scale: [0, 10]}}}, s: {",
            "same tool_id",
        ),
    ],
)
def test_a_survey_that_cannot_be_meant_is_not_taken(before: str, after: str, said: str) -> None:
    text = f"webhooks:\n  shop: {{form: typeform, secret_file: t, {SURVEYS.replace(before, after)}}}\n"
    with pytest.raises(WrongUsage, match=said):
        parse_webhooks(text, "webhooks.yaml")
