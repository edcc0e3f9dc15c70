"""Memory that is no longer needed, measured in a process of its own."""

import gc
import subprocess
import sys

import pytest

from tray_app.proxy.memory import settle

GROWN = """
import sys
from tray_app.proxy.memory import stay_small

def grown():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "early":
    assert stay_small()
pinned, before = [], grown()
for _ in range(4):
    large = [b"x" * (size << 20) for size in (30, 24, 18, 12)]
    # Whatever is made next comes to lie behind them.
    pinned += [str(number) * 50 for number in range(2000)]
    del large
print((grown() - before) >> 20)
"""


HEAPS = """
import sys, threading
from tray_app.proxy.memory import stay_small

if sys.argv[1] == "early":
    assert stay_small()
together = threading.Barrier(8)

def work():
    kept = [b"x" * 1000 for _ in range(100)]
    together.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open("/proc/self/maps") as file:
    # What a heap has not taken yet of its 64 MiB is kept free behind it.
    ends = [line.split()[0].split("-")[1] for line in file if "---p" in line]
print(sum(int(end, 16) % (64 << 20) == 0 for end in ends))
"""


def told_by(program: str, how: str) -> int:
    """The number that a program of its own prints."""
    command = [sys.executable, "-c", program, how]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return int(told.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's C library that keeps them")
def test_large_blocks_go_back_to_the_system() -> None:
    assert told_by(GROWN, "early") < 10 < told_by(GROWN, "usual")


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's C library that makes them")
def test_threads_share_a_heap() -> None:
    assert told_by(HEAPS, "early") == 0 < told_by(HEAPS, "usual")


class Ring:
    """Ends only when somebody looks for it."""

    def __init__(self, gone: list[str]) -> None:
        self.itself = self
        self._gone = gone

    def __del__(self) -> None:
        self._gone.append("ring")


def test_what_an_earlier_run_left_is_gone_and_the_rest_is_set_apart() -> None:
    gone: list[str] = []
    Ring(gone)
    gc.freeze()

    settle()

    assert gone == ["ring"]
    assert gc.get_freeze_count() > 1000
