"""What stands beside the parts of a backup: which tables, parts and rows, and under which schema."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from touchline.errors import WrongUsage

FILE_NAME = "manifest.json"
FORMAT = 1


class TableBackup(BaseModel):
    """The parts of one table, each with its rows."""

    model_config = ConfigDict(frozen=True)

    parts: dict[str, int]
    size_bytes: int = Field(ge=0)

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(self.parts.values())


class Manifest(BaseModel):
    """Written last, so that a folder with a manifest is a whole backup."""

    model_config = ConfigDict(frozen=True)

    format: int
    taken_at: str
    touchline: str
    clickhouse: str
    schema_version: int
    tables: dict[str, TableBackup]

    def write(self, folder: Path) -> None:
        """Put it into the folder."""
        (folder / FILE_NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Raises WrongUsage where there is none, or none that this release understands."""
        try:
            found = cls.model_validate_json((folder / FILE_NAME).read_bytes())
        except (OSError, ValidationError):
            raise WrongUsage(
                f"{folder} holds no backup",
                "name a folder that `touchline backup` has made; one without a manifest is none",
            ) from None
        if found.format != FORMAT:
            raise WrongUsage(
                f"{folder} is a backup of format {found.format}", "restore it with the release that took it"
            )
        return found
