"""The clipboards of Windows and macOS, which hold what was copied themselves.

Neither call has run here. What is put there is decided by `clipboard.formats`.
"""

import sys
import time
from collections.abc import Mapping
from typing import Any

_TEXT = 13
"""The number of CF_UNICODETEXT, the one format here that Windows has a number for."""
_MOVEABLE = 2
_TRIES, _BETWEEN_S = 10, 0.05
"""Other programs have the clipboard of Windows open for moments."""
_THIS_COMPUTER_ONLY = 1
"""An address of this computer and its keys are of no use to the person's other devices."""


class PasteboardError(OSError):
    """The system did not let its clipboard be changed."""


def put(given: Mapping[str, bytes]) -> int:
    """Have the clipboard hold these; returns a mark by which `clear` knows it again.

    Raises `PasteboardError`.
    """
    if sys.platform == "win32":
        return _put_on_windows(given)
    if sys.platform == "darwin":
        return _put_on_macos(given)
    raise PasteboardError("this system has no such clipboard")


def clear(mark: int) -> None:
    """Empty the clipboard if nothing else was copied since."""
    if sys.platform == "win32":
        user = _user()
        if _opened(user, None):
            # Asked while it is open: nobody can change it in between.
            if user.GetClipboardSequenceNumber() == mark:
                user.EmptyClipboard()
            user.CloseClipboard()
    elif sys.platform == "darwin":
        board = _board()
        if board.changeCount() == mark:
            board.clearContents()


if sys.platform == "win32":
    import ctypes

    def _user() -> Any:
        user = ctypes.WinDLL("user32", use_last_error=True)
        user.SetClipboardData.argtypes = (ctypes.c_uint, ctypes.c_void_p)
        user.SetClipboardData.restype = user.CreateWindowExW.restype = ctypes.c_void_p
        user.CreateWindowExW.argtypes = (
            ctypes.c_ulong, ctypes.c_wchar_p, ctypes.c_wchar_p, ctypes.c_ulong,
            *(ctypes.c_int,) * 4, *(ctypes.c_void_p,) * 4,
        )  # fmt: skip
        user.OpenClipboard.argtypes = user.DestroyWindow.argtypes = (ctypes.c_void_p,)
        return user

    def _opened(user: Any, owner: Any) -> bool:
        for _ in range(_TRIES):
            if user.OpenClipboard(owner):
                return True
            time.sleep(_BETWEEN_S)
        return False

    def _memory(data: bytes) -> Any:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.GlobalAlloc.restype = kernel.GlobalLock.restype = ctypes.c_void_p
        kernel.GlobalAlloc.argtypes = (ctypes.c_uint, ctypes.c_size_t)
        kernel.GlobalLock.argtypes = kernel.GlobalUnlock.argtypes = (ctypes.c_void_p,)
        block = kernel.GlobalAlloc(_MOVEABLE, len(data))
        if not block:
            raise PasteboardError("no memory for the clipboard")
        ctypes.memmove(kernel.GlobalLock(block), data, len(data))
        kernel.GlobalUnlock(block)
        return block

    def _put_on_windows(given: Mapping[str, bytes]) -> int:
        user = _user()
        # Without a window nobody owns what was emptied, and then nothing can be put there.
        owner = user.CreateWindowExW(0, "STATIC", None, 0, 0, 0, 0, 0, None, None, None, None)
        try:
            _fill(user, owner, given)
            return int(user.GetClipboardSequenceNumber())
        finally:
            user.DestroyWindow(owner)

    def _fill(user: Any, owner: Any, given: Mapping[str, bytes]) -> None:
        if not _opened(user, owner):
            raise PasteboardError("another program has the clipboard open")
        try:
            user.EmptyClipboard()
            for name, data in given.items():
                known = name == "CF_UNICODETEXT"
                number = _TEXT if known else user.RegisterClipboardFormatW(name)
                # From here on the memory is the system's.
                if not user.SetClipboardData(number, _memory(data)):
                    raise PasteboardError("the clipboard refuses the text")
        finally:
            user.CloseClipboard()


if sys.platform == "darwin":

    def _board() -> Any:
        from AppKit import NSPasteboard

        return NSPasteboard.generalPasteboard()

    def _put_on_macos(given: Mapping[str, bytes]) -> int:
        from Foundation import NSData

        board = _board()
        board.prepareForNewContentsWithOptions_(_THIS_COMPUTER_ONLY)
        for name, data in given.items():
            if not board.setData_forType_(NSData.dataWithBytes_length_(data, len(data)), name):
                raise PasteboardError("the clipboard refuses the text")
        return int(board.changeCount())
