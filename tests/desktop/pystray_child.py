"""The tray by pystray in a process of its own, told what to do line by line.

It answers with lines: `pressed ID` for a click, `done` for every line that it has done, and `over`
when the tray has ended.
"""

import io
import logging
import sys
import threading

from PIL import Image

from tray_app.desktop.icons import Theme
from tray_app.desktop.look import IconName, Look, Row, Tray
from tray_app.desktop.pystray_tray import NoTrayError, PystrayTray

COLOURS: dict[str, tuple[int, int, int]] = {
    "running": (10, 200, 30),
    "busy": (20, 40, 220),
    "error": (230, 10, 20),
}
ROWS = (Row(1, "Copy address"), Row(2), Row(3, "Quit", enabled=False))
STORM = 3000


def image_of(icon: IconName, theme: Theme) -> bytes:
    """A square of one colour; no theme can be known here."""
    assert theme == "auto"
    data = io.BytesIO()
    Image.new("RGBA", (64, 64), (*COLOURS[icon], 255)).save(data, format="PNG")
    return data.getvalue()


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def pressed(row_id: int) -> None:
    """What a click does; it fails each time, which must not matter."""
    say(f"pressed {row_id}")
    raise ValueError(row_id)


def storm(tray: Tray) -> None:
    """Many looks at once, the last one an error."""
    for number in range(STORM - 1):
        icon: IconName = "busy" if number % 2 else "running"
        tray.show(Look(icon, "Portico", f"look {number}", (Row(number + 1, str(number)),)))
    tray.show(Look("error", "Portico", "the last one", ROWS))


def obey(tray: PystrayTray) -> None:
    """Do what the lines say."""
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "show":
            icon: IconName = "busy" if rest == "busy" else "running"
            tray.show(Look(icon, "Portico", rest, ROWS))
        elif word == "storm":
            storm(tray)
        elif word == "notify":
            tray.notify("Portico", rest)
        elif word == "stop":
            tray.stop()
        say("done")


def main() -> None:
    """Be a tray until told otherwise."""
    logging.basicConfig(level=logging.INFO)
    try:
        tray = PystrayTray(pressed, lambda event: say(f"event {event}"), image_of)
    except NoTrayError as error:
        say(f"none {error}")
        return
    threading.Thread(target=obey, args=(tray,), daemon=True).start()
    tray.run()
    say("over")


if __name__ == "__main__":
    main()
