"""What a worker needs before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.processors.worker.build import require_secret
from touchline.schemas.sources import Source

PATH = Path("secrets/erasure_secret")


def test_a_source_that_ends_its_events_needs_the_erasure_secret() -> None:
    sources = {"till": Source(legal_basis="contract"), "web": Source(legal_basis="contract", when_expired="erase")}
    with pytest.raises(WrongUsage, match="web declares when_expired") as error:
        require_secret(sources, has_secret=False, path=PATH)
    assert "erasure_secret_file" in error.value.hint
    require_secret(sources, has_secret=True, path=PATH)


def test_where_nothing_ends_no_secret_is_needed() -> None:
    require_secret({"till": Source(legal_basis="contract", retention_days=30)}, has_secret=False, path=PATH)
