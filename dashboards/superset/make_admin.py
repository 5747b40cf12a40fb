"""Run by Superset's Python: makes the user `admin`, or gives it the password of the file.

`superset fab create-admin` takes the password as an argument, which every user of the machine can read in the list of processes.

    SUPERSET_ADMIN_PASSWORD_FILE=... python make_admin.py
"""

import os
from pathlib import Path

from superset.app import create_app

USER = "admin"

with create_app().app_context():
    from superset import security_manager

    password = Path(os.environ["SUPERSET_ADMIN_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    if user := security_manager.find_user(USER):
        security_manager.reset_password(user.id, password)
    elif not security_manager.add_user(
        USER, "Touchline", "Admin", "admin@localhost", security_manager.find_role("Admin"), password=password
    ):
        raise SystemExit("Superset did not make the user")
