"""Serving in the foreground: puts the parts of a service together and runs it until a signal."""

import argparse
import contextlib
import gc
import ipaddress
import signal
import sys
import threading
from collections.abc import Mapping

import msgspec

from tray_app.anew import Anew
from tray_app.compose import compose
from tray_app.core.redact import Redactor
from tray_app.proxy.instance import Instance
from tray_app.proxy.service import Service
from tray_app.proxy.status import NetworkStatus, Run, Status
from tray_app.proxy.supervisor import Supervisor
from tray_app.startup import (
    ALREADY_RUNNING,
    NO,
    OK,
    PORT_TAKEN,
    USAGE,
    AlreadyRunningError,
    complain,
    only_instance,
    tell,
)
from tray_app.store.paths import Paths

_QUESTION = '{"model":"MODEL","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
_NO_PORT = {"port_taken", "port_denied"}
_LOOK_S = 0.5
"""How long a wait may last during which no signal is seen."""


def serve(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    """Serve until a signal comes; returns the exit code."""
    if arguments.host is not None and not _may_listen(arguments.host, arguments.allow_network):
        return complain(
            f"--host {arguments.host} would open Portico to the network. "
            "Add --allow-network if that is what you want.",
            USAGE,
        )
    try:
        with only_instance(arguments, paths, environ) as redactor:
            return _run(arguments, paths, environ, redactor)
    except AlreadyRunningError:
        return complain(
            "Portico is running already with this data folder. `portico status` shows it.",
            ALREADY_RUNNING,
        )


def _run(
    arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str], redactor: Redactor
) -> int:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with contextlib.ExitStack() as stack:
        composed = compose(paths, environ, redactor, stack, arguments)
        for note in composed.notes:
            tell(note)
        parts = msgspec.structs.replace(composed.parts, stuck=Anew(paths.restarts, tell))
        instance = Instance(parts, str(paths.door), lambda: _follow(instance.supervisor.run, over))
        stack.callback(instance.close)
        return _serve(instance, arguments, over)


def _serve(instance: Instance, arguments: argparse.Namespace, over: threading.Event) -> int:
    supervisor = instance.supervisor
    supervisor.start()
    service = _started(supervisor, over)
    if service is not None:
        instance.open()
        tell(_welcome(service, arguments))
        with contextlib.suppress(OSError, ValueError):
            print(f"Portico ready {service.endpoint}", flush=True)
        gc.collect()
        gc.freeze()
        _wait(over)
    run = supervisor.run
    if run.kind == "failed":
        return complain(run.said, PORT_TAKEN if run.code in _NO_PORT else NO)
    tell("Portico is stopping: running answers get a few seconds.")
    return OK


def _started(supervisor: Supervisor, over: threading.Event) -> Service | None:
    """The proxy, once it runs; None where it cannot run, or where a signal came first."""
    while supervisor.settle(_LOOK_S).kind != "failed" and not over.is_set():
        if (service := supervisor.service) is not None:
            return service
    return None


def _wait(over: threading.Event) -> None:
    if sys.platform == "win32":
        while not over.wait(_LOOK_S):
            pass
    else:
        over.wait()


def _follow(run: Run, over: threading.Event) -> None:
    """Say what happens to the proxy later; one that has failed for good ends the program."""
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


def _welcome(service: Service, arguments: argparse.Namespace) -> str:
    lines = []
    if not arguments.headless:
        lines.append("There is no tray here, so Portico serves without one.")
    if arguments.practice:
        lines.append("Practice mode: answers come from a stand-in of the site on this computer.")
    else:
        lines += _situation(service.status)
    portico = sys.argv[0] if sys.argv[0].endswith("portico") else "portico"
    network = service.status.network
    lines += _in_network(network, portico)
    # Where only the network is listened on, this computer comes by the network as well.
    key = f"{portico} key show" + (" phone" if network.endpoint == service.endpoint else "")
    model = service.parts.upstream.built_in_models()[1].id
    question = _QUESTION.replace("MODEL", model)
    lines += [
        f"Endpoint for your AI client:  {service.endpoint}",
        f"Key for your AI client:       {key}",
        "Try it in another terminal:",
        (
            f'  curl -N {service.endpoint}/chat/completions -H "Authorization: Bearer '
            f"$({key})\" -H 'Content-Type: application/json' -d '{question}'"
        ),
    ]
    return "\n".join(lines)


def _in_network(network: NetworkStatus, portico: str) -> list[str]:
    """What a person should know of a door that is open to other devices."""
    if not network.address:
        return [network.note] if network.note else []
    where = network.endpoint or "every address of this computer that is in the setting hosts"
    return [
        f"Other devices may come in at: {where}",
        "They speak plain HTTP: whoever shares the network can read keys, prompts and answers.",
        "What comes from there needs a key that is made for it:",
        f"  {portico} key new phone",
        f"  {portico} key set phone network yes",
    ]


def _situation(status: Status) -> list[str]:
    """What a person should know of session and keyring before anything is asked."""
    session, keyring = status.session, status.keyring
    lines = [keyring.note] if keyring.note else []
    if session.state == "signed_in":
        return [*lines, f"Signed in{f' as {session.account}' if session.account else ''}."]
    if session.state == "signed_out":
        return [*lines, f"{session.note} To bring a session: portico session import"]
    return [*lines, session.note]
