"""The face's process: prints `ready` when it listens, ends within 5 s of SIGTERM or Ctrl-C.

Exit status: 0 ended by a signal; 1 another process uses the data folder; 2 a port is taken or an argument is wrong.
"""

from __future__ import annotations

import argparse
import os
import signal
import socketserver
import sys
import threading
from pathlib import Path

from touchline.errors import TouchlineError, WrongUsage
from touchline.local.clickhouse.engine import Engine
from touchline.local.clickhouse.http import HttpHandler
from touchline.local.clickhouse.native import NativeHandler
from touchline.local.clickhouse.watch import end_queries, watch

_GRACE_SECONDS, _LAST_SECONDS = 1.5, 4.5


class Server(socketserver.ThreadingTCPServer):
    """One listening port with a thread per client; raises WrongUsage when the port is taken."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind, or say which port is taken."""
        try:
            super().server_bind()
        except OSError as error:
            where = "{}:{}".format(*self.server_address)
            raise WrongUsage(
                f"can't listen on {where}: {error.strerror}", "choose another port, or end its user"
            ) from None


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m touchline.local.clickhouse",
        description="ClickHouse 26.9 (chDB, in-process) behind native protocol and HTTP, for development.",
        epilog="Example: python -m touchline.local.clickhouse --path .local/clickhouse --port 9000 --http-port 8123"
        " --user touchline --password-file .local/secrets/clickhouse_password",
    )
    parser.add_argument("--path", type=Path, required=True, help="folder of the data; made when missing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="native protocol (default: %(default)s)")
    parser.add_argument("--http-port", type=int, default=8123, help="HTTP (default: %(default)s)")
    parser.add_argument("--user", default="touchline", help="the only user (default: %(default)s)")
    parser.add_argument("--password-file", type=Path, help="file with the password (default: an empty password)")
    return parser.parse_args()


def serve(options: argparse.Namespace) -> None:
    """Take both ports before the engine starts, then serve until a signal comes."""
    stop = threading.Event()
    password = options.password_file.read_text().strip() if options.password_file else ""
    servers = [
        Server((options.host, options.port), NativeHandler),
        Server((options.host, options.http_port), HttpHandler),
    ]
    NativeHandler.engine = HttpHandler.engine = engine = Engine(options.path, options.user, password)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=watch, args=(engine,), daemon=True).start()
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    stop.wait()
    threading.Timer(_LAST_SECONDS, os._exit, (0,)).start()  # even if a query can't be killed
    for server in servers:
        server.server_close()
    end_queries(engine, _GRACE_SECONDS)
    engine.close()


if __name__ == "__main__":
    status = 0
    try:
        serve(arguments())
    except TouchlineError as error:
        print(f"error: {error.what}\nmend: {error.mend}", file=sys.stderr)
        status = error.exit_status
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        status = 2
    sys.stdout.flush()
    os._exit(status)  # client threads may still wait for their clients
