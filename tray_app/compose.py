"""The composition root: chooses what a proxy is made of, for serving and for single commands."""

import contextlib
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from tray_app.core.redact import Redactor
from tray_app.core.session import Session
from tray_app.core.site import Site
from tray_app.proxy.door import DoorError
from tray_app.proxy.house import Parts
from tray_app.proxy.models import Shelf
from tray_app.proxy.person import Person
from tray_app.store import StoreError
from tray_app.store.chats import Chats
from tray_app.store.keeper import Keeper
from tray_app.store.models import load_models, save_models
from tray_app.store.paths import Paths
from tray_app.store.profile import Profile
from tray_app.store.ring import open_ring
from tray_app.store.settings import Settings, effective, warnings_of
from tray_app.store.settings_file import load, save
from tray_app.store.statistics import Statistics
from tray_app.upstreams import UPSTREAMS
from tray_app.upstreams.qwen import PAGES, SITE


class Composed(Struct, frozen=True):
    """The parts of a proxy, and what people should know of how they came about."""

    parts: Parts
    notes: tuple[str, ...]


def compose(
    paths: Paths,
    environ: Mapping[str, str],
    redactor: Redactor,
    stack: contextlib.ExitStack,
    arguments: Namespace | None = None,
    changed: Callable[[], None] = lambda: None,
) -> Composed:
    """Choose the parts; `stack` ends what was begun for them.

    Args:
        paths: The data folder, prepared.
        environ: For the settings that it may say.
        redactor: Learns every secret.
        stack: Closed by the caller when the proxy is gone.
        arguments: `port`, `host` and `practice` of the command line; None for a single command.
        changed: Called when something is other than it was, in whatever thread that happens.
    """
    loaded = load(paths.settings, lambda: datetime.now(UTC))
    flags = {} if arguments is None else {"port": arguments.port}
    settings = effective(loaded.settings, environ, flags)
    practice = arguments is not None and arguments.practice
    site, session = _practice(stack) if practice else (SITE, None)
    chats = Chats(None if practice else paths.chats)
    stack.callback(chats.close)
    figures = paths.practice_statistics if practice else paths.statistics
    statistics = Statistics(figures, settings.statistics_days)
    stack.callback(statistics.close)
    parts = Parts(
        site=site,
        upstream=UPSTREAMS[0],
        person=Person(
            None if practice else Keeper(open_ring, paths.keyring_label),
            session=session,
            learn=redactor.learn,
            changed=changed,
            profile=Profile(None if practice else paths.profile),
            statistics=statistics,
        ),
        settings=settings,
        save_settings=_saver(paths, loaded.settings, settings),
        # The practice site's models must never be taken for the real one's.
        shelf=Shelf(lambda: None, lambda *_: None) if practice else _shelf(paths),
        chats=chats,
        host=None if arguments is None else arguments.host,
    )
    return Composed(parts, (*loaded.notes, *warnings_of(settings)))


def _shelf(paths: Paths) -> Shelf:
    return Shelf(
        load=lambda: load_models(paths.models),
        save=lambda data, now_s: save_models(paths.models, data, now_s),
    )


def _saver(paths: Paths, filed: Settings, running: Settings) -> Callable[[Settings, str], None]:
    """Saves settings, but not what a flag or the environment says for this run only.

    What a person set by its name is kept, even where it is what the flag says.
    """
    temporary = {
        name: getattr(filed, name)
        for name in Settings.__struct_fields__
        if getattr(filed, name) != getattr(running, name)
    }

    def keep(settings: Settings, name: str) -> None:
        left = {other: value for other, value in temporary.items() if other != name}
        try:
            save(paths.settings, settings, left)
        except StoreError as error:
            raise DoorError(str(error)) from error
        temporary.pop(name, None)

    return keep


def _practice(stack: contextlib.ExitStack) -> tuple[Site, Session]:
    """The practice site, running until the stack is closed, and a session signed in to it."""
    from tray_app.practice import PracticeSite

    practice = PracticeSite(remembers=0)
    practice.start()
    stack.callback(practice.stop)
    site = practice_site(practice.origin, practice.auth_origin, practice.store.authority)
    return site, practice_session(practice.sign_in())


def practice_site(origin: str, auth_origin: str, store_host: str = "") -> Site:
    """A practice site's addresses as the upstream's."""
    host = origin.partition("://")[2]
    return Site(
        name="practice",
        chat_origin=origin,
        auth_origin=auth_origin,
        media_hosts=(host,),
        pages=msgspec.structs.replace(PAGES, hosts=(), cookie_domains=(host.partition(":")[0],)),
        store_hosts=(store_host,) if store_host else (),
    )


def practice_session(signed_in: Mapping[str, object]) -> Session:
    """What signing in to a practice site gives, as a session."""
    cookies, expires_at = signed_in["cookies"], signed_in["expires_at"]
    return Session(
        token=str(signed_in["token"]),
        cookies={str(name): str(value) for name, value in dict(cookies).items()},  # type: ignore[call-overload]
        expires_at=float(str(expires_at)),
        account="practice",
    )
