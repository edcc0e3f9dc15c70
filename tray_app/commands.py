"""What the command line asks of the running instance, or does by itself where none runs."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from tray_app.core.deeds import DaySum
from tray_app.core.redact import Redactor
from tray_app.doctor import doctor, session_line
from tray_app.figures import figures, fitted, today_line, turned_away_line
from tray_app.proxy.brakes import SAID, Cause
from tray_app.proxy.door import DoorError, NoKeyringError, ask
from tray_app.startup import tell
from tray_app.store.lock import InstanceLock
from tray_app.store.logs import start_logging, stop_logging
from tray_app.store.paths import Paths
from tray_app.store.settings import (
    SettingError,
    Settings,
    effective,
    explain,
    parse,
    warnings_of,
    with_value,
)
from tray_app.store.settings_file import Loaded, load, save

OK, NO, NOT_SIGNED_IN, NO_KEYRING = 0, 1, 4, 5

_PASTE_BYTES = 256 << 10
_PATIENCE_S = 8.0
"""How long whoever has the data folder and serves nobody is waited for."""
_LOOK_S = 0.1
"""Between two looks at it."""
_NOT_RUNNING = "Portico is not running. Start it with: portico --headless"


def run(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    """Run one command; returns the exit code."""
    commands: dict[str, Callable[[], int]] = {
        "status": lambda: _status(arguments, paths),
        "models": lambda: _models(arguments, paths),
        "statistics": lambda: figures(arguments, paths),
        "resume": lambda: _resume(paths),
        "doctor": lambda: doctor(paths, environ),
        "forget": lambda: _forget(arguments, paths, environ),
        "connect": lambda: _connect(arguments, paths, environ),
        "key": lambda: _key(arguments, paths, environ),
        "settings": lambda: _settings(arguments, paths, environ),
        "session": lambda: _session(arguments, paths, environ),
    }
    try:
        return commands[arguments.command]()
    except BrokenPipeError:
        # The door never says so: it is whoever reads what is printed.
        raise
    except ConnectionError:
        return _complain(_NOT_RUNNING, NO)
    except DoorError as error:
        return _complain(str(error), NO)
    except NoKeyringError as error:
        return _complain(str(error), NO_KEYRING)


def _ask(paths: Paths, do: str, **more: str) -> Any:
    return ask(str(paths.door), {"do": do, **more})


def _do(paths: Paths, environ: Mapping[str, str], do: str, **more: str) -> Any:
    """Have the running instance carry out a command, or do it here where none runs."""
    return _done(paths, lambda: _do_alone(paths, environ, do, more), do, **more)


def _done(paths: Paths, alone: Callable[[], Any], do: str, **more: str) -> Any:
    """What the running instance says to a command, or what comes of doing it where none runs.

    Whoever starts, stops or does something by itself at this moment is waited for.
    """
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return _ask(paths, do, **more)
        except ConnectionError:
            paths.prepare()
        with InstanceLock(paths.lock) as lock:
            if lock.acquire():
                return alone()
        if time.monotonic() > end_s:
            raise DoorError("Portico is just starting or stopping. Try again in a moment.")
        time.sleep(_LOOK_S)


def _do_alone(paths: Paths, environ: Mapping[str, str], do: str, more: Mapping[str, str]) -> Any:
    from tray_app.compose import compose
    from tray_app.proxy.alone import carry_out

    redactor = Redactor()
    start_logging(paths.logs, environ.get("PORTICO_LOG") or "info", redactor)
    try:
        with ExitStack() as stack:
            _tell_notes(load(paths.settings, lambda: datetime.now(UTC)))
            parts = compose(paths, environ, redactor, stack).parts
            return carry_out(parts, do, dict(more))
    finally:
        stop_logging()


def _connect(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    from tray_app.connect import connect

    def keyed(what: str, **more: str) -> Any:
        return _do(paths, environ, "key", what=what, **more)

    return connect(arguments, paths, environ, keyed)


def _forget(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    from tray_app.forget import forget

    return forget(paths, environ, agreed=arguments.yes)


def _status(arguments: argparse.Namespace, paths: Paths) -> int:
    if arguments.watch:
        from tray_app.live import watch

        return watch(lambda: _ask(paths, "status"), _paused, as_json=arguments.json)
    status = _ask(paths, "status")
    if arguments.json:
        print(json.dumps(status))
    else:
        _tell(status)
    return OK


def _tell(status: dict[str, Any]) -> None:
    """A status in words."""
    session, keyring = status["session"], status["keyring"]
    queue, hold = status["queue"], status["hold"]
    print(f"Portico {status['version']} is {status['state'].replace('_', ' ')}")
    if status["note"]:
        print(f"  {status['note']}")
    print(f"  endpoint   {status['endpoint']}")
    network = status["network"]
    if network["address"] or network["note"]:
        print(f"  network    {network['note'] or network['endpoint'] or 'every address'}")
    if status["visitors"]["keyless"]:
        print("  keys       not needed on this computer until Portico ends")
    print(f"  session    {session_line(session)}")
    if session["note"]:
        print(f"             {session['note']}")
    if keyring["note"]:
        print(f"  keyring    {keyring['note']}")
    print(f"  answering  {queue['in_flight']}, waiting {queue['waiting']}")
    print(f"  calls      {_way_line(status['transport'])}")
    print(f"  today      {today_line(msgspec.convert(status['today'], DaySum))}")
    if refused := turned_away_line(**status["turned_away"]):
        print(f"  refused    {refused}")
    if hold:
        print(f"  pause      {_paused(status)}")
    for number, deed in enumerate(status["recent"]):
        print(f"  {'' if number else 'lately':<9}  {_deed_line(deed)}")


def _way_line(transport: dict[str, Any]) -> str:
    line = str(transport["said"])
    if transport["since_s"]:
        line += f", since {datetime.fromtimestamp(transport['since_s'], UTC).astimezone():%H:%M}"
    if transport["direct_closed_s"]:
        line += f"; by Portico again in {transport['direct_closed_s'] // 60 + 1} min"
    return line


def _paused(status: Mapping[str, Any]) -> str:
    """The hold of a status in words."""
    hold = status["hold"]
    left = f"{hold['seconds_left']} s are left"
    cause: Cause = hold.get("cause") or "check"
    if hold["kind"] == "asking" and cause == "check":
        return f"Qwen asks for a person, in Portico's window; {left}. Answer it there."
    if hold["kind"] == "network":
        when = f"in {hold['seconds_left']} s" if hold["seconds_left"] else "with the next request"
        return (
            f"Qwen keeps failing; Portico tries again {when}. Check the internet connection, or "
            "try at once with: portico resume"
        )
    where = "in Portico's window" if status["session"]["by_window"] else "at chat.qwen.ai"
    do = f"Answer the check {where}" if cause == "check" else f"Answer any check {where}"
    return f"{SAID[cause]}; {left}. {do}, then run: portico resume"


def _deed_line(deed: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(deed["at_s"], UTC).astimezone()
    took = f"{deed['took_s']:.1f} s"
    return f"{at:%H:%M:%S}  {deed['key']:<12} {deed['model']:<20} {deed['outcome']}, {took}"


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


def _session(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    if arguments.what == "import":
        return _import(paths, environ)
    answer = _do(paths, environ, "session", what=arguments.what)
    if arguments.what == "clear":
        print("Signed out." if answer["had"] else "Nobody was signed in.")
        return _told_of_keeping(answer, "The keyring may still hold the session.")
    print(session_line(answer))
    if answer["note"]:
        print(answer["note"])
    return OK if answer["state"] == "signed_in" else NOT_SIGNED_IN


def _import(paths: Paths, environ: Mapping[str, str]) -> int:
    if sys.stdin.isatty():
        print("Paste the session, then press Enter and Ctrl+D:", file=sys.stderr)
    data = sys.stdin.buffer.read(_PASTE_BYTES + 1)
    if len(data) > _PASTE_BYTES:
        return _complain("That is too long to be a session. Paste one request, not a file.", NO)
    text = data.decode("utf-8-sig", "replace")
    answer = _do(paths, environ, "session", what="import", text=text)
    for sentence in answer["said"]:
        print(sentence)
    print(
        "It is saved in the keyring of this system."
        if answer["kept"]
        else "Portico keeps it in memory, until it stops."
    )
    return _told_of_keeping(answer, "The session is not saved.")


def _told_of_keeping(answer: dict[str, Any], unkept: str) -> int:
    """Say what came of saving; practice mode saves nothing and has nothing to say about it."""
    if answer.get("kept", True) or not answer["note"]:
        return OK
    print(f"{unkept} {answer['note']}", file=sys.stderr)
    return OK


def _key(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    more = {
        name: getattr(arguments, name)
        for name in ("name", "field", "value")
        if getattr(arguments, name, None) is not None
    }
    answer = _do(paths, environ, "key", what=arguments.what, **more)
    if arguments.what == "list":
        names = fitted([key["name"] for key in answer["keys"]], 20)
        for name, key in zip(names, answer["keys"], strict=True):
            print(_key_line(name, key))
    elif arguments.what in {"show", "new"}:
        print(answer["secret"])
    elif arguments.what == "revoke":
        print(f"The key {arguments.name!r} is revoked.")
    else:
        value = _word(answer["key"][arguments.field])
        print(f"{arguments.field} of {arguments.name!r} is {value} now.")
    return _told_of_keeping(answer, "The keys are not saved.")


def _word(value: object) -> object:
    return value if not isinstance(value, bool) else "yes" if value else "no"


def _key_line(shown: str, key: dict[str, Any]) -> str:
    used = key["last_used_s"]
    when = f"{datetime.fromtimestamp(used, UTC).astimezone():%Y-%m-%d %H:%M}" if used else "never"
    profile = ", ".join(
        f"{name}={_word(key[name])}"
        for name in key
        if name not in {"name", "created_s", "last_used_s"} and key[name] != ""
    )
    return f"{shown} last used {when:<17} {profile}"


def _settings(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    if arguments.what == "set":
        return _set(arguments.name, arguments.value, paths, environ)
    try:
        values = _ask(paths, "settings", what="list")
    except ConnectionError:
        loaded = load(paths.settings, lambda: datetime.now(UTC))
        _tell_notes(loaded)
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


def _set(name: str, text: str, paths: Paths, environ: Mapping[str, str]) -> int:
    value = parse(name, text)
    chosen = with_value(Settings(), name, value)
    alone = partial(_set_alone, name, value, paths)
    restart = _done(paths, alone, "settings", what="set", name=name, value=text)
    for warning in warnings_of(chosen):
        print(warning, file=sys.stderr)
    print(f"{name} is {json.dumps(msgspec.to_builtins(value))} now.")
    if restart:
        print("Restart Portico for it to take effect.")
    if name == "port" and effective(chosen, environ, {}) != chosen:
        print(f"PORTICO_PORT is {environ['PORTICO_PORT']} here, and outranks it.", file=sys.stderr)
    return OK


def _set_alone(name: str, value: object, paths: Paths) -> bool:
    """Set it in the file; returns that nothing has to be restarted for it."""
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    save(paths.settings, with_value(loaded.settings, name, value))
    _tell_notes(loaded)
    return False


def _tell_notes(loaded: Loaded) -> None:
    """Say what was done about the file: the next start finds it mended and has nothing to say."""
    for note in loaded.notes:
        tell(note)


def _unknown(name: str) -> str:
    return f"There is no setting {name!r}. `portico settings list` shows all of them."


def _complain(sentence: str, code: int) -> int:
    print(f"portico: {sentence}", file=sys.stderr)
    return code
