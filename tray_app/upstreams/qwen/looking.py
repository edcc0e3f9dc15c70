"""Looking for a picture in its chat, where the stream of a drawing did not bring it.

The site goes on drawing after some streams have ended, and keeps what comes of it in the chat. It
is looked for in growing steps, and not for ever. Seen: 2026-09, several peers.
"""

from collections.abc import Generator, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from tray_app.core.calls import Answer, Call, Pause, Renew, Step
from tray_app.core.errors import Kind, ProxyError

from . import faults
from .decode import is_answer
from .media import IMAGE_PHASES, addresses_in, is_check, is_media, path_of, pictured, shown, strange
from .told import entries_of, flag_of, table_of, text_of

LOOKING_S = 280.0
"""How long a picture is looked for."""
_PAUSES_S = (0.0, 2.0, 3.0, 4.0) + (5.0,) * 54
"""Before each look: 279 s in all."""
_STILL_LOOKS = 4
"""After so many looks more at the same text it is taken for complete, where nothing says so."""
_NOT_YET = {Kind.UPSTREAM_ERROR, Kind.UPSTREAM_BAD_RESPONSE, Kind.UPSTREAM_TIMEOUT}

Looks = Generator[Step, Answer, Answer]


class Seen(Struct, frozen=True):
    """What a chat holds of its answer."""

    urls: tuple[str, ...] = ()
    """Of pictures."""
    text: str = ""
    is_over: bool | None = None
    """None where the site does not say."""
    elsewhere: str = ""
    """The address of a picture that is not on the site's hosts."""


class _Look:
    """The looks at one chat, which may renew the session once."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._has_renewed = False

    def again(self) -> Looks:
        """Look, and where the session has ended meanwhile once more in a new one."""
        answer = yield self._call
        fault = faults.of_page(answer.status, answer.headers, answer.body)
        if fault is not None and fault.again == "renewed" and not self._has_renewed:
            self._has_renewed = True
            yield Renew()
            answer = yield self._call
        return answer


def looked(
    call: Call, response_id: str, media_hosts: tuple[str, ...], *, once: bool = False
) -> Generator[Step, Answer, Seen]:
    """What a chat's answer came to: a picture, or else a text that is complete.

    Raises `ProxyError` where neither came in time, or where looking on would be of no use. With
    `once` there is one look, and whatever else than a picture comes of it is nothing.
    """
    look = _Look(call)
    if once:
        return _only(_answers((yield from look.again()).body, response_id), media_hosts)
    waited_s, text, still = 0.0, "", 0
    for pause_s in _PAUSES_S:
        waited_s += pause_s
        if waited_s > LOOKING_S:
            break
        if pause_s:
            yield Pause(pause_s)
        answer = yield from look.again()
        waited_s += answer.took_s
        seen = _seen(answer, response_id, media_hosts)
        still = still + 1 if seen.text == text else 0
        text = seen.text
        if seen.urls or (text.strip() and _is_over(seen, still)):
            return seen
    raise ProxyError(
        Kind.UPSTREAM_TIMEOUT, f"Qwen did not finish the picture within {LOOKING_S:g} s"
    )


def misplaced(url: str) -> ProxyError:
    """What is said where a picture is at an address that is none of the site's for pictures."""
    if is_check(url):
        return faults.challenge()
    return ProxyError(
        Kind.PROTOCOL_CHANGED, "Qwen keeps the picture at a place that is not known to be its own"
    )


def _is_over(seen: Seen, still: int) -> bool:
    return still >= _STILL_LOOKS if seen.is_over is None else seen.is_over


def _only(answers: list[dict[str, Any]], hosts: tuple[str, ...]) -> Seen:
    return Seen(_read(answers, hosts).urls)


def _seen(answer: Answer, response_id: str, hosts: tuple[str, ...]) -> Seen:
    fault = faults.of_page(answer.status, answer.headers, answer.body)
    if fault is None:
        answers = _answers(answer.body, response_id)
        seen = _read(answers, hosts)
        if not seen.urls:
            _check(answers)
            if seen.elsewhere:
                raise misplaced(seen.elsewhere)
        return seen
    is_gone = faults.is_gone(answer.status, answer.headers, answer.body)
    if is_gone or fault.kind not in _NOT_YET:
        raise fault
    return Seen()


def _answers(body: bytes, response_id: str) -> list[dict[str, Any]]:
    """The answer as the chat holds it, which may be in two places."""
    try:
        data = table_of(table_of(msgspec.json.decode(body)).get("data"))
    except (msgspec.DecodeError, RecursionError):
        return []
    chat = table_of(data.get("chat")) or data
    found = [(key, one) for key, one in _messages(chat) if one.get("role") == "assistant"]
    ids = {key for key, _ in found}
    wanted = response_id if response_id in ids else found[-1][0] if found else ""
    return [message for key, message in found if key == wanted]


def _messages(chat: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every message with its id."""
    for holder in (table_of(chat.get("history")), chat):
        for key, item in entries_of(holder.get("messages")):
            message = table_of(item)
            told = message.get("id")
            yield str(told) if isinstance(told, str | int) and told != "" else key, message


def _read(answers: list[dict[str, Any]], hosts: tuple[str, ...]) -> Seen:
    urls: dict[str, str] = {}
    texts: list[str] = []
    over: list[bool] = []
    elsewhere = ""
    for message in answers:
        pictures, said = _parts(message)
        texts.append(said)
        for url in pictures:
            if is_media(url, hosts):
                urls.setdefault(path_of(url), url)
            else:
                elsewhere = url
        for url in shown(f"{said}\n{text_of(message.get('content'))}", hosts)[0]:
            urls.setdefault(path_of(url), url)
        elsewhere = elsewhere or strange(said, hosts)
        over += _told_over(message)
    text = max(texts, key=len, default="")
    return Seen(tuple(urls.values()), text, all(over) if over else None, elsewhere)


def _parts(message: dict[str, Any]) -> tuple[list[str], str]:
    """The pictures of a message that are told as such, and what it says."""
    urls: list[str] = []
    said: list[str] = []
    aside: list[str] = []
    for entry in _entries(message):
        content = entry.get("content")
        phase = entry.get("phase")
        if phase in IMAGE_PHASES:
            told, words = pictured(text_of(content))
            urls += [*told, *addresses_in(content), *addresses_in(entry.get("extra"))]
            if entry.get("status") == "finished":
                aside.append(words)
        elif is_answer(phase):
            said.append(_text(content))
            urls += _in_parts(content)
    content = message.get("content")
    urls += [*addresses_in(message.get("extra")), *_in_parts(content)]
    return urls, "".join(said) or _text(content) or "".join(aside)


def _entries(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for _, item in entries_of(message.get("content_list")):
        entry = table_of(item)
        if entry and isinstance(entry.get("phase"), str | None):
            yield entry


def _text(content: object) -> str:
    """A text that may be told as a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(text_of(table_of(part).get("text")) for _, part in entries_of(content))


def _in_parts(content: object) -> Iterator[str]:
    return iter(()) if isinstance(content, str) else addresses_in(content)


def _told_over(message: dict[str, Any]) -> list[bool]:
    """Whether the message says that it is complete; empty where it does not."""
    done = flag_of(message.get("done"))
    if done is not None:
        return [done]
    ends = (entry.get("status") == "finished" for entry in _entries(message)
            if is_answer(entry.get("phase")))  # fmt: skip
    return [True] if any(ends) else []


def _check(answers: list[dict[str, Any]]) -> None:
    """Raise the error that the answer is, if it is one."""
    for message in answers:
        error = message.get("error")
        fault = faults.of_value({"error": error}) if error else None
        if fault is not None:
            raise fault
