"""The rows of the menu, and what each of them does.

Ids are constant for what a row is about, so that an open menu does not jump and a panel need not
build it anew. Rows about something with a name have an id that comes from the name.
"""

import zlib
from collections.abc import Iterable

from msgspec import Struct

from .facts import Facts
from .look import Row
from .phrases import deed_line, left, session_line, way_line
from .words import LANGUAGES, Words, shown

LINE_ROW = 1
"""The row that says how it goes."""
_QUIT = 90
_NAMES = 1 << 20
_KEYS, _MODELS, _ADMITTED, _BLOCKED, _DEEDS, _LANGUAGES = (_NAMES << group for group in range(6))
_SERVING = {"running", "starting"}


class Action(Struct, frozen=True):
    """What is to be done for a click."""

    name: str
    about: str = ""
    """A key, a model, an origin, a setting."""
    value: str = ""


class _Menu:
    """Rows as they are written down, and what they do."""

    def __init__(self) -> None:
        self.actions: dict[int, Action] = {}

    def does(
        self,
        number: int,
        label: str,
        action: Action,
        *,
        checked: bool | None = None,
        enabled: bool = True,
    ) -> Row:
        if enabled:
            self.actions[number] = action
        return Row(number, label, checked=checked, enabled=enabled)

    def named(self, group: int, name: str) -> int:
        """An id for something with a name, free of those given out already."""
        number = group + zlib.crc32(name.encode()) % (_NAMES - 64)
        while number in self.actions:
            number += 1
        return number


def menu_of(facts: Facts, line: str, words: Words) -> tuple[tuple[Row, ...], dict[int, Action]]:
    """The rows, and what those of them do that can be clicked.

    Args:
        facts: What is known.
        line: How it goes, for the first row.
        words: The language.
    """
    menu = _Menu()
    rows = (
        Row(LINE_ROW, line, enabled=False),
        *([] if facts.hosted else [Row(3, words("menu.no_tray"), enabled=False)]),
        *_running(menu, facts, words),
        Row(9),
        menu.does(10, words("menu.copy_endpoint"), Action("copy_endpoint")),
        *_keys(menu, facts, words),
        _pane(menu, 13, "connect", facts, words),
        Row(19),
        *_account(menu, facts, words),
        *_keeping(facts, words),
        _models(menu, facts, words),
        _pane(menu, 31, "models_window", facts, words),
        _recent(facts, words),
        _pane(menu, 41, "activity", facts, words),
        *_keeping_texts(facts, words),
        _door(menu, facts, words),
        Row(59),
        _preferences(menu, facts, words),
        _pane(menu, 69, "settings", facts, words),
        menu.does(70, words("menu.open_logs"), Action("open_logs")),
        _pane(menu, 71, "about", facts, words),
        Row(89),
        menu.does(_QUIT, words("menu.quit"), Action("quit")),
    )
    if facts.status is None:
        # Nothing can be done yet but leaving.
        rows = tuple(row if row.id == _QUIT else _off(row) for row in rows)
        return rows, {_QUIT: menu.actions[_QUIT]}
    return rows, menu.actions


def _pane(menu: _Menu, number: int, name: str, facts: Facts, words: Words) -> Row:
    action = Action("open_pane", name.removesuffix("_window"))
    return menu.does(number, words(f"menu.{name}"), action, enabled=facts.windows)


def _off(row: Row) -> Row:
    return Row(row.id, row.label, enabled=False, checked=row.checked) if row.label else row


def _running(menu: _Menu, facts: Facts, words: Words) -> Iterable[Row]:
    run, status = facts.run, facts.status
    if run.holder:
        yield Row(2, words("menu.port_holder", program=run.holder), enabled=False)
    if run.free_port is not None:
        port = str(run.free_port)
        yield menu.does(8, words("menu.use_port", port=port), Action("use_port", port))
    if status is not None and run.kind == "running" and status.hold is not None:
        if status.hold.kind == "network":
            yield menu.does(12, words("menu.try_again"), Action("resume"))
        else:
            if status.session.by_window:
                yield menu.does(4, words("menu.show_check"), Action("show_check"))
            else:
                yield menu.does(4, words("menu.open_site"), Action("open_site"))
            yield menu.does(7, words("menu.resume"), Action("resume"))
    if run.kind in _SERVING:
        yield menu.does(6, words("menu.stop"), Action("stop"))
    else:
        yield menu.does(5, words("menu.start"), Action("start"))


def _keys(menu: _Menu, facts: Facts, words: Words) -> Iterable[Row]:
    if len(facts.keys) == 1:
        yield menu.does(11, words("menu.copy_key"), Action("copy_key", facts.keys[0]))
    else:
        copies = tuple(
            menu.does(menu.named(_KEYS, name), shown(name), Action("copy_key", name))
            for name in facts.keys
        )
        yield Row(11, words("menu.copy_key"), enabled=bool(copies), rows=copies)


def _account(menu: _Menu, facts: Facts, words: Words) -> Iterable[Row]:
    session = facts.status.session if facts.status else None
    if facts.status is None or session is None:
        yield Row(20, words("session.unknown"), enabled=False)
        return
    sign_in = Action("sign_in")
    bring = menu.does(25, words("menu.bring"), Action("bring"), enabled=facts.windows)
    if session.state in {"signed_out", "locked"}:
        yield menu.does(20, words("menu.sign_in"), sign_in, enabled=facts.windows)
        yield bring
        return
    yield Row(
        20,
        session_line(session, facts.wall_s, words),
        rows=(
            Row(24, way_line(facts.status, words), enabled=False),
            menu.does(21, words("menu.sign_in"), sign_in, enabled=facts.windows),
            bring,
            menu.does(22, words("menu.sign_out"), Action("sign_out"), enabled=facts.windows),
        ),
    )


def _keeping(facts: Facts, words: Words) -> Iterable[Row]:
    """What a person should know of keys and session being kept, or not."""
    state = facts.status.keyring.state if facts.status else "ready"
    if state not in {"ready", "memory"}:
        yield Row(23, words(f"keeping.{state}"), enabled=False)


def _models(menu: _Menu, facts: Facts, words: Words) -> Row:
    copies = tuple(
        menu.does(menu.named(_MODELS, name), shown(name), Action("copy_model", name))
        for name in facts.models
    )
    return Row(30, words("menu.models"), enabled=bool(copies), rows=copies)


def _recent(facts: Facts, words: Words) -> Row:
    deeds = facts.status.recent if facts.status else []
    lines = tuple(
        Row(_DEEDS + number, deed_line(deed, words), enabled=False)
        for number, deed in enumerate(deeds)
    )
    return Row(40, words("menu.recent"), enabled=bool(lines), rows=lines)


def _keeping_texts(facts: Facts, words: Words) -> Iterable[Row]:
    """That what is asked and answered is kept for a while."""
    left_s = facts.status.bodies_s if facts.status else None
    if left_s is not None:
        yield Row(42, words("menu.bodies", time=left(left_s, words)), enabled=False)


def _door(menu: _Menu, facts: Facts, words: Words) -> Row:
    """Who gets in beside those with a key on this computer."""
    visitors = facts.status.visitors if facts.status else None
    if visitors is None:
        return Row(50, words("menu.door"), enabled=False)
    is_pairing = visitors.pairing_s_left is not None
    network = facts.settings.network_host
    network_row = menu.does(
        53,
        words("menu.network"),
        Action("network", value=network),
        checked=bool(network),
        enabled=facts.windows or bool(network),
    )
    keyless = Action("keyless", value="off" if visitors.keyless else "on")
    admitted = [
        menu.does(
            menu.named(_ADMITTED, origin),
            words("menu.disallow", origin=origin),
            Action("disallow", origin),
            checked=True,
        )
        for origin in facts.settings.origins
    ]
    blocked = [
        menu.does(
            menu.named(_BLOCKED, one.origin),
            words("menu.allow", origin=one.origin, count=one.count),
            Action("allow", one.origin),
        )
        for one in visitors.blocked
    ]
    lines = [Row(54)] if admitted or blocked else []
    return Row(
        50,
        words("menu.door"),
        rows=(
            menu.does(
                51, words("menu.pair"), Action("pair", value="off" if is_pairing else "on"),
                checked=is_pairing, enabled=facts.windows or is_pairing,
            ),
            menu.does(
                52, words("menu.keyless"), keyless,
                checked=visitors.keyless, enabled=facts.windows or visitors.keyless,
            ),
            network_row,
            *lines,
            *admitted,
            *blocked,
        ),
    )  # fmt: skip


def _preferences(menu: _Menu, facts: Facts, words: Words) -> Row:
    settings = facts.settings

    def switch(number: int, name: str, *, on: bool) -> Row:
        action = Action("set", name, "no" if on else "yes")
        return menu.does(number, words(f"menu.{name}"), action, checked=on)

    login = Action("at_login", value="no" if facts.at_login else "yes")
    languages = tuple(
        menu.does(
            _LANGUAGES + number,
            words(f"language.{name}"),
            Action("set", "language", name),
            checked=settings.language == name,
        )
        for number, name in enumerate(("system", *LANGUAGES))
    )
    return Row(
        60,
        words("menu.preferences"),
        rows=(
            menu.does(61, words("menu.at_login"), login, checked=facts.at_login),
            switch(62, "start_proxy", on=settings.start_proxy),
            switch(63, "notices", on=settings.notices),
            Row(64, words("menu.language"), rows=languages),
        ),
    )
