"""The documents that must be there are there, and generated ones are current."""

from __future__ import annotations

import pytest

from scripts.write_settings_doc import settings_doc
from tests.support.documents import read
from touchline.metrics.documents import page_with_table
from touchline.settings import Settings

REQUIRED = (
    "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs/README.md", "docs/quick-start.md", "docs/concepts.md",
    "docs/configuration.md", "docs/failure-modes.md", "docs/exactly-once.md", "docs/performance.md",
    "docs/operations.md",
)  # fmt: skip


@pytest.mark.parametrize("name", REQUIRED)
def test_document_is_there(name: str) -> None:
    assert len(read(name)) > 500


def test_configuration_page_is_what_the_settings_say() -> None:
    assert read("docs/configuration.md") == settings_doc(), "run python -m scripts.write_settings_doc"


def test_the_table_of_metrics_is_what_is_declared() -> None:
    page = read("docs/operations.md")
    assert page == page_with_table(page), "run python -m touchline.metrics.documents"
    assert page.count("`touchline_build_info`") == 1


def test_every_setting_has_an_example_that_is_not_its_default() -> None:
    fields = Settings.model_fields.items()
    assert [name for name, field in fields if not field.examples or field.examples[0] == field.default] == []
