"""ClickHouse 26.9 (chDB, in-process) behind native protocol and HTTP on 127.0.0.1, for development.

Prints `ready` when it listens, ends within 5 s of SIGTERM or Ctrl-C. Example:

  python -m touchline.local.clickhouse --path .local/clickhouse --password-file .local/secrets/clickhouse_password

Exit status: 0 ended by a signal; 1 another process uses the data folder; 2 a port is taken or an argument is wrong.

Why: docs/decisions/0010.
"""

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

_POLL_SECONDS, _GRACE_SECONDS, _LAST_SECONDS, _KERNEL_SECONDS = 0.05, 1.5, 4.5, 0.4


class Server(socketserver.ThreadingTCPServer):
    """One listening port with a thread per client; raises WrongUsage when the port is taken."""

    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

    def server_bind(self) -> None:
        """Bind, or say which port is taken."""
        try:
            super().server_bind()
        except OSError as error:
            what = f"can't listen on 127.0.0.1:{self.server_address[1]}: {error.strerror}"
            raise WrongUsage(what, "choose another port, or end what uses it") from None


def arguments() -> argparse.Namespace:
    """The command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m touchline.local.clickhouse", description=__doc__, formatter_class=form)
    parser.add_argument("--path", type=Path, required=True, help="folder of the data; made when missing")
    parser.add_argument("--port", type=int, default=9000, help="native protocol (default: %(default)s)")
    parser.add_argument("--http-port", type=int, default=8123, help="HTTP (default: %(default)s)")
    parser.add_argument("--user", default="touchline", help="the only user (default: %(default)s)")
    parser.add_argument("--password-file", type=Path, help="file with the password (default: an empty password)")
    return parser.parse_args()


def serve(options: argparse.Namespace) -> None:
    """Take both ports before the engine starts, then serve until a signal comes."""
    stop = threading.Event()
    try:
        password = options.password_file.read_text(encoding="utf-8").strip() if options.password_file else ""
    except OSError as error:
        raise WrongUsage(f"can't read the password: {error}", "check --password-file") from None
    ports = ((options.port, NativeHandler), (options.http_port, HttpHandler))
    servers = [Server(("127.0.0.1", port), handler) for port, handler in ports]
    NativeHandler.engine = HttpHandler.engine = engine = Engine(options.path, options.user, password)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=watch, args=(engine,), daemon=True).start()
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
    print("ready", flush=True)
    stop.wait()
    threading.Timer(_LAST_SECONDS, os._exit, (0,)).start()  # even if a query can't be killed
    # A thread needs the interpreter, which the engine's close may hold; the kernel does not.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, _LAST_SECONDS + _KERNEL_SECONDS)
    for server in servers:
        server.shutdown()
        server.server_close()
    end_queries(engine, _GRACE_SECONDS)
    engine.close()
    os._exit(0)  # client threads may still wait for their clients


if __name__ == "__main__":
    try:
        serve(arguments())
    except TouchlineError as error:
        print(f"error: {error.what}\nhint: {error.hint}", file=sys.stderr)
        sys.exit(error.exit_status)
