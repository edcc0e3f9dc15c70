"""The window that is signed in to the site, as the proxy uses it: a protocol, and its values.

The desktop has the window itself. Everything here may be called from any one event loop, which need
not be the one that looks after the window.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from msgspec import Struct

WindowState = Literal["absent", "closed", "opening", "hidden", "shown"]


class WindowStatus(Struct, frozen=True):
    """How it is with the window."""

    state: WindowState
    missing: str = ""
    """Where it is `absent`: what this computer lacks, as the window's child says it."""


class PageCall(Struct, frozen=True):
    """A call that the page shall make, to its own origin."""

    method: str
    path: str
    """Path and query, from the origin on."""
    headers: dict[str, str]
    body: bytes | None = None
    bearer: str = ""
    """The key of the local storage that has the token to send; empty for none."""


class PageAnswer(Protocol):
    """The answer to a call, while it is read."""

    status: int
    """0 for a redirect, which is not followed."""
    headers: dict[str, str]
    """Names in lower case."""

    async def read(self) -> bytes:
        """Whatever came next; empty at the end. Raises `ProxyError`."""


class PageCookie(Struct, frozen=True):
    """A cookie of the window's profile."""

    name: str
    value: str
    domain: str
    everywhere: bool
    """For every host below the domain too."""


class News(Struct, frozen=True, kw_only=True):
    """What is known of the page now."""

    url: str = ""
    """Where it is, without query and fragment; empty while there is none."""
    stored: Mapping[str, str] = {}
    """What the chat origin's local storage said last."""
    script: str = ""
    """The path of the page's own script, which has its version; empty until a page was ready."""
    check: bool = False
    """Whether the page asks for a person."""
    hidden_by_person: int = 0
    """How often the person closed the window."""


class SiteWindow(Protocol):
    """The window; one for all runs of the proxy."""

    @property
    def status(self) -> WindowStatus:
        """How it is with it; from any thread."""

    @property
    def news(self) -> News:
        """What is known of the page; from any thread."""

    def follow(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called, in some thread, after every change of `status` or `news`.

        Returns:
            What ends that.
        """

    async def ready(self) -> None:
        """Have a page that can make calls, opening the window if need be, hidden.

        Raises `ProxyError`: `window_closed` or `window_stuck` where there is none in time.
        """

    def fetch(self, call: PageCall, head_s: Callable[[], float | None]) -> (
        AbstractAsyncContextManager[PageAnswer]
    ):  # fmt: skip
        """The answer to a call, once its head came; whoever leaves the context aborts the call.

        Args:
            call: What the page shall ask.
            head_s: How many seconds more the head may take, asked again and again; None while
                that does not matter, as when a person is asked.

        Raises `ProxyError`: `upstream_timeout`, `window_closed`, `window_stuck`,
        `upstream_unreachable`, or `upstream_disconnected` where the page was left or loaded anew.
        """

    async def renew(self, is_new: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        """Have the page renew its session; opening the window does that by itself.

        Args:
            is_new: Whether what is stored is what was waited for.

        Returns:
            What is stored then.

        Raises `ProxyError`: `upstream_timeout` where that did not come within 25 s, and what
        `ready` raises.
        """

    async def cookies(self) -> tuple[PageCookie, ...]:
        """The session's cookies as they are now, HttpOnly ones too; raises as `ready` does."""

    def show(self, path: str | None = None) -> None:
        """Show the window to the person, at this page of the chat origin or where it is."""

    def hide(self) -> None:
        """Hide the window; its page goes on."""

    async def close(self) -> None:
        """End the window's process; it comes back when it is needed."""

    async def forget(self) -> None:
        """Sign out: end the window's process and wipe its profile."""
