"""The end of serving, which comes from anywhere."""

import signal
import subprocess
import sys

import pytest

WAITING = """
import signal, sys, threading
from tray_app.over import Over

# Whoever runs the tests may have begun them to outlive a terminal.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
over = Over()
mask = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
# The system gives a signal to another thread then, while Python sees to it in this one.
threading.Thread(target=threading.Event().wait, daemon=True).start()
if "elsewhere" in sys.argv:
    signal.pthread_sigmask(signal.SIG_BLOCK, mask)
print(over.is_set(), flush=True)
if "thread" in sys.argv:
    threading.Thread(target=over.set).start()
over.wait()
print(over.is_set(), flush=True)
over.set()
over.close()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_signal_ends_the_wait_whichever_thread_gets_it(
    number: signal.Signals, where: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, where], stdout=subprocess.PIPE, text=True
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "False\n"
        waiting.send_signal(number)
        assert waiting.stdout.read() == "True\n"
    assert waiting.returncode == 0


def test_a_terminal_that_is_closed_does_not_end_what_was_begun_to_outlive_it() -> None:
    """As `nohup` begins it."""
    program = "import signal; from tray_app.over import Over; Over(); print(signal.getsignal(1))"
    command = ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout.strip() == str(signal.SIG_IGN)


def test_another_thread_may_end_the_wait() -> None:
    command = [sys.executable, "-c", WAITING, "thread"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout == "False\nTrue\n"
