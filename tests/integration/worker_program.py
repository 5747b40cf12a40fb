"""A worker process with a fake store: `python -m tests.integration.worker_program STORE NOTES [READY_FILE]`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support import fakes
from touchline.errors import TouchlineError
from touchline.log import configure_log
from touchline.processors.values.protocol import Store
from touchline.processors.worker.serve import Worker
from touchline.settings import load_settings


def main() -> None:
    store_name, notes, *ready = sys.argv[1:]
    store_class = getattr(fakes, store_name)

    def build(should_stop: Callable[[], bool]) -> Store:
        store: Store = store_class(Path(notes), should_stop)
        return store

    configure_log()
    try:
        worker = Worker(load_settings(), build, Path(ready[0]) if ready else None)
        status = asyncio.new_event_loop().run_until_complete(worker.run())
    except TouchlineError as error:
        print(f"error: {error.what}\nhint: {error.hint}", file=sys.stderr)
        status = error.exit_status
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
