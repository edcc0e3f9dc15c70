"""A client's own request, sent to the running endpoint to see whether that client would be served.

It goes through the same door as the client's: host, origin, key, queue and all.
"""

import http.client
import ipaddress
import json
import time
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from tray_app.dialects.clients.recipe import Client
from tray_app.dialects.clients.shapes import body_of

PATIENCE_S = 100.0
_LINE_BYTES = 1 << 20
_BODY_BYTES = 8 << 20


Fault = Literal["", "refused", "late", "silent", "broken", "empty", "unreadable", "status"]
"""Why it does not work: Portico refuses it, takes too long, is not there, breaks off in
mid-answer, says nothing, says something else than it should, or has a status without a word."""

_SAID: dict[Fault, str] = {
    "broken": "The answer broke off before its end. Try again.",
    "empty": "The answer was empty. Try again.",
    "unreadable": "The answer is not what this client reads. Look at the port.",
}


class Tried(Struct, frozen=True):
    """What came of a request."""

    works: bool
    said: str = ""
    """Why it does not work: one sentence and one action."""
    fault: Fault = ""
    code: str = ""
    """Of the error, where Portico refused it with one."""
    status: int = 0
    """Of HTTP; 0 where nobody answered."""
    first_s: float | None = None
    """Until the answer began, thinking included; None where it never did."""
    total_s: float = 0.0


class _FaultError(Exception):
    """The answer is none that the client could use."""

    def __init__(self, fault: Fault, said: str = "", code: str = "") -> None:
        super().__init__(said or _SAID[fault])
        self.fault = fault
        self.code = code


def try_out(
    client: Client, endpoint: str, key: str, model: str, patience_s: float = PATIENCE_S
) -> Tried:
    """Send what this client would send; blocks until it is answered.

    Args:
        client: One that speaks chat completions.
        endpoint: On this computer, with `/v1`; raises `ValueError` for another one.
        patience_s: So long the whole of it may take.
    """
    address = urlsplit(endpoint)
    if address.scheme != "http" or not _is_here(address.hostname or ""):
        raise ValueError(f"{endpoint!r} is not on this computer")
    trial = _Trial(address, patience_s)
    try:
        trial.send(client, key, model)
        return trial.told()
    except _FaultError as fault:
        return trial.told(str(fault), fault.fault, fault.code)
    except TimeoutError:
        return trial.told(f"No answer within {patience_s:g} s. Try again.", "late")
    except (OSError, http.client.HTTPException):
        if trial.status:
            return trial.told(_SAID["broken"], "broken")
        said = f"Portico does not answer at {endpoint}. Start it, or look at its port."
        return trial.told(said, "silent")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Trial:
    """One request and its answer."""

    def __init__(self, address: SplitResult, patience_s: float) -> None:
        self.status = 0
        self._address = address
        self._patience_s = patience_s
        self._began_s = time.monotonic()
        self._first_s: float | None = None

    def told(self, said: str = "", fault: Fault = "", code: str = "") -> Tried:
        """What came of it so far."""
        return Tried(not fault, said, fault, code, self.status, self._first_s, self._passed_s())

    def send(self, client: Client, key: str, model: str) -> None:
        """Ask, and read the answer to its end; raises what is wrong with it."""
        body = body_of(client.shape, model)
        headers = {
            "User-Agent": "Portico",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {key}",
            **client.headers,
        }
        line = http.client.HTTPConnection(
            self._address.hostname or "", self._address.port, timeout=self._patience_s
        )
        try:
            path = f"{self._address.path}{client.speaks}"
            line.request("POST", path, json.dumps(body).encode(), headers)
            response = line.getresponse()
            self.status = response.status
            if response.status != 200:
                raise _refused(response)
            (self._read_stream if body.get("stream") else self._read_whole)(response)
        finally:
            line.close()

    def _passed_s(self) -> float:
        return time.monotonic() - self._began_s

    def _noted(self, piece: dict[str, Any]) -> None:
        names = ("content", "reasoning_content", "reasoning", "tool_calls")
        if self._first_s is None and any(piece.get(name) for name in names):
            self._first_s = self._passed_s()

    def _read_whole(self, response: http.client.HTTPResponse) -> None:
        told = _decoded(response.read(_BODY_BYTES))
        self._noted(_member(told, "message"))
        self._check_begun()

    def _read_stream(self, response: http.client.HTTPResponse) -> None:
        while line := response.readline(_LINE_BYTES):
            if self._passed_s() > self._patience_s:
                raise TimeoutError
            data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
            if data == b"[DONE]":
                self._check_begun()
                return
            if data:
                told = _decoded(data)
                if "error" in told:
                    raise _failed(told) or _FaultError("broken")
                self._noted(_member(told, "delta"))
        raise _FaultError("broken")

    def _check_begun(self) -> None:
        if self._first_s is None:
            raise _FaultError("empty")


def _decoded(data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _FaultError("unreadable")
    return told


def _member(told: dict[str, Any], name: str) -> dict[str, Any]:
    choices = told.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    piece = choice.get(name) if isinstance(choice, dict) else None
    return piece if isinstance(piece, dict) else {}


def _failed(told: dict[str, Any]) -> _FaultError | None:
    """What an error says that Portico answered with; None for something else."""
    error = told.get("error")
    message = str(error.get("message") or "") if isinstance(error, dict) else ""
    if not isinstance(error, dict) or not message:
        return None
    return _FaultError("refused", message, str(error.get("code") or ""))


def _refused(response: http.client.HTTPResponse) -> _FaultError:
    said = f"It was answered with the status {response.status}. Look at Portico's log."
    try:
        failed = _failed(_decoded(response.read(_BODY_BYTES)))
    except _FaultError:
        failed = None
    return failed or _FaultError("status", said)
