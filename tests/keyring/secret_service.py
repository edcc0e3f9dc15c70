"""A real Secret Service of a test's own: a session bus and a gnome-keyring on it, in a folder."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

_BUS = """<busconfig><type>session</type><listen>unix:path={socket}</listen>
<standard_session_servicedirs/>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""
_SECRETS = "org.freedesktop.secrets"
_PASSWORD = "test"
_COLLECTION = "/org/freedesktop/secrets/collection/login"
_GUILT = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
_TOOLS = ("dbus-daemon", "gnome-keyring-daemon", "secret-tool", "Xvfb", "xdotool")


class SecretService:
    """The bus and the keyring; `environment` is what makes a process use them."""

    def __init__(self, folder: Path) -> None:
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        assert not missing, (
            f"{missing} missing: apt install dbus gnome-keyring libsecret-tools xvfb xdotool"
        )
        self._folder = folder
        for name in ("home", "run"):
            (folder / name).mkdir(mode=0o700)
        socket = folder / "bus"
        (folder / "bus.conf").write_text(_BUS.format(socket=socket))
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={socket}",
        }
        (folder / "password").write_text(_PASSWORD)
        self._connection: DBusConnection | None = None
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_bus(self) -> None:
        """Begin with a bus on which nobody keeps secrets."""
        self._spawn("bus", "dbus-daemon", "--nofork", f"--config-file={self._folder / 'bus.conf'}")
        _until(self._answers)

    def start_keyring(self, *, unlocked: bool = True) -> None:
        """Begin to keep secrets; what was kept before is there again."""
        how = ("--unlock",) if unlocked else ()
        words = ("gnome-keyring-daemon", "--foreground", "--components=secrets", *how)
        self._spawn("keyring", *words)
        _until(self._is_owned)

    def lock(self) -> None:
        """Lock everything that is kept."""
        self._call("org.freedesktop.Secret.Service", "Lock", "ao", [_COLLECTION])

    def unlock(self) -> None:
        """Open it as a person does who types the password."""
        plain = self._call(
            "org.freedesktop.Secret.Service", "OpenSession", "sv", "plain", ("s", "")
        )
        secret = (plain[1], b"", _PASSWORD.encode(), "text/plain")
        self._call(_GUILT, "UnlockWithMasterPassword", "o(oayays)", _COLLECTION, secret)

    def start_screen(self) -> None:
        """Have a screen, on which the keyring may ask for its password."""
        told, tells = os.pipe()
        words = ("Xvfb", "-displayfd", str(tells), "-screen", "0", "800x600x24", "-noreset")
        with (self._folder / "screen.log").open("wb") as log:
            self._processes["screen"] = subprocess.Popen(
                words, env=self.environment, pass_fds=[tells], stderr=log
            )
        os.close(tells)
        # To the end of the line: it is written in two pieces, and the second one must find us.
        with os.fdopen(told) as number:
            self.environment["DISPLAY"] = f":{number.readline().strip()}"

    def type_password(self) -> None:
        """Answer the window that asks for the password, if it is there, as a person does."""
        found = self._run("xdotool", "search", "--onlyvisible", "--class", "gcr-prompter").split()
        windows = [word for word in found if word.isdecimal()]
        if windows:
            self._run("xdotool", "windowfocus", "--sync", windows[-1])
            self._run("xdotool", "key", "ctrl+a")
            self._run("xdotool", "type", _PASSWORD)
            self._run("xdotool", "key", "Return")

    def freeze(self) -> None:
        """Say nothing more, as a service does that hangs."""
        self._processes["keyring"].send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self._processes["keyring"].send_signal(signal.SIGCONT)

    def entries(self) -> str:
        """Everything that is kept of Portico's, secrets and all."""
        return self._run("secret-tool", "search", "--all", "--unlock", "username", "portico")

    def stop(self) -> None:
        """End both."""
        if self._connection is not None:
            self._connection.close()
        for process in reversed(self._processes.values()):
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def _spawn(self, name: str, *words: str) -> None:
        log = (self._folder / f"{name}.log").open("ab")
        password = (self._folder / "password").open("rb")
        with log, password:
            self._processes[name] = subprocess.Popen(
                words, env=self.environment, stdin=password, stdout=log, stderr=log
            )

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            words,
            env=self.environment,
            input=_PASSWORD,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout + done.stderr

    def _call(self, interface: str, method: str, signature: str, *body: object) -> Any:
        """Call the keyring; a session that it opens lasts as long as the connection."""
        if self._connection is None:
            self._connection = open_dbus_connection(self.environment["DBUS_SESSION_BUS_ADDRESS"])
        address = DBusAddress("/org/freedesktop/secrets", _SECRETS, interface)
        message = new_method_call(address, method, signature, body)
        return self._connection.send_and_get_reply(message, timeout=10).body

    def _answers(self) -> bool:
        """Whether the bus takes connections: its socket is there a moment before."""
        try:
            open_dbus_connection(self.environment["DBUS_SESSION_BUS_ADDRESS"]).close()
        except (FileNotFoundError, ConnectionError):
            return False
        return True

    def _is_owned(self) -> bool:
        with open_dbus_connection(self.environment["DBUS_SESSION_BUS_ADDRESS"]) as connection:
            message = message_bus.NameHasOwner(_SECRETS)
            return bool(connection.send_and_get_reply(message, timeout=10).body[0])


def _until(holds: "Callable[[], object]", within_s: float = 10.0) -> None:
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s, "it did not come to that"
        time.sleep(0.02)


@contextmanager
def secret_service(folder: Path, *, screen: bool = False) -> Iterator[SecretService]:
    """An unlocked keyring, until the context is over."""
    service = SecretService(folder)
    try:
        if screen:
            service.start_screen()
        service.start_bus()
        service.start_keyring()
        yield service
    finally:
        service.stop()
