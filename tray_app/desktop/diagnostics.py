"""What to send to whoever helps: how Portico is doing here, without anything that is a secret.

It is put together as text, so that a person can read all of it before it is saved. The log has been
scrubbed when it was written; all of it is once more, with the secrets of this moment.
"""

import os
import platform
import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from tray_app import __version__
from tray_app.core.redact import Redactor
from tray_app.proxy.instance import Instance
from tray_app.proxy.status import Status
from tray_app.store.files import StoreError, read_private
from tray_app.store.notices import Component
from tray_app.store.reports import read_reports

from .child_process import program

LOG_LINES = 500
_LOG_CHARS = 300_000
"""No more of the log than that, so that a window can show it."""
_LINE_CHARS = 1_000
_DOCTOR_S = 60.0
_PRIVATE = {"account", "origins", "hosts", "network_host", "network", "visitors", "live", "recent"}
"""What says who somebody is or where, and helps nobody."""
_NAMED = re.compile(r'( client=)(?!- )(?:"(?:[^"\\]|\\.)*+"|\S++)')
"""Keys in lines of the log: people give them names."""
_COUNTED = {"aliases"}
"""What a person named, and only how much of it may help."""
_CHOICES = {"outbound_proxy": ("system", "none")}
"""Settings that may be an address of somebody's, and what else they may be."""


def diagnostics(instance: Instance, home: Path, parts: Iterable[Component]) -> str:
    """All of it; takes seconds, so it is called from a thread that may wait.

    Args:
        instance: What runs.
        home: The data folder.
        parts: What Portico brings along.
    """
    sections: dict[str, Callable[[], Iterable[str]]] = {
        "Versions": lambda: _versions(parts),
        "Status": lambda: _told(instance.status),
        "Settings": lambda: _told(instance.supervisor.parts.settings),
        "Doctor": lambda: _doctor(home),
        "Faults": lambda: _faults(home / "logs"),
        f"Log, last {LOG_LINES} lines": lambda: _log(home / "logs" / "portico.log"),
    }
    lines: list[str] = []
    for title, tell in sections.items():
        lines += [f"## {title}", "", *tell(), ""]
    return scrub("\n".join(lines), instance, home)


def scrub(text: str, instance: Instance, home: Path) -> str:
    """A text without secrets, and without the person's name where that is a folder's."""
    session = instance.supervisor.parts.person.owner.session
    return _scrubbed(text, instance, home, session.account if session else "")


def scrub_kept(text: str, instance: Instance, home: Path) -> str:
    """The same for what somebody asked or was answered, where a name may be an ordinary word."""
    session = instance.supervisor.parts.person.owner.session
    account = session.account if session else ""
    return _scrubbed(text, instance, home, account if "@" in account else "")


def _scrubbed(text: str, instance: Instance, home: Path, account: str) -> str:
    redact = Redactor()
    person = instance.supervisor.parts.person
    redact.learn(*(key.secret for key in person.keys.all()), account)
    if person.owner.session is not None:
        redact.learn(*person.owner.session.secrets())
    # One that is known may be broken by the end of a line; what looks like one ends with its line.
    told = "\n".join(map(redact, redact.known(text).split("\n")))
    for folder, name in ((home, "PORTICO_HOME"), (Path.home(), "~")):
        told = told.replace(str(folder), name)
    return told


def _versions(parts: Iterable[Component]) -> Iterator[str]:
    yield f"Portico {__version__}{' (built)' if getattr(sys, 'frozen', False) else ''}"
    yield f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"
    yield f"{platform.platform()}"
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "")
    kind = os.environ.get("XDG_SESSION_TYPE", "")
    if desktop or kind:
        yield f"Desktop {desktop or 'unknown'}, {kind or 'unknown'}"
    yield ", ".join(f"{one.name} {one.version}".strip() for one in parts)


def _told(what: Status | msgspec.Struct) -> Iterator[str]:
    """The fields of a value, a line each."""
    for name, value in msgspec.to_builtins(what).items():
        if name in _PRIVATE:
            yield f"{name}: {'(left out)' if value else '(empty)'}"
        elif name in _COUNTED:
            yield f"{name}: {len(value)}"
        elif name in _CHOICES:
            yield f"{name}: {value if value in _CHOICES[name] else 'set'}"
        elif isinstance(value, dict):
            inner = {key: one for key, one in value.items() if key not in _PRIVATE}
            yield f"{name}: {msgspec.json.encode(inner).decode()}"
        else:
            yield f"{name}: {msgspec.json.encode(value).decode()}"


def _doctor(home: Path) -> Iterator[str]:
    """What `portico doctor` says, in a process of its own."""
    try:
        asked = subprocess.run(
            [*program(), "doctor"], env={**os.environ, "PORTICO_HOME": str(home)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            errors="replace", timeout=_DOCTOR_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        yield f"It did not answer: {type(error).__name__}"
        return
    yield from asked.stdout.splitlines() or [f"It ended with {asked.returncode} and said nothing."]


def _faults(logs: Path) -> Iterator[str]:
    """What went wrong inside Portico lately."""
    found = read_reports(logs)
    if not found:
        yield "(none)"
    for name, text in found:
        yield from (f"{name}:", *text.rstrip().splitlines(), "")


def _log(path: Path) -> Iterator[str]:
    """The last lines of the log, and of the one before it where that is too short."""
    lines: list[str] = []
    for file in (path.with_name(f"{path.name}.1"), path):
        try:
            data = read_private(file) or b""
        except (OSError, StoreError) as error:
            lines.append(f"{file.name} cannot be read: {type(error).__name__}")
        else:
            lines += data.decode(errors="replace").splitlines()
    room = _LOG_CHARS
    kept: list[str] = []
    for line in reversed(lines[-LOG_LINES:]):
        line = _NAMED.sub(r"\1(left out)", line)
        cut = line if len(line) <= _LINE_CHARS else f"{line[:_LINE_CHARS]}…"
        room -= len(cut)
        if room < 0:
            break
        kept.append(cut)
    yield from reversed(kept)
