"""sql/access on the real engine: its statements read, and an engine whose only user has a role's grants and limits.

The engine in process takes no CREATE USER, but it reads users from a file of ClickHouse's own form (users.xml): grants as the SQL says
them, profiles by setting. Its session is always `default`, so that user gets the role under test; `touchline_migrator` owns the views.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.support.ports import free_port
from touchline.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30
OWNER = "touchline_migrator"
_GRANT = re.compile(r"GRANT\s+(?P<rights>.*?)\s+TO\s+(?P<role>\w+)\s+WITH REPLACE OPTION", re.DOTALL)
_ROLE = re.compile(r"CREATE ROLE IF NOT EXISTS (?P<role>\w+)(?: SETTINGS PROFILE '(?P<profile>\w+)')?")
_PROFILE = re.compile(r"ALTER SETTINGS PROFILE (?P<name>\w+) SETTINGS\s+(?P<settings>.*)", re.DOTALL)
_SETTING = re.compile(r"(?P<name>\w+) = (?P<value>'[^']*'|\S+?)(?: MAX (?P<most>\w+)| (?P<fixed>CONST))?(?:,|$)")


class Limit(NamedTuple):
    """A setting of a profile: its value, and what a client may not go beyond."""

    value: str
    most: str | None
    is_fixed: bool


class Access(NamedTuple):
    """What sql/access says: the rights of each role as the SQL has them, its profile, and the settings of each profile."""

    rights: dict[str, str]
    profiles: dict[str, str]
    limits: dict[str, dict[str, Limit]]


def statements() -> list[str]:
    """All statements of sql/access, in the order in which they are run, without comments."""
    texts = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "sql" / "access").glob("*.sql")))
    plain = re.sub(r"^\s*--.*$", "", "\n".join(texts), flags=re.MULTILINE)
    return [statement.strip() for statement in plain.split(";") if statement.strip()]


def read_access() -> Access:
    """The statements by what they say."""
    access = Access({}, {}, {})
    for statement in statements():
        if found := _GRANT.fullmatch(statement):
            assert found["role"] not in access.rights, "two grants WITH REPLACE OPTION: the second takes back the first"
            access.rights[found["role"]] = found["rights"]
        elif found := _ROLE.fullmatch(statement):
            access.profiles[found["role"]] = found["profile"] or ""
        elif found := _PROFILE.fullmatch(statement):
            access.limits[found["name"]] = {
                one["name"]: Limit(one["value"].strip("'"), one["most"], bool(one["fixed"]))
                for one in _SETTING.finditer(found["settings"])
            }
        else:
            assert re.match(r"CREATE SETTINGS PROFILE IF NOT EXISTS|(CREATE|ALTER) QUOTA", statement), statement
    return access


def users_file(access: Access, role: str | None) -> str:
    """users.xml: the session's user with the rights and limits of a role (None: all rights, no limits), and the views' owner."""
    root = ElementTree.Element("clickhouse")
    profiles = ElementTree.SubElement(root, "profiles")
    ElementTree.SubElement(profiles, "default")
    for name, limits in access.limits.items():
        profile = ElementTree.SubElement(profiles, name)
        for setting, limit in limits.items():
            ElementTree.SubElement(profile, setting).text = limit.value
        constraints = ElementTree.SubElement(profile, "constraints")
        for setting, limit in limits.items():
            if limit.most:
                ElementTree.SubElement(ElementTree.SubElement(constraints, setting), "max").text = limit.most
            if limit.is_fixed:
                ElementTree.SubElement(ElementTree.SubElement(constraints, setting), "const")
    ElementTree.SubElement(ElementTree.SubElement(root, "quotas"), "default")
    users = ElementTree.SubElement(root, "users")
    _user(users, OWNER, access.rights[OWNER], "default")
    if role:
        _user(users, "default", access.rights[role], access.profiles[role] or "default")
    else:
        user = _user(users, "default", None, "default")
        ElementTree.SubElement(user, "access_management").text = "1"
    return ElementTree.tostring(root, encoding="unicode")


def _user(users: ElementTree.Element, name: str, rights: str | None, profile: str) -> ElementTree.Element:
    user = ElementTree.SubElement(users, name)
    ElementTree.SubElement(user, "password")
    ElementTree.SubElement(ElementTree.SubElement(user, "networks"), "ip").text = "::/0"
    ElementTree.SubElement(user, "profile").text = profile
    ElementTree.SubElement(user, "quota").text = "default"
    if rights is not None:
        ElementTree.SubElement(ElementTree.SubElement(user, "grants"), "query").text = f"GRANT {rights}"
    return user


_FACE = """
import runpy, sys, chdb
connect, config = chdb.connect, sys.argv.pop(1)
chdb.connect = lambda address: connect(f"{address}&config-file={config}")
runpy.run_module("touchline.local.clickhouse", run_name="__main__", alter_sys=True)
"""


@contextmanager
def engine_as(folder: Path, role: str | None, more: str = "") -> Iterator[Settings]:
    """Settings of an engine over the data in `folder`, whose user has the role; `more` goes into the server's configuration."""
    (folder / "password").write_text("between-tests\n")
    (folder / "users.xml").write_text(users_file(read_access(), role), encoding="utf-8")
    config = f"<clickhouse><users_config>{folder / 'users.xml'}</users_config>{more}</clickhouse>"
    (folder / "config.xml").write_text(config, encoding="utf-8")
    settings = load_settings(
        clickhouse_port=free_port(),
        clickhouse_http_port=free_port(),
        clickhouse_password_file=folder / "password",
        local_dir=folder / "local",
        state_dir=folder / "state",
    )
    command = [
        sys.executable, "-c", _FACE, str(folder / "config.xml"), "--path", str(folder / "data"),
        "--port", str(settings.clickhouse_port), "--http-port", str(settings.clickhouse_http_port),
        "--user", settings.clickhouse_user, "--password-file", str(folder / "password"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready", "the engine did not start"
            yield settings
        finally:
            process.terminate()
            process.wait(READY_SECONDS)
