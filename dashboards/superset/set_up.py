"""Run by Superset's Python after `superset db upgrade` and `superset init`: the user `admin`, and the bundle that is named.

    SUPERSET_ADMIN_PASSWORD_FILE=... SUPERSET_CONFIG_PATH=.../superset_config.py python set_up.py touchline.zip

`superset fab create-admin` takes the password as an argument, which every user of the machine can read in the list of processes, and
`superset import-dashboards` leaves charts as they are that were imported before: so both are done here, by what those commands call, and
by the import for files under version control, which replaces.
"""

import os
import sys
from pathlib import Path
from zipfile import ZipFile

from superset.app import create_app

USER = "admin"


def set_up(bundle: Path) -> None:
    """`bundle` is the zip of `touchline bi export superset`.

    May be repeated: the user gets the password of the file, what was imported before is replaced.
    """
    from superset import security_manager
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.commands.importers.v1.utils import get_contents_from_bundle
    from superset.utils.core import override_user

    password = Path(os.environ["SUPERSET_ADMIN_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    user = security_manager.find_user(USER)
    if user:
        security_manager.reset_password(user.id, password)
    else:
        role = security_manager.find_role("Admin")
        user = security_manager.add_user(USER, "Touchline", "Admin", "admin@localhost", role, password=password)
    if not user:
        raise SystemExit("Superset did not make the user")
    with ZipFile(bundle) as archive:
        contents = get_contents_from_bundle(archive)
    contents["metadata.yaml"] = contents["metadata.yaml"].replace("type: Dashboard", "type: assets")
    with override_user(user):
        ImportAssetsCommand(contents).run()


with create_app().app_context():
    set_up(Path(sys.argv[1]))
