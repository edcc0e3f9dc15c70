"""The control door: a private socket over which the command line reaches the running instance.

One JSON object a line each way: `{"do": "status"}` is answered by `{"ok": true, "value": …}` or by
`{"ok": false, "error": "one sentence"}`. Only the person who runs Portico can open it: the socket
lies in a private folder, has a private mode, and each side checks the other's user before it says
anything. On Windows it is a named pipe, which a remote user cannot open (not run here).
"""

import asyncio
import contextlib
import errno
import json
import logging
import os
import socket
import stat
import struct
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

Command = Callable[[dict[str, Any]], Awaitable[object]]

_LINE_BYTES = 2 << 20
_PATIENCE_S = 60.0
_STATUS_S = 5.0
"""The state is there to be told at once: who says nothing by then hangs."""
_STRANGER = (
    "Another user of this computer holds the place of Portico's door. Set PORTICO_HOME to a "
    "shorter path of your own, and start Portico anew."
)
_SILENT = "Portico runs, but does not answer. Wait a moment, or end it and start it anew."
_BUG = "Portico failed on this command. The log says why; try again."
_WINDOWS = sys.platform == "win32"


class DoorError(Exception):
    """A command could not be carried out; its text is for people."""


class UnknownCommandError(DoorError):
    """The instance that runs does not know the command: it is of another kind or version."""


class NoKeyringError(Exception):
    """There is no keyring that could be used now; its text says why."""


class ControlDoor:
    """Serves commands by name until it is closed; used from one event loop."""

    def __init__(self, path: str, commands: dict[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._close: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Begin to serve; a socket at the path is a leftover, since the instance lock is held.

        Raises `OSError`, also for anything else that lies there, which is left alone.
        """
        if sys.platform == "win32":
            loop: Any = asyncio.get_running_loop()
            [pipe] = await loop.start_serving_pipe(self._pipe_protocol, self._path)
            self._close = pipe.close
            return
        path = Path(self._path)
        await asyncio.to_thread(_take_away, path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listening.bind(self._path)
        except OSError:
            listening.close()
            raise
        finally:
            os.umask(mask)
        server = await asyncio.start_unix_server(self._serve, sock=listening, limit=_LINE_BYTES)
        self._close = server.close

    def close(self) -> None:
        """Stop serving and take the socket away."""
        self._close()
        if not _WINDOWS:
            Path(self._path).unlink(missing_ok=True)

    def _pipe_protocol(self) -> asyncio.StreamReaderProtocol:
        reader = asyncio.StreamReader(limit=_LINE_BYTES)
        return asyncio.StreamReaderProtocol(reader, self._serve)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _is_stranger(writer.get_extra_info("socket")):
                return
            while line := await reader.readline():
                writer.write(await self._answer(line))
                await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> bytes:
        try:
            message = json.loads(line)
            command = self._commands[message["do"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            answer: dict[str, object] = {
                "ok": False,
                "error": "Portico does not know this command.",
                "unknown": True,
            }
        else:
            try:
                answer = {"ok": True, "value": await command(message)}
            except DoorError as error:
                answer = {"ok": False, "error": str(error)}
            except Exception:  # noqa: BLE001  who asked must get an answer
                _log.exception("command=%s failed", message["do"])
                answer = {"ok": False, "error": _BUG}
        return json.dumps(answer).encode() + b"\n"


def _take_away(leftover: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(leftover.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "what lies there is no socket", str(leftover))
        leftover.unlink()


def _is_stranger(peer: Any) -> bool:
    """Whether the other side of a socket is another user's; root may see all anyway."""
    return peer is not None and _uid_of(peer) not in {os.getuid(), 0}


def _uid_of(peer: Any) -> int:
    if hasattr(socket, "SO_PEERCRED"):
        told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
        return int(struct.unpack("iII", told)[1])
    # macOS and the BSDs: SOL_LOCAL, LOCAL_PEERCRED and the size of what it tells (not run here).
    return int(struct.unpack_from("II", peer.getsockopt(0, 1, 76))[1])


def ask(path: str, message: dict[str, Any]) -> Any:
    """Have the running instance carry out a command; blocks.

    Returns:
        What the command gives back; None when no instance is running is not among it: see Raises.

    Raises:
        ConnectionError: No instance is running.
        DoorError: The command could not be carried out, or another user has taken the door's place.
        UnknownCommandError: There is no such command.
    """
    try:
        line = _ask_pipe(path, message) if _WINDOWS else _ask_socket(path, message)
        answer = json.loads(line)
    except (FileNotFoundError, NotADirectoryError, ConnectionError, ValueError) as error:
        raise ConnectionError("no instance is running") from error
    except PermissionError as error:
        raise DoorError(_STRANGER) from error
    except TimeoutError as error:
        raise DoorError(_SILENT) from error
    if answer.get("unknown"):
        raise UnknownCommandError(answer["error"])
    if not answer["ok"]:
        raise DoorError(answer["error"])
    return answer["value"]


def _ask_socket(path: str, message: dict[str, Any]) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(_STATUS_S if message["do"] == "status" else _PATIENCE_S)
        sock.connect(path)
        if _is_stranger(sock):
            raise DoorError(_STRANGER)
        sock.sendall(json.dumps(message).encode() + b"\n")
        with sock.makefile("rb") as answers:
            return answers.readline()


def _ask_pipe(path: str, message: dict[str, Any]) -> bytes:
    with Path(path).open("r+b", buffering=0) as pipe:
        pipe.write(json.dumps(message).encode() + b"\n")
        line = bytearray()
        while not line.endswith(b"\n") and (data := pipe.read(4096)):
            line += data
        return bytes(line)
