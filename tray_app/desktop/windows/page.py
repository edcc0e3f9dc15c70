"""The document of a window: one string, which loads nothing and runs nothing but its own script."""

from pathlib import Path

from tray_app.desktop.windows import WindowName

_UI = Path(__file__).parent / "ui"


def page(name: WindowName, nonce: str) -> str:
    """The whole document of a window, without any words: those come with the first view.

    Args:
        name: Which window.
        nonce: Random, and new for every document.
    """
    return f"""<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy(nonce)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portico</title>
<style nonce="{nonce}">
{_read("page.css")}</style>
</head>
<body>
{_read(f"{name}.html")}<script type="module" nonce="{nonce}">
{_read("page.js")}</script>
</body>
</html>
"""


def policy(nonce: str) -> str:
    """What a page may do: run and style itself, and show pictures that it was sent."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _read(file: str) -> str:
    return (_UI / file).read_text(encoding="utf-8")
