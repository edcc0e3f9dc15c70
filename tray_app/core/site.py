"""Where the upstream is: one value that only the composition root chooses."""

from msgspec import Struct

from .calls import Place


class Site(Struct, frozen=True):
    """The origins that are the upstream, and the hosts that may serve what it makes."""

    name: str
    chat_origin: str
    auth_origin: str
    media_hosts: tuple[str, ...]
    """Exact hosts, or `.example` for every host below it."""

    def origin(self, place: Place) -> str:
        """The origin that calls to `place` go to."""
        return self.auth_origin if place == "auth" else self.chat_origin
