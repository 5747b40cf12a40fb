"""The face's process: prints `ready` when it listens, ends within 5 s of SIGTERM or Ctrl-C.

Exit status: 0 ended by a signal; 1 the data folder is in use; 2 a port is taken or the arguments are wrong.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from touchline.errors import TouchlineError
from touchline.local.clickhouse.engine import Engine
from touchline.local.clickhouse.listen import Listeners
from touchline.local.clickhouse.watch import Watcher

_GRACE_SECONDS, _KILL_SECONDS, _LAST_SECONDS = 1.5, 1.5, 4.5


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m touchline.local.clickhouse",
        description="ClickHouse 26.9 (chDB, in-process) behind the native protocol and HTTP, for development on one machine.",
        epilog="Example: python -m touchline.local.clickhouse --path .local/clickhouse --port 9000 --http-port 8123"
        " --user touchline --password-file .local/secrets/clickhouse_password",
    )
    parser.add_argument("--path", type=Path, required=True, help="folder of the data; made when missing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9000, help="native protocol (default: %(default)s)")
    parser.add_argument("--http-port", type=int, default=8123, help="HTTP (default: %(default)s)")
    parser.add_argument("--user", default="touchline", help="the only user (default: %(default)s)")
    parser.add_argument("--password-file", type=Path, help="file with the password (default: no password)")
    return parser.parse_args()


def main() -> int:
    """Run the face until a signal ends it."""
    options = arguments()
    stop = threading.Event()
    try:
        password = options.password_file.read_text().strip() if options.password_file else ""
        with Listeners(options.host, options.port, options.http_port) as listeners:
            engine, watcher = Engine(options.path), Watcher()
            for number in (signal.SIGTERM, signal.SIGINT):  # after chDB, which installs its own handlers
                signal.signal(number, lambda *_: stop.set())
            listeners.serve(engine, watcher, options.user, password)
            print("ready", flush=True)
            stop.wait()
            threading.Timer(
                _LAST_SECONDS, os._exit, (0,)
            ).start()  # a query that can't be killed must not hold the process
    except TouchlineError as error:
        print(f"error: {error.what}\nmend: {error.mend}", file=sys.stderr)
        return error.exit_status
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not watcher.drain(_GRACE_SECONDS):
        watcher.kill_all()
        watcher.drain(_KILL_SECONDS)
    engine.close()
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # client threads may still wait in recv; the engine is closed
