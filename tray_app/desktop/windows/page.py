"""The document of a window: one string, which loads nothing and runs nothing but its own script."""

from collections.abc import Iterable
from pathlib import Path

from tray_app.desktop.windows import PANES, WindowName

_UI = Path(__file__).parent / "ui"
_STYLES = ("pane", "table")
_SCRIPTS = ("pane", "table", "place")


def page(name: WindowName, nonce: str) -> str:
    """The whole document of a window, without any words: those come with the first view.

    Args:
        name: Which window.
        nonce: Random, and new for every document.
    """
    kind = "pane" if name in PANES else name
    styles, scripts = (_STYLES, _SCRIPTS) if name in PANES else ((), ())
    return f"""<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portico</title>
<style nonce="{nonce}">
{_joined("css", styles)}</style>
</head>
<body>
{_read(f"{kind}.html")}<script type="module" nonce="{nonce}">
{_joined("js", scripts)}</script>
</body>
</html>
"""


def policy(nonce: str) -> str:
    """What a page may do: run and style itself, and show pictures that it was sent."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _joined(kind: str, more: Iterable[str]) -> str:
    """What every page has, and what this one has beside it: one module, since it loads no other."""
    return "\n".join(_read(f"{name}.{kind}") for name in ("page", *more))


def _read(file: str) -> str:
    return (_UI / file).read_text(encoding="utf-8")
