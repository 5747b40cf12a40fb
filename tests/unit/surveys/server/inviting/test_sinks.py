"""Where invitations go."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.settings import Settings
from touchline.surveys.server.inviting.sinks import sinks_of


def test_settings_say_where_invitations_go(tmp_path: Path) -> None:
    assert sinks_of(Settings(), lambda: 0.0) == {}
    (tmp_path / "secret").write_text(" sesame\n")
    both = Settings().with_changes(
        invitations_topic="invitations",
        invitations_webhook="https://mail.example/in",
        invitations_webhook_secret_file=tmp_path / "secret",
    )
    assert list(sinks_of(both, lambda: 0.0)) == ["topic", "webhook"]
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(WrongUsage, match="is empty"):
        sinks_of(both, lambda: 0.0)
    with pytest.raises(WrongUsage, match="cannot be read"):
        sinks_of(both.with_changes(invitations_webhook_secret_file=tmp_path / "moon"), lambda: 0.0)
