"""Names of tools on their way to the model and back.

The site has tools of its own and takes a name that is among them for a call of its own, so such a
name goes out with `fn_` before it. Models drift in case, hyphens and prefixes: what they write is
matched letter by letter first, then more and more loosely, and only where one tool can be meant.
"""

import re
from collections.abc import Callable, Iterable

from tray_app.core.model import Tool

_PREFIX = "fn_"
_NAMESPACE = re.compile(r"\A(?:functions?|tools?|default_api)[.:/]")
_LOOSE = re.compile(r"[^a-z0-9]+")


class Names:
    """The names of the tools that one prompt offers.

    Args:
        tools: What the client offers.
        reserved: Names that the upstream takes for its own.
    """

    def __init__(self, tools: Iterable[Tool], reserved: frozenset[str]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._reserved = reserved
        self._out = {name: self._alias(name) for name in reserved & self._tools.keys()}
        self._exact = {self._out.get(name, name): tool for name, tool in self._tools.items()}

    @property
    def offered(self) -> tuple[str, ...]:
        """Every name under which a tool goes out."""
        return tuple(self._exact)

    @property
    def known(self) -> tuple[str, ...]:
        """Every name under which a tool goes out or that its client gave it.

        A client's own instructions know the second alone, and a model may keep to those.
        """
        return tuple({**self._exact, **self._tools})

    def out(self, name: str) -> str:
        """The name under which a tool goes out, one that is offered no more included."""
        if name in self._out:
            return self._out[name]
        return self._alias(name) if name in self._reserved else name

    def meant(self, written: str) -> Tool | None:
        """The tool that a model means; None where it could be several or none."""
        name = written.strip()
        return self._found(name) or self._found(_NAMESPACE.sub("", name))

    def _found(self, name: str) -> Tool | None:
        found = self._exact.get(name) or self._tools.get(name)
        return found or self._only(name, str.lower) or self._only(name, _loosely)

    def _alias(self, name: str) -> str:
        alias = _PREFIX + name
        while alias in self._tools:
            alias = _PREFIX + alias
        return alias

    def _only(self, name: str, loosen: Callable[[str], str]) -> Tool | None:
        """The one tool whose name, or name on its way out, is the same once both are loosened."""
        wanted = loosen(name)
        if not wanted:
            return None
        names = [*self._exact.items(), *self._tools.items()]
        found = {tool.name: tool for written, tool in names if loosen(written) == wanted}
        return next(iter(found.values())) if len(found) == 1 else None


def _loosely(name: str) -> str:
    return _LOOSE.sub("", name.lower())
