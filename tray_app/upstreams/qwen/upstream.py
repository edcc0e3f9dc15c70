"""Qwen Chat as the house's other rooms see it."""

from collections.abc import Mapping

from tray_app import __version__
from tray_app.core.calls import Answer, Call, Flow, Stamp, Stream
from tray_app.core.errors import ProxyError
from tray_app.core.files import File
from tray_app.core.model import Choice, Message, ModelInfo, Prompt
from tray_app.core.session import PageSession, Pasted, Session
from tray_app.core.site import Site

from . import catalog, encode, files, flatten, flow, page, paste, wire


class Qwen:
    """The web API behind chat.qwen.ai."""

    name = "qwen"
    body_bytes = wire.BODY_BYTES
    reserved_tools = wire.NATIVE_TOOLS

    def headers(
        self, site: Site, call: Call, session: Session | None, stamp: Stamp
    ) -> dict[str, str]:
        """Every header that goes out with `call`."""
        return wire.headers(site, call, session, stamp, f"Portico/{__version__}")

    def page_headers(self, call: Call, stamp: Stamp, script: str) -> dict[str, str]:
        """The headers that the site's own code sets for `call`."""
        return wire.page_headers(call, stamp, script)

    def begin(self, prompt: Prompt, choice: Choice, stamp: Stamp) -> Flow:
        """Make a chat for a prompt."""
        return flow.begin(prompt, choice, stamp)

    def ask(
        self, prompt: Prompt, choice: Choice, chat: flow.Chat, stamp: Stamp, site: Site
    ) -> Stream:
        """Ask a prompt in the chat that was made for it."""
        return flow.ask(prompt, choice, chat, stamp, site.media_hosts)

    def upload(self, file: File, stamp: Stamp) -> Flow:
        """Give the site a file."""
        return files.upload(file, stamp)

    def weigh(self, prompt: Prompt, choice: Choice) -> int:
        """The bytes of the body that a prompt becomes."""
        return encode.weigh(prompt, choice)

    def transcript(self, messages: tuple[Message, ...]) -> str:
        """A stretch of a conversation as a text file."""
        return flatten.transcript(messages)

    def forget(self, chat: str) -> Flow:
        """Delete a chat that an earlier run left."""
        return flow.forget(chat)

    def list_models(self) -> Flow:
        """Bring the list of models."""
        return flow.list_models()

    def renew(self) -> Flow:
        """Renew the access token."""
        return flow.renew()

    def can_renew(self, session: Session) -> bool:
        """Whether a session brings the cookie that renews it."""
        return wire.RENEWING in session.cookies_at("auth")

    def probe(self) -> Flow:
        """Ask whether the session is good and whose it is, changing nothing."""
        return flow.probe()

    def read_page(self, stored: Mapping[str, str], now_s: float) -> PageSession:
        """Who is signed in, by what the site's page keeps."""
        return page.read(stored, now_s)

    def read_paste(self, text: str, now_s: float) -> Pasted:
        """The session in a text that a person pasted."""
        return paste.read(text, now_s)

    def read_models(self, data: bytes) -> tuple[ModelInfo, ...]:
        """The models of a list."""
        return catalog.read(data)

    def built_in_models(self) -> tuple[ModelInfo, ...]:
        """The models to offer while no list could be had."""
        return catalog.BUILT_IN

    def choose(self, prompt: Prompt, models: tuple[ModelInfo, ...]) -> Choice:
        """The model and features that a prompt asks for."""
        return catalog.choose(prompt, models)

    def able(self, needs: frozenset[str], models: tuple[ModelInfo, ...]) -> ModelInfo | None:
        """The model to take for a prompt with these needs."""
        return catalog.able(needs, models)

    def refused(self, answer: Answer) -> ProxyError | None:
        """The error that an answer is, if it is one."""
        return flow.refused(answer)
