"""`portico doctor`: checks what Portico needs; each line says what was found and what to do."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tray_app import __version__
from tray_app.proxy.door import ask
from tray_app.proxy.ports import PortTakenError, listen
from tray_app.store.keeper import Keeper
from tray_app.store.paths import Paths
from tray_app.store.ring import RingError, open_ring
from tray_app.store.settings import effective, load

_KEYRING_S = 5.0
_TRIAL = "doctor"

Check = tuple[bool, str]


def doctor(paths: Paths, environ: Mapping[str, str]) -> int:
    """Check everything; returns 0 where all is well and 1 where something is not."""
    checks = [_http(), _folder(paths), _port(paths, environ), _keyring(paths)]
    for good, line in checks:
        print(f"{'ok  ' if good else 'FAIL'}  {line}")
    return 0 if all(good for good, _ in checks) else 1


def _http() -> Check:
    import aiohttp
    from aiohttp import http_parser

    compiled = http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
    if compiled:
        return True, f"http: aiohttp {aiohttp.__version__} with its compiled parser"
    return False, "http: aiohttp runs without its compiled parser. Install a binary wheel of it."


def _folder(paths: Paths) -> Check:
    paths.prepare()
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    notes = " ".join(loaded.notes)
    return not loaded.notes, f"data: {paths.home}" + (f" ({notes})" if notes else "")


def _port(paths: Paths, environ: Mapping[str, str]) -> Check:
    try:
        status = ask(str(paths.door), {"do": "status"})
    except ConnectionError:
        settings = load(paths.settings, lambda: datetime.now(UTC)).settings
        port = effective(settings, environ, {}).port
        try:
            for sock in listen(None, port):
                sock.close()
        except PortTakenError as error:
            return False, f"port: {error}"
        return True, f"port: {port} is free, Portico {__version__} is not running"
    return True, f"port: {status['port']} is Portico {status['version']}, {status['state']}"


def _keyring(paths: Paths) -> Check:
    """Write, read and remove an entry of no meaning, as a session would be."""
    keeper = Keeper(open_ring, f"{paths.keyring_label} check")
    try:
        keeper.save(_TRIAL, "check").result(_KEYRING_S)
        kept = keeper.load(_TRIAL).result(_KEYRING_S)
        keeper.save(_TRIAL, None).result(_KEYRING_S)
    except RingError as error:
        return False, f"keyring: {error} Sessions and keys are kept in memory only."
    except TimeoutError:
        return False, "keyring: it does not answer. Sessions and keys are kept in memory only."
    if kept != {_TRIAL: "check"}:
        return False, "keyring: it does not give back what it was given."
    return True, "keyring: keeps what it is given"
