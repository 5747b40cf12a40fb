"""Groups of commands of which one is meant where none is named."""

from __future__ import annotations

from typing import Any, ClassVar

from typer.core import TyperGroup


class DefaultCommandGroup(TyperGroup):
    """A group in which whatever is no command is the beginning of the default command's arguments."""

    default_command: ClassVar[str]
    runs_without_words: ClassVar[bool] = False
    """Whether the group alone is the default command, and not a question for help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the default command before arguments that name none."""
        if not args and self.runs_without_words:
            args = [self.default_command]
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)
