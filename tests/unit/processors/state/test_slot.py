"""Each worker process has a state folder of its own, and finds it again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from touchline.processors.state.slot import claim_slot

HOLD = """
import sys, time
from pathlib import Path
from touchline.processors.state.slot import claim_slot
slot = claim_slot(Path(sys.argv[1]))
print(slot.path.name, flush=True)
time.sleep(60)
"""


def test_a_released_folder_is_claimed_again(tmp_path: Path) -> None:
    first, second = claim_slot(tmp_path), claim_slot(tmp_path)
    assert (first.path.name, second.path.name) == ("0", "1")
    first.release()
    third = claim_slot(tmp_path)
    assert third.path == first.path
    second.release()
    third.release()


def test_a_stopped_process_keeps_its_folder_and_a_killed_one_gives_it_back(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "0"
        holder.send_signal(signal.SIGSTOP)
        beside = claim_slot(tmp_path)
        assert beside.path.name == "1"
        holder.kill()
        holder.wait()
    after = claim_slot(tmp_path)
    assert after.path.name == "0"
    beside.release()
    after.release()
