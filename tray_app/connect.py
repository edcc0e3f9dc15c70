"""`portico connect CLIENT`: prints what points a client at Portico, writes it, puts it back, tries.

What a script may want goes to stdout, what people should read goes to stderr.
"""

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import msgspec

from tray_app.core.errors import ProxyError
from tray_app.core.model import ModelInfo, Prompt
from tray_app.desktop.client_writing import ClientWriting, UnmergedError
from tray_app.dialects.clients import CLIENTS, find, is_served, near, recommended
from tray_app.dialects.clients.recipe import (
    KEY_VARIABLE,
    Client,
    ConfigFile,
    Need,
    Offer,
    Setup,
)
from tray_app.dialects.clients.shown import HIDDEN_KEY
from tray_app.proxy.client_key import Keyed, key_of, known_key
from tray_app.proxy.door import NoKeyringError, ask
from tray_app.store import StoreError
from tray_app.store.client_files import Plan, Undoing, home_of, locate, write_all
from tray_app.store.models import load_models
from tray_app.store.paths import Paths
from tray_app.store.settings import Settings, effective
from tray_app.store.settings_file import load
from tray_app.upstreams import UPSTREAMS

OK, NO, USAGE = 0, 1, 2


def connect(arguments: Namespace, paths: Paths, environ: Mapping[str, str], keyed: Keyed) -> int:
    """Run the command; returns the exit code.

    Raises:
        DoorError: The key could be neither had nor made.
        StoreError: A file cannot be written or put back.
    """
    if arguments.client is None:
        return _list(arguments)
    client = find(arguments.client)
    if client is None:
        return _complain(_unknown(arguments.client), USAGE)
    if arguments.no_key and not client.key_from:
        return _complain(f"{client.label} takes no key from a variable. Leave out --no-key.", USAGE)
    connecting = _Connecting(client, environ, keyed, keeps_key=arguments.no_key)
    if arguments.do == "undo":
        return connecting.undo()
    if client.unreachable:
        return _complain(client.unreachable, NO)
    try:
        connecting.offer, connecting.settings, connecting.is_running = _offer(
            client, arguments.model, paths, environ
        )
    except ProxyError as error:
        return _complain(error.text, USAGE)
    match arguments.do:
        case "write":
            return connecting.write()
        case "dry-run":
            return connecting.show_changes()
        case "test":
            return connecting.test()
        case _:
            return connecting.show()


def _list(arguments: Namespace) -> int:
    if arguments.do or arguments.no_key or arguments.model is not None:
        return _complain("Name the client. See them all: portico connect", USAGE)
    for client in CLIENTS:
        print(f"{client.id:<20} {client.label:<26} {_state(client)}".rstrip())
    print("Point one at Portico with: portico connect CLIENT", file=sys.stderr)
    return OK


def _state(client: Client) -> str:
    if client.unreachable:
        return "cannot reach Portico"
    if not is_served(client):
        return "needs a dialect that Portico does not speak yet"
    return "can be written" if client.setup(Offer("", "", "any")).files else ""


def _unknown(name: str) -> str:
    known = near(name)
    hint = f"Near names: {', '.join(known)}." if known else "See them all: portico connect"
    return f"There is no client {name!r}. {hint}"


def _unserved(client: Client) -> str:
    return (
        f"{client.label} needs {client.speaks}, which this Portico does not answer. Look for an "
        "update."
    )


def _offer(
    client: Client, model: str | None, paths: Paths, environ: Mapping[str, str]
) -> tuple[Offer, Settings, bool]:
    """What there is to offer, without a key, the settings in force, and whether Portico serves.

    Raises `ProxyError` for a model that is not there.
    """
    settings = effective(load(paths.settings, lambda: datetime.now(UTC)).settings, environ, {})
    try:
        status = ask(str(paths.door), {"do": "status"})
        endpoint, is_running = status["endpoint"], status["state"] == "running"
        told = ask(str(paths.door), {"do": "models"})
        models = tuple(msgspec.convert(told, list[ModelInfo]))
        settings = msgspec.convert(
            ask(str(paths.door), {"do": "settings", "what": "list"}), Settings
        )
    except ConnectionError:
        is_running = False
        endpoint = f"http://127.0.0.1:{settings.port}{settings.path_prefix}/v1"
        models = _last_models(paths)
    if model is not None and not any(fnmatchcase(model, alias) for alias in settings.aliases):
        UPSTREAMS[0].choose(Prompt(model=model, messages=()), models)
    offer = Offer(
        endpoint=endpoint,
        key=HIDDEN_KEY,
        model=model or recommended(client, models),
        models=models,
        made_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
    )
    return offer, settings, is_running


def _last_models(paths: Paths) -> tuple[ModelInfo, ...]:
    kept = load_models(paths.models)
    return (UPSTREAMS[0].read_models(kept[0]) if kept else ()) or UPSTREAMS[0].built_in_models()


class _Connecting:
    """One client being connected."""

    offer: Offer
    settings: Settings
    is_running: bool

    def __init__(
        self, client: Client, environ: Mapping[str, str], keyed: Keyed, *, keeps_key: bool
    ) -> None:
        self._client = client
        self._environ = environ
        self._writing = ClientWriting(client, environ)
        self._keyed = keyed
        self._keeps_key = keeps_key

    def show(self) -> int:
        """Print everything; a key is made for it if there is none and there can be one."""
        served = is_served(self._client)
        if served:
            self._take_key_if_any()
        setup = self._setup()
        self._print(setup)
        self._advise(setup)
        # What it prints is what was asked for, but a script must not take it for a connection.
        return OK if served else _complain(_unserved(self._client), NO)

    def show_changes(self) -> int:
        """Print what writing would change, without a key."""
        if not self._setup().files:
            return _complain(self._fileless(), NO)
        with self._going_on_without_key():
            self._offer_key(known_key(self._client, self._keyed) or HIDDEN_KEY)
        try:
            changes = self._writing.changes(self._filed_offer())
        except StoreError as error:
            return _complain(f"{error} See what to put into it: {self._command()}", NO)
        if changes:
            print(changes)
        return OK

    def write(self) -> int:
        """Write the client's files, all of them or none."""
        if not is_served(self._client):
            return _complain(_unserved(self._client), NO)
        if not self._setup().files:
            return _complain(self._fileless(), NO)
        try:
            # Before there is a key: what cannot be written must not leave one behind.
            self._plans()
            self._take_key()
            plans = self._plans()
        except UnmergedError as error:
            self._take_key()
            _tell(f"portico: {error} This belongs there:")
            print(self._setup().files[error.number].edit(""), end="")
            return NO
        except StoreError as error:
            return _complain(f"{error} See what to put into it: {self._command()}", NO)
        write_all(plans, datetime.now(UTC))
        for planned in plans:
            said = "Wrote {}." if planned.changes else "{} says so already."
            print(said.format(planned.path))
        _tell(f"Put back what was there with: {self._command()} --undo")
        self._tell_of_key()
        setup = self._setup()
        if setup.command:
            _tell(f"Start it with: {setup.command}")
        return OK

    def undo(self) -> int:
        """Put back what was there before the last writing."""
        files = self._client.setup(Offer("", "", "any")).files
        if not files:
            return _complain(f"{self._client.label} has no file that Portico writes.", NO)
        undone = self._writing.undo()
        if not undone:
            where = " or ".join(self._place(file) for file in files)
            return _complain(f"Portico has not written {where}: there is nothing to undo.", NO)
        for one in undone:
            print(_undone(one))
        _tell(f"Its key is still in force. End it with: portico key revoke {self._client.id}")
        return OK

    def test(self) -> int:
        """Send what the client would send, and say how that went."""
        from tray_app.proxy.tryout import try_out

        if not is_served(self._client):
            return _complain(_unserved(self._client), NO)
        if not self.is_running:
            # Whoever else has the port by now is not to be sent the key.
            return _complain("Portico does not run. Start it first.", NO)
        self._take_key()
        offer = self.offer
        tried = try_out(self._client, offer.endpoint, offer.key, offer.model)
        if not tried.works:
            return _complain(tried.said, NO)
        print(f"It works: {tried.first_s:.1f} s to the first word, {tried.total_s:.1f} s in all.")
        return OK

    def _tell_of_key(self) -> None:
        if self._keeps_key:
            _tell(f"Set {KEY_VARIABLE} to what this prints: portico key show {self._client.id}")
        elif self._client.key_from:
            _tell("The key is in that file. To have it taken from a variable, add: --no-key")

    def _fileless(self) -> str:
        return (
            f"{self._client.label} has no file that Portico can write. See what to do there: "
            f"{self._command()}"
        )

    def _command(self) -> str:
        return f"portico connect {self._client.id}"

    def _setup(self) -> Setup:
        return self._client.setup(self._filed_offer())

    def _filed_offer(self) -> Offer:
        """The offer as it goes into a file."""
        if self._keeps_key:
            return msgspec.structs.replace(self.offer, key=self._client.key_from)
        return self.offer

    def _take_key_if_any(self) -> None:
        with self._going_on_without_key():
            self._take_key()

    @contextmanager
    def _going_on_without_key(self) -> Iterator[None]:
        """Have what is printed be printed all the same where no key can be had."""
        try:
            yield
        except NoKeyringError as error:
            _tell(f"portico: {error}", f"{HIDDEN_KEY} stands for the key below.")

    def _take_key(self) -> None:
        self._offer_key(key_of(self._client, self._keyed))

    def _offer_key(self, key: str) -> None:
        self.offer = msgspec.structs.replace(self.offer, key=key)

    def _plans(self) -> list[Plan]:
        return self._writing.plans(self._filed_offer())

    def _print(self, setup: Setup) -> None:
        """Print what a script may want: files, else what is pasted, else variables."""
        for file in setup.files:
            _tell(f"{self._place(file)}:")
            print(file.edit(""), end="")
        if setup.files:
            return
        if setup.values:
            print("\n".join(_values(setup)))
        if setup.text:
            print(setup.text, end="")
        if not setup.values and not setup.text:
            print("\n".join(_exports(setup)))

    def _advise(self, setup: Setup) -> None:
        """Tell people the rest."""
        if setup.env and (setup.files or setup.values or setup.text):
            _tell("For one terminal only:", *_exports(setup))
        if setup.steps:
            if setup.files:
                _tell("", "In the client:", *_values(setup))
            _tell(*(f"{number}. {step}" for number, step in enumerate(setup.steps, 1)))
        for need in setup.needs:
            _tell(f"{need.why} Run: {_opening(need, self.settings)}")
        if setup.link:
            _tell(f"Or open this link: {setup.link}")
        if setup.link_holds_key:
            _tell("The link holds the key, so it ends up in histories: better paste the values.")
        if setup.files and is_served(self._client):
            _tell(f"Portico can write it: {self._command()} --write")
            self._tell_of_key()
        if setup.command:
            _tell(f"Start it with: {setup.command}")
        if self._client.note:
            _tell(self._client.note)

    def _place(self, file: ConfigFile) -> str:
        """Where a file is, below the home; as it is spelled where Portico may not write it."""
        spelled = file.place.on(sys.platform)
        try:
            path = locate(spelled, self._environ)
        except StoreError:
            return spelled
        return f"~/{path.relative_to(home_of(self._environ).resolve()).as_posix()}"


def _undone(undoing: Undoing) -> str:
    if undoing.now is None:
        return f"{undoing.path} is gone already."
    if undoing.after is None:
        return f"Removed {undoing.path}: there was none before."
    if undoing.is_whole:
        return f"Put {undoing.path} back."
    return f"Took out of {undoing.path} what was Portico's: it was changed since."


def _opening(need: Need, settings: Settings) -> str:
    """The command that lets somebody in whom a client needs; it keeps those who are in already."""
    match need.who:
        case "host":
            name, value = "hosts", json.dumps(list(dict.fromkeys((*settings.hosts, need.name))))
        case "web_app":
            name, value = "origins", json.dumps([*settings.origins, "https://the.apps.address"])
        case _:
            name, value = "network_host", "THIS_COMPUTERS_ADDRESS"
    return f"portico settings set {name} {shlex.quote(value)}"


def _exports(setup: Setup) -> list[str]:
    if sys.platform == "win32":
        return [f"$env:{name} = '{value}'" for name, value in setup.env.items()]
    return [f"export {name}={shlex.quote(value)}" for name, value in setup.env.items()]


def _values(setup: Setup) -> list[str]:
    width = max((len(value.label) for value in setup.values), default=0)
    return [f"{value.label:<{width}}  {value.text}" for value in setup.values]


def _tell(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)


def _complain(sentence: str, code: int) -> int:
    _tell(f"portico: {sentence}")
    return code
