"""Serving in the foreground: puts the parts of a service together and runs it until a signal."""

import argparse
import contextlib
import gc
import ipaddress
import signal
import sys
import threading
from collections.abc import Mapping

from tray_app.compose import compose, tell
from tray_app.core.redact import Redactor
from tray_app.proxy.house import Parts
from tray_app.proxy.service import Service
from tray_app.proxy.status import Status
from tray_app.proxy.supervisor import Supervisor
from tray_app.store.lock import InstanceLock
from tray_app.store.logs import start_logging, stop_logging
from tray_app.store.paths import Paths

_QUESTION = '{"model":"MODEL","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
OK, NO, USAGE, PORT_TAKEN, ALREADY_RUNNING = 0, 1, 2, 3, 6


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
            composed = compose(paths, environ, redactor, stack, arguments)
            for note in composed.notes:
                tell(note)
            return _run(composed.parts, arguments)
    finally:
        stop_logging()
        lock.release()


def _run(parts: Parts, arguments: argparse.Namespace) -> int:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    supervisor = Supervisor(parts, lambda: _follow(supervisor, over))
    supervisor.start()
    run, service = supervisor.settle(), supervisor.service
    if service is not None:
        tell(_welcome(service, arguments))
        sys.stdout.write(f"Portico ready {service.endpoint}\n")
        sys.stdout.flush()
        gc.collect()
        gc.freeze()
        over.wait()
        run = supervisor.run
    if run.kind == "failed":
        return _complain(run.said, PORT_TAKEN if run.code == "port_taken" else NO)
    tell("Portico is stopping: running answers get a few seconds.")
    supervisor.close()
    return OK


def _follow(supervisor: Supervisor, over: threading.Event) -> None:
    """Say what happens to the proxy later; one that has failed for good ends the program."""
    run = supervisor.run
    if run.kind == "failed":
        over.set()
    elif run.code == "died":
        tell(run.said)


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
    else:
        lines += _situation(service.status)
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


def _situation(status: Status) -> list[str]:
    """What a person should know of session and keyring before anything is asked."""
    session, keyring = status.session, status.keyring
    lines = [keyring.note] if keyring.note else []
    if session.state == "signed_in":
        return [*lines, f"Signed in{f' as {session.account}' if session.account else ''}."]
    if session.state == "signed_out":
        return [*lines, f"{session.note} To bring a session: portico session import"]
    return [*lines, session.note]


def _complain(sentence: str, code: int) -> int:
    tell(f"portico: {sentence}")
    return code
