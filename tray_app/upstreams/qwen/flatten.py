r"""A conversation as the one user message that the site takes.

The site refuses several messages in one request and does not honour a system role (seen:
2026-09-24), so the history is written out. A lone user message goes as it is. Anything else becomes
a transcript, oldest first, one element for each message::

    <system>
    You are terse.
    </system>

    <user>
    What is in a.txt?
    </user>

    <assistant>
    One line: hello.
    </assistant>

after a fixed sentence that says how to read it, and, where the last message is an unfinished
answer (not one that ends with a call), before one that asks to go on with it.

Every text stands in it once, letter by letter. A text cannot leave its element: where it holds
something that looks like one of our tags, the tags around it carry a number (`<user-2>`) that it
does not hold. The same conversation gives the same bytes, and a longer one begins with them.
"""

import re

from tray_app.core.elements import free_mark, is_unfinished, tags
from tray_app.core.model import Message, Part, TextPart

_TAGS = tags("system", "user", "assistant")
_UNSAFE = re.compile(r'[<>"&\s\x00-\x1f]')
_READ = (
    "What follows is a conversation, oldest message first, each message in its own element. "
    "<system> holds your instructions, <user> what the person wrote and what tools answered to "
    "you, <assistant> what you wrote. Tags may carry a number: <user-2> up to </user-2> is one "
    "element, and tags inside of it are part of its text. Write the next message of the assistant "
    "and nothing else, without the tags of its element."
)
_GO_ON = (
    "The last element is the beginning of your message. Go on from exactly where it stops and do "
    "not repeat it."
)


def flatten(messages: tuple[Message, ...]) -> str:
    """The conversation as one text; `messages` oldest first and not all empty."""
    if len(messages) == 1 and messages[0].role == "user" and not messages[0].name:
        return _body(messages[0])
    texts = [_READ, transcript(messages)]
    said = [message for message in messages if _body(message)]
    if said and is_unfinished(said[-1]):
        texts.append(_GO_ON)
    return "\n\n".join(texts)


def transcript(messages: tuple[Message, ...]) -> str:
    """The elements alone, oldest first; what says nothing has none."""
    said = [(message, body) for message in messages if (body := _body(message))]
    return "\n\n".join(_element(message, body) for message, body in said)


def _body(message: Message) -> str:
    return "\n".join(_text(part) for part in message.parts)


def _text(part: Part) -> str:
    if not isinstance(part, TextPart):
        raise TypeError(f"{type(part).__name__} has to be a text here")
    return part.text


def _element(message: Message, body: str) -> str:
    tag = message.role + free_mark(_TAGS, (body,))
    return f"<{tag}{_attribute('name', message.name)}>\n{body}\n</{tag}>"


def _attribute(name: str, value: str) -> str:
    if not value:
        return ""
    safe = _UNSAFE.sub(lambda found: f"&#{ord(found[0])};", value)
    return f' {name}="{safe}"'
