"""A client's own key: it has the client's name, and the profile that suits that client."""

from typing import Any, Protocol

from tray_app.dialects.clients.recipe import Client


class Keyed(Protocol):
    """Has a command of the control door about keys carried out, by whoever can."""

    def __call__(self, what: str, **more: str) -> Any: ...


def known_key(client: Client, keyed: Keyed) -> str | None:
    """The client's key; None where none was made."""
    if any(key["name"] == client.id for key in keyed("list")["keys"]):
        return str(keyed("show", name=client.id)["secret"])
    return None


def key_of(client: Client, keyed: Keyed) -> str:
    """The client's key, made where there is none; what a person changed about it stays."""
    known = known_key(client, keyed)
    if known is not None:
        return known
    made = keyed("new", name=client.id)["secret"]
    for field, value in client.profile.items():
        keyed("set", name=client.id, field=field, value=value)
    return str(made)
