"""What the command line asks of the running instance, or does by itself where none runs."""

import argparse
import json
import socket
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tray_app import __version__
from tray_app.proxy.door import DoorError, ask
from tray_app.store.lock import InstanceLock
from tray_app.store.paths import Paths
from tray_app.store.settings import (
    SettingError,
    effective,
    explain,
    load,
    parse,
    save,
    warnings_of,
    with_value,
)

OK, NO, NOT_SIGNED_IN, NO_KEYRING = 0, 1, 4, 5

_NOT_RUNNING = "Portico is not running. Start it with: portico --headless"


def run(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    """Run one command; returns the exit code."""
    commands: dict[str, Callable[[], int]] = {
        "status": lambda: _status(arguments, paths),
        "models": lambda: _models(arguments, paths),
        "resume": lambda: _resume(paths),
        "doctor": lambda: _doctor(paths, environ),
        "key": lambda: _key(arguments, paths),
        "settings": lambda: _settings(arguments, paths, environ),
        "session": lambda: _session(arguments, paths),
    }
    try:
        return commands[arguments.command]()
    except ConnectionError:
        return _complain(_NOT_RUNNING, NO)
    except DoorError as error:
        return _complain(str(error), NO)


def _ask(paths: Paths, do: str, **more: str) -> Any:
    try:
        return ask(str(paths.door), {"do": do, **more})
    except NotADirectoryError as error:
        raise ConnectionError("no instance is running") from error


def _status(arguments: argparse.Namespace, paths: Paths) -> int:
    status = _ask(paths, "status")
    if arguments.json:
        print(json.dumps(status))
        return OK
    session, queue, hold = status["session"], status["queue"], status["hold"]
    print(f"Portico {status['version']} is {status['state'].replace('_', ' ')}")
    print(f"  endpoint   {status['endpoint']}")
    print(f"  session    {_session_line(session)}")
    print(f"  answering  {queue['in_flight']}, waiting {queue['waiting']}")
    if hold:
        print(
            f"  pause      Qwen asked for a check; {hold['seconds_left']} s are left. Answer the "
            "check at chat.qwen.ai, then run: portico resume"
        )
    return OK


def _session_line(session: dict[str, Any]) -> str:
    words = {"signed_in": "signed in", "signed_out": "nobody is signed in", "ended": "ended"}
    line = words.get(session["state"], str(session["state"]))
    if session["account"]:
        line += f" as {session['account']}"
    if session["expires_at"] and session["state"] == "signed_in":
        ends = datetime.fromtimestamp(session["expires_at"], UTC).astimezone()
        line += f", renewed before {ends:%H:%M}"
    return line


def _models(arguments: argparse.Namespace, paths: Paths) -> int:
    models = _ask(paths, "models")
    if arguments.json:
        print(json.dumps(models))
        return OK
    for model in models:
        window = f"{model['context_tokens']:>9,} tokens" if model["context_tokens"] else ""
        print(f"{model['id']:<24} {window}")
        for name in model["names"][1:]:
            print(f"  {name}")
    return OK


def _resume(paths: Paths) -> int:
    held = _ask(paths, "resume")
    print("The pause is over." if held else "There was no pause.")
    return OK


def _session(arguments: argparse.Namespace, paths: Paths) -> int:
    try:
        _ask(paths, "status")
    except ConnectionError:
        return _complain(
            "This version keeps a session only while it runs. Start portico --headless first.",
            NO_KEYRING,
        )
    if arguments.what == "import":
        for sentence in _ask(paths, "session", what="import", text=sys.stdin.read()):
            print(sentence)
        print("Portico keeps it in memory, until it stops.")
        return OK
    if arguments.what == "clear":
        print("Signed out." if _ask(paths, "session", what="clear") else "Nobody was signed in.")
        return OK
    session = _ask(paths, "session", what="show")
    print(_session_line(session))
    return OK if session["state"] == "signed_in" else NOT_SIGNED_IN


def _key(arguments: argparse.Namespace, paths: Paths) -> int:
    more = {
        name: getattr(arguments, name)
        for name in ("name", "field", "value")
        if getattr(arguments, name, None) is not None
    }
    answer = _ask(paths, "key", what=arguments.what, **more)
    if arguments.what == "list":
        for key in answer:
            used = key["last_used_s"]
            when = (
                f"{datetime.fromtimestamp(used, UTC).astimezone():%Y-%m-%d %H:%M}" if used else ""
            )
            profile = ", ".join(
                f"{name}={key[name]}"
                for name in key
                if name not in {"name", "created_s", "last_used_s"} and key[name] != ""
            )
            print(f"{key['name']:<20} last used {when or 'never':<17} {profile}")
    elif arguments.what in {"show", "new"}:
        print(answer)
    elif arguments.what == "revoke":
        print(f"The key {arguments.name!r} is revoked.")
    else:
        print(f"{arguments.field} of {arguments.name!r} is {answer[arguments.field]} now.")
    return OK


def _settings(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    if arguments.what == "set":
        return _set(arguments.name, arguments.value, paths)
    try:
        values = _ask(paths, "settings", what="list")
    except ConnectionError:
        loaded = load(paths.settings, lambda: datetime.now(UTC))
        values = msgspec.to_builtins(effective(loaded.settings, environ, {}))
    if arguments.what == "list":
        for field in explain():
            print(f"{field.name:<22} {json.dumps(values[field.name])}")
        return OK
    if arguments.name not in values:
        raise SettingError(arguments.name, _unknown(arguments.name))
    value = values[arguments.name]
    print(value if isinstance(value, str) else json.dumps(value))
    return OK


def _set(name: str, text: str, paths: Paths) -> int:
    value = parse(name, text)
    try:
        restart = _ask(paths, "settings", what="set", name=name, value=text)
    except ConnectionError:
        restart = False
        _set_alone(name, value, paths)
    for warning in warnings_of(_filed(paths)):
        print(warning, file=sys.stderr)
    print(f"{name} is {json.dumps(msgspec.to_builtins(value))} now.")
    if restart:
        print("Restart Portico for it to take effect.")
    return OK


def _set_alone(name: str, value: object, paths: Paths) -> None:
    """Change the file by ourselves: nobody runs, and nobody may start meanwhile."""
    paths.prepare()
    with InstanceLock(paths.lock) as lock:
        if not lock.acquire():
            raise DoorError("Portico is just starting or stopping. Try again in a moment.")
        loaded = load(paths.settings, lambda: datetime.now(UTC))
        save(paths.settings, with_value(loaded.settings, name, value))


def _filed(paths: Paths) -> Any:
    return load(paths.settings, lambda: datetime.now(UTC)).settings


def _unknown(name: str) -> str:
    return f"There is no setting {name!r}. `portico settings list` shows all of them."


def _doctor(paths: Paths, environ: Mapping[str, str]) -> int:
    """Check what exists so far; each line says what was found and what to do."""
    checks = [_check_http(), _check_folder(paths), _check_port(paths, environ)]
    for good, line in checks:
        print(f"{'ok  ' if good else 'FAIL'}  {line}")
    return OK if all(good for good, _ in checks) else NO


def _check_http() -> tuple[bool, str]:
    import aiohttp
    from aiohttp import http_parser

    compiled = http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
    if compiled:
        return True, f"http: aiohttp {aiohttp.__version__} with its compiled parser"
    return False, "http: aiohttp runs without its compiled parser. Install a binary wheel of it."


def _check_folder(paths: Paths) -> tuple[bool, str]:
    paths.prepare()
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    notes = " ".join(loaded.notes)
    return not loaded.notes, f"data: {paths.home}" + (f" ({notes})" if notes else "")


def _check_port(paths: Paths, environ: Mapping[str, str]) -> tuple[bool, str]:
    try:
        status = _ask(paths, "status")
    except ConnectionError:
        port = effective(_filed(paths), environ, {}).port
        with socket.socket() as probe:
            probe.settimeout(1.0)
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        if taken:
            sentence = f"port: {port} is used by another program. Choose another port."
            return False, sentence
        return True, f"port: {port} is free, Portico {__version__} is not running"
    return True, f"port: {status['port']} is Portico {status['version']}, {status['state']}"


def _complain(sentence: str, code: int) -> int:
    print(f"portico: {sentence}", file=sys.stderr)
    return code
