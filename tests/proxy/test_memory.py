"""Memory that is no longer needed, measured in a process of its own."""

import gc
import subprocess
import sys

import pytest

from tray_app.proxy.memory import settle

GROWN = """
import sys
from tray_app.proxy.memory import return_large_blocks

def grown():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "early":
    assert return_large_blocks()
pinned, before = [], grown()
for _ in range(4):
    large = [b"x" * (size << 20) for size in (30, 24, 18, 12)]
    # Whatever is made next comes to lie behind them.
    pinned += [str(number) * 50 for number in range(2000)]
    del large
print((grown() - before) >> 20)
"""


def kept_mib(how: str) -> int:
    """What is still held after some large blocks came and went."""
    command = [sys.executable, "-c", GROWN, how]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return int(told.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's C library that keeps them")
def test_large_blocks_go_back_to_the_system() -> None:
    assert kept_mib("early") < 10 < kept_mib("usual")


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
