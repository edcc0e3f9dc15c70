"""`portico forget`: removes all that Portico keeps for the person, and says what it removed.

What is removed goes to stdout, what people should read goes to stderr.
"""

import contextlib
import sys
from collections.abc import Iterator, Mapping

from tray_app.desktop.login import LoginItemError, login_item
from tray_app.dialects.clients import CLIENTS
from tray_app.dialects.clients.recipe import Offer
from tray_app.proxy.safe import KEYS, SESSION
from tray_app.store import StoreError
from tray_app.store.chats import Chats
from tray_app.store.client_files import locate, was_written
from tray_app.store.lock import InstanceLock
from tray_app.store.paths import Paths
from tray_app.store.removal import clear_keyring, remove_data
from tray_app.store.ring import RingError, open_ring

OK, NO, USAGE, NO_KEYRING, ALREADY_RUNNING = 0, 1, 2, 5, 6

_WHAT = (
    "This removes all that Portico keeps for you on this computer: the session, the local keys, "
    "settings, statistics, logs and its start at login. It cannot be undone."
)


def forget(paths: Paths, environ: Mapping[str, str], *, agreed: bool) -> int:
    """Remove everything; returns the exit code.

    Args:
        paths: The data folder.
        environ: For where other programs keep their files.
        agreed: Whether the person was asked already.
    """
    if not agreed and (sys.stdin is None or not sys.stdin.isatty()):
        return _complain(f"{_WHAT} Add --yes if you want that.", USAGE)
    with _alone(paths) as is_alone:
        if not is_alone:
            sentence = "Portico is running. Quit it, then run this again."
            return _complain(sentence, ALREADY_RUNNING)
        if not agreed and not _agrees():
            return _complain("Nothing was removed.", NO)
        pointing = _pointing(environ)
        codes = [_forget_login(paths, environ), _forget_keyring(paths), _forget_files(paths)]
    _tell_of_clients(pointing)
    return max(codes)


@contextlib.contextmanager
def _alone(paths: Paths) -> Iterator[bool]:
    """Whether nobody runs, and nobody can start meanwhile."""
    if not paths.home.is_dir():
        yield True
        return
    with InstanceLock(paths.lock) as lock:
        yield lock.acquire()


def _agrees() -> bool:
    _tell(_WHAT)
    try:
        return input("Type yes to go on: ").strip().casefold() == "yes"
    except EOFError:
        return False


def _forget_login(paths: Paths, environ: Mapping[str, str]) -> int:
    item = login_item(environ)
    is_on = item.is_on()
    # Where it starts another Portico, or none any more, it still is this folder's.
    if is_on or paths.is_usual:
        try:
            item.turn(on=False)
        except LoginItemError as error:
            return _complain(f"Its start at login cannot be removed: {error}", NO)
    if is_on:
        print("Removed: the start at login")
    return OK


def _forget_keyring(paths: Paths) -> int:
    try:
        if clear_keyring(open_ring, paths.keyring_label, (SESSION, KEYS)):
            print("Removed: the session and the local keys in the keyring")
    except (RingError, TimeoutError) as error:
        said = str(error) or "The keyring does not answer."
        sentence = f"{said} The session and the local keys may be in it: run this again later."
        return _complain(sentence, NO_KEYRING)
    return OK


def _forget_files(paths: Paths) -> int:
    was_there = paths.home.is_dir()
    chats = _chats(paths)
    try:
        left = remove_data(paths)
    except StoreError as error:
        return _complain(str(error), NO)
    said = "Removed: all of Portico's in" if was_there else "Nothing of Portico's was in"
    print(f"{said} {paths.home}")
    if left:
        names = ", ".join(path.name for path in left)
        _tell(f"Left alone in {paths.home}, since it is not Portico's: {names}")
    if chats:
        _tell(f"At Qwen {chats} of Portico's chats may be left: delete them at chat.qwen.ai.")
    return OK


def _chats(paths: Paths) -> int:
    """How many chats were still to be deleted at the site."""
    if not paths.chats.is_file():
        return 0
    chats = Chats(paths.chats)
    try:
        return chats.begin()
    finally:
        chats.close()


def _pointing(environ: Mapping[str, str]) -> list[str]:
    """The apps in whose files Portico is still written."""
    return [
        client.id
        for client in CLIENTS
        if any(
            _is_written(client.id, file.place.on(sys.platform), environ)
            for file in client.setup(Offer("", "", "any")).files
        )
    ]


def _is_written(client: str, place: str, environ: Mapping[str, str]) -> bool:
    with contextlib.suppress(StoreError):
        return was_written(locate(place, environ), client)
    return False


def _tell_of_clients(names: list[str]) -> None:
    for name in names:
        _tell(f"{name} still points at Portico. Put it back with: portico connect {name} --undo")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


def _complain(sentence: str, code: int) -> int:
    _tell(f"portico: {sentence}")
    return code
