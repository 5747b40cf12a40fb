"""Where ClickHouse is and who asks it, for every client."""

from __future__ import annotations

from touchline.errors import WrongUsage
from touchline.settings import Settings


def password_of(settings: Settings) -> str:
    """The password in its file. Raises WrongUsage when the file cannot be read."""
    path = settings.clickhouse_password_file
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongUsage(
            f"the file of ClickHouse's password cannot be read: {path} ({error.strerror})",
            "name it with TOUCHLINE_CLICKHOUSE_PASSWORD_FILE; `touchline up` makes one for the local stack",
        ) from None


def http_address(settings: Settings) -> str:
    """`http://host:port`, without a path."""
    return f"http://{settings.clickhouse_host}:{settings.clickhouse_http_port}"


def http_headers(settings: Settings) -> dict[str, str]:
    """The login of a request over HTTP. Raises WrongUsage when the password's file cannot be read."""
    return {"X-ClickHouse-User": settings.clickhouse_user, "X-ClickHouse-Key": password_of(settings)}
