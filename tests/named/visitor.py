"""A browser without Portico in it: the system's engine, an address and nothing else.

It is run by the system's Python: `/usr/bin/python3 visitor.py ADDRESS`. F5 loads anew.
"""

import sys
from typing import Any

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gdk, GLib, Gtk, WebKit2  # noqa: E402  versions are asked for first


def main(address: str) -> None:
    """Show the page until the process is ended."""
    # Whoever looks at the screen looks for windows of this name.
    GLib.set_prgname("portico")
    window = Gtk.Window(title="A visitor", default_width=1000, default_height=700)
    view = WebKit2.WebView()

    def pressed(_: Any, event: Any) -> bool:
        if event.keyval == Gdk.KEY_F5:
            view.reload()
        return False

    window.connect("key-press-event", pressed)
    window.add(view)
    window.show_all()
    view.load_uri(address)
    Gtk.main()


if __name__ == "__main__":
    main(sys.argv[1])
