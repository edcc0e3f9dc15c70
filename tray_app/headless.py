"""Serving in the foreground: puts the parts of a service together and runs it until a signal."""

import argparse
import contextlib
import ipaddress
import sys
import threading
import time
from collections.abc import Mapping

import msgspec

from tray_app.anew import Anew
from tray_app.compose import compose
from tray_app.core.redact import Redactor
from tray_app.over import Over
from tray_app.proxy.door import DoorError, ask
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
    fault_notes,
    only_instance,
    open_door,
    tell,
)
from tray_app.store.paths import Paths
from tray_app.streams import mute

_QUESTION = '{"model":"MODEL","stream":true,"messages":[{"role":"user","content":"Hello"}]}'
_ALREADY = "Portico is running already with this data folder. `portico status` shows it."
_PATIENCE_S = 8.0
"""How long a start waits for whoever has the data folder and is no Portico that serves."""
_NO_PORT = {"port_taken", "port_denied"}
_LOOK_S = 0.5
"""Between two looks at what is waited for."""


def serve(arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str]) -> int:
    """Serve until a signal comes; returns the exit code."""
    if arguments.host is not None and (why := _unfit(arguments.host, arguments.allow_network)):
        return complain(f"--host {arguments.host} {why}", USAGE)
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with only_instance(arguments, paths, environ) as redactor:
                return _run(arguments, paths, environ, redactor)
        except AlreadyRunningError:
            # A command that works by itself, or one that is about to end, holds it for a moment.
            if _answers(paths) or time.monotonic() > end_s:
                return complain(_ALREADY, ALREADY_RUNNING)
        time.sleep(_LOOK_S)


def _answers(paths: Paths) -> bool:
    try:
        ask(str(paths.door), {"do": "status"})
    except ConnectionError:
        return False
    except DoorError:
        return True
    return True


def _run(
    arguments: argparse.Namespace, paths: Paths, environ: Mapping[str, str], redactor: Redactor
) -> int:
    with contextlib.ExitStack() as stack:
        over = stack.enter_context(contextlib.closing(Over()))
        if arguments.until_stdin_ends:
            threading.Thread(target=_follow_stdin, args=(over,), name="stdin", daemon=True).start()
        composed = compose(paths, environ, redactor, stack, arguments)
        for note in (*composed.notes, *fault_notes(paths)):
            tell(note)
        parts = msgspec.structs.replace(composed.parts, stuck=Anew(paths.restarts, tell))
        instance = Instance(parts, str(paths.door), lambda: _follow(instance.supervisor.run, over))
        stack.callback(instance.close)
        return _serve(instance, arguments, over, paths)


def _serve(instance: Instance, arguments: argparse.Namespace, over: "Over", paths: Paths) -> int:
    supervisor = instance.supervisor
    supervisor.start()
    service = _started(supervisor, over)
    if service is not None:
        open_door(instance.open, paths)
        tell(_welcome(service, arguments))
        try:
            print(f"Portico ready {service.endpoint}", flush=True)
        except (OSError, ValueError):
            mute()
        over.wait()
    run = supervisor.run
    if run.kind == "failed":
        return complain(run.said, PORT_TAKEN if run.code in _NO_PORT else NO)
    tell("Portico is stopping: running answers get a few seconds.")
    return OK


def _started(supervisor: Supervisor, over: "Over") -> Service | None:
    """The proxy, once it runs; None where it cannot run, or where a signal came first."""
    while supervisor.settle(_LOOK_S).kind != "failed" and not over.is_set():
        if (service := supervisor.service) is not None:
            return service
    return None


def _follow_stdin(over: Over) -> None:
    """End with whoever started this and holds the other end."""
    with contextlib.suppress(OSError, ValueError):
        while sys.stdin.buffer.read(1):
            pass
    over.set()


def _follow(run: Run, over: Over) -> None:
    """Say what happens to the proxy later; one that has failed for good ends the program."""
    if run.kind == "failed":
        over.set()
    elif run.code == "died":
        tell(run.said)


def _unfit(host: str, allowed: bool) -> str:  # noqa: FBT001
    """Why Portico may not listen there; empty where it may."""
    if host == "localhost":
        return ""
    try:
        is_own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "is no IP address. Choose one of this computer's, such as 127.0.0.1."
    if is_own or allowed:
        return ""
    return "would open Portico to the network. Add --allow-network if that is what you want."


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
