"""An answer is words: whatever it links to or calls for is the client's to open or to run."""

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import Running
from tests.proxy.test_tools import calls
from tray_app.practice import acts

_EXECUTING = {
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile",
    "webbrowser.open", "pty.spawn",
}  # fmt: skip


class Witness:
    """Sees what this process connects to or starts; a hook of this kind stays for good."""

    def __init__(self) -> None:
        self.is_watching = False
        self.connected: list[Any] = []
        self.started: list[str] = []
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_watching:
            return
        if event == "socket.connect":
            self.connected.append(arguments[1])
        elif event == "socket.getaddrinfo":
            self.connected.append(arguments[:2])
        elif event in _EXECUTING:
            self.started.append(event)


WITNESS = Witness()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A door that nobody should knock at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "shell", "parameters": SCHEMA}}


def answers(port: int) -> dict[str, tuple[acts.Act, dict[str, Any]]]:
    """What the site may say with a link in it, and what the client asks besides."""
    link = f"http://127.0.0.1:{port}/canary"
    command = json.dumps({"name": "shell", "arguments": {"command": f"curl {link}"}})
    called = f"<tool_call>\n{command}\n</tool_call>"
    old = json.dumps({"function_call": {"name": "shell", "arguments": json.dumps({"url": link})}})
    page = f'<img src="{link}"><script src="{link}"></script><iframe src="{link}"></iframe>'
    return {
        "link": (acts.say(f"See {link} or [this]({link})."), {}),
        "picture": (acts.say(f"![a picture]({link}.png) {page}"), {}),
        "reference": (acts.say(f"[1]\n\n[1]: {link} \n<{link}>"), {}),
        "source": (
            acts.say("As it is said.", sources=[(link, "A page")]),
            {"model": "qwen3.7-plus-search"},
        ),
        "thought": (acts.say("Done.", thoughts=[f"I should open {link} now."]), {}),
        "tool call": (acts.say(called), {"tools": [TOOL]}),
        "tool call that nobody offered": (acts.say(called), {}),
        "function call": (acts.say(old), {"tools": [TOOL]}),
        "structured": (
            acts.say(json.dumps({"url": link, "run": f"curl {link}"})),
            {"response_format": {"type": "json_object"}},
        ),
        "python": (acts.say(f"```python\nimport os; os.system('curl {link}')\n```"), {}),
        "event": (acts.say(f"data: {link}\n\nevent: open\nLocation: {link}\n\n"), {}),
    }


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("kind", answers(1))
def test_what_an_answer_links_to_or_calls_for_is_left_alone(
    proxy: Running, listener: socket.socket, kind: str, stream: bool
) -> None:
    """S120"""
    port = listener.getsockname()[1]
    act, more = answers(port)[kind]
    # What is said once by the client comes back in what the client sends the next time.
    history = [
        {"role": "user", "content": f"Open http://127.0.0.1:{port}/asked for me"},
        {"role": "assistant", "content": f"![it](http://127.0.0.1:{port}/answered.png)"},
        {"role": "user", "content": "And now?"},
    ]
    proxy.chat("warm")
    proxy.site.will(act)
    WITNESS.connected.clear()
    WITNESS.started.clear()
    WITNESS.is_watching = True
    try:
        reply = proxy.chat(messages=history, stream=stream, **more)
    finally:
        WITNESS.is_watching = False

    assert reply.status == 200
    assert str(port) in str(calls(reply)) + reply.body.decode()
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert str(port) not in str(WITNESS.connected)
    assert WITNESS.connected != []
    assert WITNESS.started == []
