"""The web engine of the system: where it is found, and what of it is missing.

It is asked in a child alone. `portico window status` with nothing on its stdin is the whole check:
it says what is missing and exits with 3, or finds everything and exits with 0.
"""

import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, Literal

from .messages import EngineFault

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
_DISTRIBUTION = (
    "/usr/lib/python3/dist-packages",
    f"/usr/lib64/{_VERSION}/site-packages",
    f"/usr/lib/{_VERSION}/site-packages",
)
"""Where Debian, Fedora and Arch keep PyGObject; a virtual environment does not see it there."""
_WEBVIEW2 = r"Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
Gui = Literal["gtk", "qt"]
_LIGHT, _DARK = "#ffffff", "#1e1e1e"


def missing(environ: Mapping[str, str]) -> EngineFault | None:
    """What keeps windows from being, or None; loads what it finds on Linux."""
    if sys.platform == "win32":
        return None if _has_webview2() else "no_webview2"
    if sys.platform == "darwin":
        return None if importlib.util.find_spec("WebKit") else "no_webkit"
    return _missing_on_linux(environ)


def _missing_on_linux(environ: Mapping[str, str]) -> EngineFault | None:
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return "no_display"
    if _is_qt(environ):
        return None if _has_qt() else "no_webkit"
    find_gi(_DISTRIBUTION)
    try:
        import gi
    except ImportError:
        return "no_gi"
    try:
        gi.require_version("Gtk", "3.0")
        gi.require_version("Gdk", "3.0")
        _require_webkit(gi)
    except ValueError:
        return "no_webkit"
    from gi.repository import Gdk

    return None if Gdk.Display.get_default() else "no_display"


def _require_webkit(gi: Any) -> None:
    try:
        gi.require_version("WebKit2", "4.1")
    except ValueError:
        gi.require_version("WebKit2", "4.0")


def find_gi(folders: Iterable[str]) -> None:
    """Let PyGObject be imported from the first of these folders that has it for this Python.

    The folder goes to the end of the path, so that it lends nothing else that is here already.
    """
    if importlib.util.find_spec("gi") is not None:
        return
    for folder in folders:
        if any((Path(folder) / "gi" / f"_gi{suffix}").exists() for suffix in EXTENSION_SUFFIXES):
            sys.path.append(folder)
            importlib.invalidate_caches()
            return


def free_libraries(environ: MutableMapping[str, str]) -> None:
    """Undo what a frozen program says about libraries: the system's engine needs the system's."""
    before = environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is not None:
        environ["LD_LIBRARY_PATH"] = before
    elif getattr(sys, "frozen", False):
        environ.pop("LD_LIBRARY_PATH", None)


def gui() -> Gui | None:
    """The engine that pywebview is to take; None where there is no choice."""
    if sys.platform != "linux":
        return None
    return "qt" if _is_qt(os.environ) else "gtk"


def _is_qt(environ: Mapping[str, str]) -> bool:
    """Whether Qt's engine is wanted, or the only one there."""
    if environ.get("PYWEBVIEW_GUI"):
        return environ["PYWEBVIEW_GUI"] == "qt"
    find_gi(_DISTRIBUTION)
    return importlib.util.find_spec("gi") is None and _has_qt()


def _has_qt() -> bool:
    try:
        found = importlib.util.find_spec("PyQt6.QtWebEngineWidgets")
    except ImportError:
        return False
    return found is not None and importlib.util.find_spec("qtpy") is not None


def is_modern(renderer: str) -> bool:
    """Whether this engine knows the pages; Windows has an old one to fall back on."""
    return renderer != "mshtml"


def introduce() -> None:
    """Give the window to its desktop entry, where windows belong to one."""
    if gui() == "gtk":
        from gi.repository import GLib

        GLib.set_prgname("portico")
        GLib.set_application_name("Portico")


def paper() -> str:
    """The colour of an empty window, so that it does not flash before the page is there."""
    if gui() != "gtk":
        return _LIGHT
    from gi.repository import Gtk

    look = Gtk.Settings.get_default().props
    theme = f"{os.environ.get('GTK_THEME') or look.gtk_theme_name}".lower()
    is_dark = look.gtk_application_prefer_dark_theme or theme.endswith(("-dark", ":dark"))
    return _DARK if is_dark else _LIGHT


if sys.platform == "win32":
    import winreg

    _PLACES = (
        (winreg.HKEY_LOCAL_MACHINE, rf"SOFTWARE\WOW6432Node\{_WEBVIEW2}"),
        (winreg.HKEY_LOCAL_MACHINE, rf"SOFTWARE\{_WEBVIEW2}"),
        (winreg.HKEY_CURRENT_USER, rf"Software\{_WEBVIEW2}"),
    )

    def _has_webview2() -> bool:
        return any(_version(root, path).strip("0.") for root, path in _PLACES)

    def _version(root: int, path: str) -> str:
        try:
            with winreg.OpenKey(root, path) as key:
                return str(winreg.QueryValueEx(key, "pv")[0])
        except OSError:
            return ""
