"""Serving in the foreground: puts the parts of a service together and runs it until a signal."""

import argparse
import contextlib
import gc
import ipaddress
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tray_app.core.redact import Redactor
from tray_app.core.session import Session
from tray_app.core.site import Site
from tray_app.proxy.door import DoorError
from tray_app.proxy.house import Parts
from tray_app.proxy.keys import DEFAULT_NAME, Keys
from tray_app.proxy.listen import PortTakenError
from tray_app.proxy.models import Shelf
from tray_app.proxy.service import Service
from tray_app.store import StoreError
from tray_app.store.lock import InstanceLock
from tray_app.store.logs import start_logging, stop_logging
from tray_app.store.models import load_models, save_models
from tray_app.store.paths import Paths
from tray_app.store.settings import Settings, effective, load, save, warnings_of
from tray_app.upstreams import UPSTREAMS
from tray_app.upstreams.qwen import SITE

_QUESTION = '{"model":"MODEL","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
OK, USAGE, PORT_TAKEN, ALREADY_RUNNING = 0, 2, 3, 6


def serve(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    """Serve until a signal comes; returns the exit code."""
    if arguments.host is not None and not _may_listen(arguments.host, arguments.allow_network):
        return _complain(
            f"--host {arguments.host} would open Portico to the network. "
            "Add --allow-network if that is what you want.",
            USAGE,
        )
    paths.prepare()
    lock = InstanceLock(paths.lock)
    if not lock.acquire():
        return _complain(
            "Portico is running already with this data folder. `portico status` shows it.",
            ALREADY_RUNNING,
        )
    redactor = Redactor()
    start_logging(paths.logs, _level(arguments, environ), redactor, stderr=False)
    try:
        with contextlib.ExitStack() as stack:
            parts = _parts(arguments, paths, environ, redactor, stack)
            return _run(Service(parts), arguments)
    finally:
        stop_logging()
        lock.release()


def _run(service: Service, arguments: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        service.start()
    except PortTakenError as error:
        return _complain(str(error), PORT_TAKEN)
    _tell(_welcome(service, arguments))
    sys.stdout.write(f"Portico ready {service.endpoint}\n")
    sys.stdout.flush()
    gc.collect()
    gc.freeze()
    stop.wait()
    _tell("Portico is stopping: running answers get a few seconds.")
    service.stop()
    return OK


def _parts(
    arguments: argparse.Namespace,
    paths: Paths,
    environ: Mapping[str, str],
    redactor: Redactor,
    stack: contextlib.ExitStack,
) -> Parts:
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    for note in loaded.notes:
        _tell(note)
    settings = effective(loaded.settings, environ, {"port": arguments.port})
    for warning in warnings_of(settings):
        _tell(warning)
    site, session = _practice(stack) if arguments.practice else (SITE, None)
    keys = Keys()
    redactor.learn(keys.new(DEFAULT_NAME).secret)
    shelf = Shelf(
        load=lambda: load_models(paths.models),
        save=lambda data, now_s: save_models(paths.models, data, now_s),
    )
    if arguments.practice:
        # The practice site's models must never be taken for the real one's.
        shelf = Shelf(load=lambda: None, save=lambda *_: None)
    return Parts(
        site=site,
        upstream=UPSTREAMS[0],
        session=session,
        settings=settings,
        save_settings=_saver(paths, loaded.settings, settings),
        keys=keys,
        # The newest secrets are known, and the keys must always be among them.
        learn_secrets=lambda *new: redactor.learn(*new, *(key.secret for key in keys.all())),
        shelf=shelf,
        door_path=str(paths.door),
        host=arguments.host,
    )


def _saver(paths: Paths, filed: Settings, running: Settings) -> Callable[[Settings], None]:
    """Saves settings, but not what a flag or the environment says for this run only."""
    temporary = {
        name: getattr(filed, name)
        for name in Settings.__struct_fields__
        if getattr(filed, name) != getattr(running, name)
    }

    def keep(settings: Settings) -> None:
        for name in tuple(temporary):
            if getattr(settings, name) != getattr(running, name):
                del temporary[name]
        try:
            save(paths.settings, settings, temporary)
        except StoreError as error:
            raise DoorError(str(error)) from error

    return keep


def _practice(stack: contextlib.ExitStack) -> tuple[Site, Session]:
    """The practice site, running until the stack is closed, and a session signed in to it."""
    from tray_app.practice import PracticeSite

    practice = PracticeSite()
    practice.start()
    stack.callback(practice.stop)
    return practice_site(practice.origin, practice.auth_origin), practice_session(
        practice.sign_in()
    )


def practice_site(origin: str, auth_origin: str) -> Site:
    """A practice site's addresses as the upstream's."""
    host = origin.partition("://")[2]
    return Site(name="practice", chat_origin=origin, auth_origin=auth_origin, media_hosts=(host,))


def practice_session(signed_in: Mapping[str, object]) -> Session:
    """What signing in to a practice site gives, as a session."""
    cookies, expires_at = signed_in["cookies"], signed_in["expires_at"]
    return Session(
        token=str(signed_in["token"]),
        cookies={str(name): str(value) for name, value in dict(cookies).items()},  # type: ignore[call-overload]
        expires_at=float(str(expires_at)),
        account="practice",
    )


def _may_listen(host: str, allowed: bool) -> bool:  # noqa: FBT001
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback or allowed
    except ValueError:
        return False


def _level(arguments: argparse.Namespace, environ: Mapping[str, str]) -> str:
    return str(arguments.log_level or environ.get("PORTICO_LOG") or "info")


def _welcome(service: Service, arguments: argparse.Namespace) -> str:
    lines = []
    if not arguments.headless:
        lines.append("There is no tray here, so Portico serves without one.")
    if arguments.practice:
        lines.append("Practice mode: answers come from a stand-in of the site on this computer.")
    elif service.parts.session is None:
        lines.append("Nobody is signed in to Qwen Chat: chats will be refused until somebody is.")
    portico = sys.argv[0] if sys.argv[0].endswith("portico") else "portico"
    model = service.parts.upstream.built_in_models()[1].id
    question = _QUESTION.replace("MODEL", model)
    lines += [
        f"Endpoint for your AI client:  {service.endpoint}",
        f"Key for your AI client:       {portico} key show",
        "Try it in another terminal:",
        (
            f'  curl -N {service.endpoint}/chat/completions -H "Authorization: Bearer '
            f"$({portico} key show)\" -H 'Content-Type: application/json' -d '{question}'"
        ),
    ]
    return "\n".join(lines)


def _tell(text: str) -> None:
    """Say something to people; scripts read stdout."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _complain(sentence: str, code: int) -> int:
    _tell(f"portico: {sentence}")
    return code
