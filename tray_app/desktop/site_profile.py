"""The folder in which the site's window keeps who is signed in: private, and wiped at the end."""

import time
from pathlib import Path

from tray_app.store.files import StoreError, close_to_others, make_private, wipe_folder

_TRIES, _AGAIN_S = 20, 0.25
_COOKIES = "cookies"
"""WebKitGTK writes it readable for everybody. Seen: 2026-11-20, WebKitGTK 2.50."""


def prepare(profile: Path) -> None:
    """Make the folder, and close it to others; raises `StoreError` where that cannot be."""
    if profile.is_symlink():
        raise StoreError(f"{profile} is a link. Move it away and try again.")
    make_private(profile)
    close_to_others(profile / _COOKIES)


def wipe(profile: Path) -> None:
    """Delete whatever is in the folder, and make it anew; raises `StoreError`."""
    for left in reversed(range(_TRIES)):
        try:
            wipe_folder(profile)
        except StoreError:
            if not left:
                raise
            # Some engines let go of their files a little after their window is gone.
            time.sleep(_AGAIN_S)
        else:
            break
    prepare(profile)
