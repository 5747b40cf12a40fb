"""`touchline backup FOLDER` and `touchline restore FOLDER`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_driver import Client

from touchline.backup.behind import Behind, behind_kafka
from touchline.backup.page import again_lines, again_object, behind_lines, manifest_object, register_lines, totals_line
from touchline.backup.register import read_registers, write_register
from touchline.backup.restore import Erased, Restored, erase_again, restore_backup
from touchline.backup.take import take_backup
from touchline.cli.ledger import open_clickhouse
from touchline.errors import EngineUnreachable, NotClean, WrongUsage
from touchline.schemas.erasure import ErasureSecret
from touchline.settings import Settings, load_settings
from touchline.terminal import progress_lines

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
SECRETS = (
    "Secrets are not in it: keep the files of person_key_file, content_key_file, payload_key_file and erasure_secret_file in another "
    "safe place."
)
WithoutErasures = Annotated[
    bool,
    typer.Option(
        "--without-erasures",
        help="Do not ask for the register of erasures: whoever was erased after the backup was taken is BACK. "
        "Only where no copy of it is left.",
    ),
]


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, on another disk than ClickHouse's data.")],
    as_json: AsJson = False,
) -> None:
    """Copy a snapshot of the ledger and the reference tables into a new folder, while workers store and readers read.

    Needs ClickHouse's data folder on this machine. Take one more often than Kafka's retention is long: Kafka fills what came after.
    Beside the folder it writes the register of erasures (erasures.json), by which a restore knows whom to erase again: keep the two
    together.

    Examples:

        touchline backup /var/backups/touchline-monday

        touchline backup /var/backups/touchline-monday --json
    """
    settings = load_settings()
    with open_clickhouse(settings) as client:
        manifest = take_backup(client, folder.absolute(), progress_lines())
        written = write_register(client, settings.erasure_register_file, folder.absolute().parent)
    if as_json:
        register = {"register_of_erasures": [str(path) for path in written.paths]}
        print(json.dumps({"folder": str(folder.absolute()), **manifest_object(manifest), **register}))
        return
    print(f"{totals_line(manifest)} in {folder}")
    print("\n".join(register_lines(written)))
    print(SECRETS)


def restore(
    folder: Annotated[Path | None, typer.Argument(help="A folder that `touchline backup` has made.")] = None,
    without_erasures: WithoutErasures = False,
    only_erasures: Annotated[
        bool,
        typer.Option(
            "--only-erasures",
            help="ClickHouse's own RESTORE has filled the tables: only have erased again whom they hold and who was erased since.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Put a backup into an empty ClickHouse; workers then fill from Kafka what came after it.

    Overwrites nothing. Workers may run: they wait until the ledger is whole. Can be run again when it was cut off. Exit status 4 when a
    part is damaged, or Kafka no longer has all that came after the backup.

    Whoever was erased since the backup was taken is erased again: by the register of erasures, which stands in erasure_register_file and
    beside each backup. While workers run, readers see nothing before that is done.

    Examples:

        touchline restore /var/backups/touchline-monday
    """
    settings = load_settings()
    if only_erasures:
        if folder is not None or without_erasures:
            raise WrongUsage("--only-erasures restores no folder", "leave out the folder and --without-erasures")
        return _erase_again(settings, as_json=as_json)
    if folder is None:
        raise WrongUsage("no folder is named", "name one that `touchline backup` has made")
    erased = None if without_erasures else read_erased(folder.absolute(), settings)
    with open_clickhouse(settings) as client:
        restored = restore_backup(client, folder.absolute(), progress_lines(), erased)
        behind = _behind(client, settings)
        _tell_restored(folder, restored, behind, is_known=erased is not None, as_json=as_json)
        if erased is not None:
            write_register(client, settings.erasure_register_file)
    return NotClean.exit_status if any(one.lost for one in behind or ()) else 0


def _tell_restored(
    folder: Path, restored: Restored, behind: list[Behind] | None, *, is_known: bool, as_json: bool
) -> None:
    manifest, again, is_followed = restored
    if as_json:
        partitions = None if behind is None else [one._asdict() for one in behind]
        told = manifest_object(manifest) | {
            "behind_kafka": partitions,
            "erasures": again_object(again, is_followed=is_followed, is_known=is_known),
        }
        print(json.dumps({"folder": str(folder.absolute()), **told}))
    else:
        print(f"{totals_line(manifest)}, as of {manifest.taken_at}")
        print("\n".join(again_lines(again, is_followed=is_followed, is_known=is_known)))
        print("\n".join(behind_lines(behind)))


def _behind(client: Client, settings: Settings) -> list[Behind] | None:
    try:
        return behind_kafka(client, settings)
    except (EngineUnreachable, WrongUsage):
        return None


def _erase_again(settings: Settings, *, as_json: bool) -> int:
    erased = read_erased(None, settings)
    with open_clickhouse(settings) as client:
        again = erase_again(client, erased)
        write_register(client, settings.erasure_register_file)
    is_followed = not again.identifiers
    if as_json:
        print(json.dumps({"erasures": again_object(again, is_followed=is_followed, is_known=True)}))
    else:
        print("\n".join(again_lines(again, is_followed=is_followed, is_known=True)))
    return 0


def read_erased(folder: Path | None, settings: Settings) -> Erased:
    """The register for this backup, and the secret where there is any request. Raises WrongUsage where one of them is missing."""
    register = read_registers(folder, settings.erasure_register_file)
    has_secret = bool(register.erasures) or settings.erasure_secret_file.is_file()
    return Erased(register, ErasureSecret.from_file(settings.erasure_secret_file) if has_secret else None)
