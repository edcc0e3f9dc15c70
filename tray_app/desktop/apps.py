"""The names of apps, as people know them."""

from tray_app.dialects.clients import find

from .connect_view import label_of
from .words import Words, shown


def app_of(key: str, words: Words) -> str:
    """Whose a key is: the app's name where it is named after one that is known."""
    client = find(key)
    return label_of(client, words) if client is not None and client.id == key else shown(key)
