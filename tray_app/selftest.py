"""`portico --self-test`: tries what was built or installed, and prints a table.

It starts this very program once more, in practice mode, with a data folder and a port of its own,
and asks it what a client asks. Then it tries what the program needs of this computer, as `portico
doctor` does. Nothing of the person's own is touched. Where there is no screen, nothing that belongs
to one is missed: the table says so, and the exit code is that of the rest.
"""

import contextlib
import http.client
import importlib.util
import json
import signal
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

from msgspec import Struct

from tray_app import __version__
from tray_app.desktop import icons
from tray_app.desktop.look import IconName
from tray_app.desktop.screen import has_screen
from tray_app.doctor import Check, http_check, keyring_check, port_check, tray_check, windows_check
from tray_app.proxy.door import ask
from tray_app.proxy.ports import close, listen
from tray_app.store.paths import Paths

_WITHIN_S = 20.0
"""So long a start and an answer may take, on a slow disk too."""
_MODEL = "qwen3.7-plus"
_NOT_DRAWN = "an answer without a picture"
_FLOORS = {"aiohttp": (3, 14, 5), "yarl": (1, 25, 1)}
_COMPILED = (
    "aiohttp._http_parser", "aiohttp._http_writer", "frozenlist._frozenlist", "msgspec._core",
    "multidict._multidict", "yarl._quoting_c",
)  # fmt: skip
_TOOL = {
    "type": "function",
    "function": {
        "name": "write_file",
        "description": "Write a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
            "required": ["path", "content"],
        },
    },
}

_ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]

Found = Literal["ok", "none", "FAIL"]
"""How a part was found; `none` is what this computer need not have."""
Try = Callable[[], tuple[Found, str]]


class TrialError(Exception):
    """A part did not do what it should; its text says what it did instead."""


class Trial(Struct, frozen=True):
    """A practice instance that runs for the trial."""

    port: int
    key: str
    ready_s: float


def self_test(paths: Paths, environ: Mapping[str, str]) -> int:
    """Try every part and print a line for each; returns 0 where all is well and 1 where not."""
    for number in _ENDING:
        # As Ctrl+C does: what was started is ended, and its folder removed.
        signal.signal(number, signal.default_int_handler)
    print(f"Portico {__version__}, {_built()}")
    missed = [_row(name, one) for name, one in _parts(paths, environ).items()]
    with contextlib.ExitStack() as stack:
        trial: list[Trial] = []
        missed.append(_row("start", lambda: _start(stack, trial, environ)))
        for name, one in _answers(trial).items():
            missed.append(_row(name, one))
    return 1 if any(missed) else 0


def _built() -> str:
    how = "built" if getattr(sys, "frozen", False) else "from source"
    version = ".".join(str(part) for part in sys.version_info[:3])
    return f"{how}, Python {version}, {ssl.OPENSSL_VERSION}"


def _parts(paths: Paths, environ: Mapping[str, str]) -> dict[str, Try]:
    """What is tried without the practice instance."""
    screen = has_screen(environ)
    return {
        "http": lambda: _as_doctor(http_check()),
        "libraries": _libraries,
        "certificates": _certificates,
        "icons": _icons,
        "port": lambda: _as_doctor(port_check(paths, environ)),
        "keyring": lambda: _of_desktop(keyring_check(paths), is_needed=screen),
        "tray": lambda: _as_doctor(tray_check()) if screen else _NO_SCREEN,
        "web engine": lambda: _as_doctor(windows_check()) if screen else _NO_SCREEN,
    }


_NO_SCREEN: tuple[Found, str] = ("none", "there is no screen here")


def _answers(trial: list[Trial]) -> dict[str, Try]:
    """What is asked of the practice instance; nothing where it did not start."""
    if not trial:
        return {}
    return {
        "chat": lambda: _chat(trial[0]),
        "tool call": lambda: _tool_call(trial[0]),
        "picture in": lambda: _picture(trial[0]),
        "picture drawn": lambda: _drawing(trial[0]),
    }


def _row(name: str, part: Try) -> bool:
    """Try one part and print its line; returns whether it is broken."""
    began_s = time.perf_counter()
    try:
        found, why = part()
    except Exception as error:  # noqa: BLE001  whatever a build lacks: the table is to say it
        found, why = "FAIL", f"{type(error).__name__}: {error}"
    took_s = time.perf_counter() - began_s
    print(f"{found:<4}  {name:<13}  {took_s:5.2f} s  {why}", flush=True)
    return found == "FAIL"


def _as_doctor(check: Check) -> tuple[Found, str]:
    good, line = check
    return "ok" if good else "FAIL", line.partition(": ")[2]


def _of_desktop(check: Check, *, is_needed: bool) -> tuple[Found, str]:
    """A check of what a server need not have."""
    found, why = _as_doctor(check)
    return ("none" if found == "FAIL" and not is_needed else found), why


def _libraries() -> tuple[Found, str]:
    """What reads strangers' bytes is compiled, and no older than its fixes."""
    import aiohttp
    import yarl

    told = {"aiohttp": aiohttp.__version__, "yarl": yarl.__version__}
    old = [
        f"{name} {told[name]}" for name, least in _FLOORS.items() if _numbers(told[name]) < least
    ]
    slow = [name for name in _COMPILED if importlib.util.find_spec(name) is None]
    if old or slow:
        return "FAIL", f"{', '.join([*old, *slow])} is old or not compiled. Install it anew."
    return "ok", ", ".join(f"{name} {version}" for name, version in told.items())


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdecimal())


def _certificates() -> tuple[Found, str]:
    known = ssl.create_default_context().cert_store_stats()["x509_ca"]
    if known:
        return "ok", f"{known} authorities are trusted"
    return "FAIL", "no authority is trusted. Install the package ca-certificates."


def _icons() -> tuple[Found, str]:
    states: tuple[IconName, ...] = get_args(IconName)
    drawn = sum(len(icons.pixmaps(state)) for state in states)
    from PIL import Image

    with Image.open(icons.file("running", "auto")) as icon:
        icon.load()
    return "ok", f"{drawn} for {len(states)} states"


def _start(
    stack: contextlib.ExitStack, trial: list[Trial], environ: Mapping[str, str]
) -> tuple[Found, str]:
    started = stack.enter_context(practising(environ))
    trial.append(started)
    return "ok", f"ready after {started.ready_s:.2f} s"


@contextlib.contextmanager
def practising(environ: Mapping[str, str]) -> Iterator[Trial]:
    """A practice instance of this very program, until the context ends; raises `TrialError`."""
    taken = listen(None, 0)
    port = taken[0].getsockname()[1]
    close(taken)
    with TemporaryDirectory(prefix="portico-self-test-") as home:
        kept = {name: text for name, text in environ.items() if not name.startswith("PORTICO_")}
        began_s = time.perf_counter()
        process: subprocess.Popen[str] | None = None
        try:
            with _undisturbed():
                process = subprocess.Popen(
                    [
                        *_program(), "--headless", "--practice", "--port", str(port),
                        "--until-stdin-ends",
                    ],
                    env={**kept, "PORTICO_HOME": home}, stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                )  # fmt: skip
            _wait_for(process)
            ready_s = time.perf_counter() - began_s
            told = ask(str(Paths(Path(home)).door), {"do": "key", "what": "show"})
            yield Trial(port, str(told["secret"]), ready_s)
        finally:
            if process is not None:
                _end(process)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that would end the trial do so afterwards: whoever is half started must be known."""
    held: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    is_main = threading.current_thread() is threading.main_thread()
    for number in handlers if is_main else ():
        signal.signal(number, lambda came, _: held.append(came))
    try:
        yield
    finally:
        for number, handler in handlers.items() if is_main else ():
            signal.signal(number, handler)
        for number in held:
            signal.raise_signal(number)


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.communicate(timeout=_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _program() -> list[str]:
    """What starts this very program."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "tray_app"]


def _wait_for(process: "subprocess.Popen[str]") -> None:
    """Return once it says that it is ready."""
    patience = threading.Timer(_WITHIN_S, process.kill)
    # What ends the trial at this very moment must not wait for it.
    patience.daemon = True
    patience.start()
    try:
        said = process.stdout.readline() if process.stdout else ""
    finally:
        patience.cancel()
    if not said.startswith("Portico ready "):
        process.kill()
        complaint = process.communicate()[1].strip().rpartition("\n")[2]
        raise TrialError(complaint or f"it was not ready within {_WITHIN_S:.0f} s")


def _chat(trial: Trial) -> tuple[Found, str]:
    said = _message(trial, "Hello there")["content"]
    if "Hello there" not in said:
        raise TrialError(f"it answered {said!r}")
    return "ok", "answered"


def _tool_call(trial: Trial) -> tuple[Found, str]:
    task = "create hello.txt with the text hi"
    calls = _message(trial, task, tools=[_TOOL]).get("tool_calls") or []
    called = [one["function"]["name"] for one in calls]
    if called != ["write_file"]:
        raise TrialError(f"it called {called or 'nothing'}")
    if json.loads(calls[0]["function"]["arguments"])["path"] != "hello.txt":
        raise TrialError("it called with other arguments")
    return "ok", "called with its arguments"


def _picture(trial: Trial) -> tuple[Found, str]:
    """Whether a picture gets to the site: practice mode says what it sees."""
    icon = b64encode(icons.app_file("png").read_bytes()).decode()
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{icon}"}},
    ]
    said = _message(trial, parts)["content"]
    if "PNG picture" not in said:
        raise TrialError(f"it answered {said!r}")
    return "ok", "looked at"


def _drawing(trial: Trial) -> tuple[Found, str]:
    said = _message(trial, "A temple", model=f"{_MODEL}-draw")["content"]
    address = said.partition("](")[2].partition(")")[0]
    if not address.startswith("http://"):
        raise TrialError(_NOT_DRAWN)
    host, _, path = address.removeprefix("http://").partition("/")
    picture = _asked(http.client.HTTPConnection(host, timeout=_WITHIN_S), "GET", f"/{path}", {})
    if not picture.startswith(b"\x89PNG"):
        raise TrialError(_NOT_DRAWN)
    return "ok", f"a PNG of {len(picture)} bytes"


def _message(trial: Trial, said: str | list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The whole answer to one message."""
    body = {"model": _MODEL, "messages": [{"role": "user", "content": said}], **more}
    line = http.client.HTTPConnection("127.0.0.1", trial.port, timeout=_WITHIN_S)
    headers = {"Authorization": f"Bearer {trial.key}", "Content-Type": "application/json"}
    told = json.loads(_asked(line, "POST", "/v1/chat/completions", headers, json.dumps(body)))
    message: dict[str, Any] = told["choices"][0]["message"]
    return message


def _asked(
    line: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: str | None = None,
) -> bytes:
    """What an address answers; raises `TrialError` for an error."""
    with contextlib.closing(line):
        line.request(method, path, body, dict(headers))
        response = line.getresponse()
        data = response.read()
    if response.status != 200:
        raise TrialError(f"it answered {response.status}: {data[:200].decode(errors='replace')}")
    return data
