"""Memory that is no longer needed, measured in a process of its own."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from tray_app.proxy.memory import settle

from .test_transport import certificate

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


CONNECTED = """
import asyncio, ssl, sys
from tray_app.proxy.memory import read_by_records

def grown():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

if sys.argv[1] == "early":
    read_by_records()

async def look(pem):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    trust = ssl.create_default_context(cafile=pem)

    async def repeat(reader, writer):
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(repeat, "127.0.0.1", 0, ssl=tls, limit=1 << 20) as server:
        port = server.sockets[0].getsockname()[1]
        before, ends = grown(), []
        for number in range(40):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=trust, server_hostname="localhost", limit=1 << 20
            )
            # Many records, which come in many reads.
            line = b"%d " % number * 60_000 + bytes((10,))
            writer.write(line)
            assert await reader.readline() == line
            ends.append(writer)
        print((grown() - before) >> 20)
        for writer in ends:
            writer.close()

asyncio.run(look(sys.argv[2]))
"""


def told_by(program: str, *how: str) -> int:
    """The number that a program of its own prints."""
    command = [sys.executable, "-c", program, *how]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return int(told.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's C library that keeps them")
def test_large_blocks_go_back_to_the_system() -> None:
    assert told_by(GROWN, "early") < 10 < told_by(GROWN, "usual")


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's C library that makes them")
def test_threads_share_a_heap() -> None:
    assert told_by(HEAPS, "early") == 0 < told_by(HEAPS, "usual")


@pytest.mark.skipif(sys.platform != "linux", reason="it is Linux that says so where it does")
def test_a_connection_over_tls_holds_little_and_loses_nothing(tmp_path: Path) -> None:
    certificate(tmp_path, "localhost")
    pem = str(next(tmp_path.glob("*.pem")))
    early, usual = (told_by(CONNECTED, how, pem) for how in ("early", "usual"))

    # Both ends of forty connections are in one process, each with its 256 KiB if nothing is said.
    assert usual - early > 40 * 2 * 200 >> 10, (early, usual)


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
