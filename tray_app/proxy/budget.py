"""How much all requests together may hold in memory.

A request holds its share from before its body is read until its answer is over, because the
pictures in it live as long. What is fetched for it or unpacked from it counts as well. A tenth of
what there is stays free for small requests: while a few send large pictures, everybody else goes
on.
"""

from collections.abc import Callable

from tray_app.core.errors import Kind, ProxyError

from .limits import Limits

_SMALL_BYTES = 1 << 20
"""As large may a body be that goes into what is kept free."""
_FREE_PART = 10


class Budget:
    """Counts the bytes of all requests; used in the proxy's loop.

    Args:
        limits: Those in force.
    """

    def __init__(self, limits: Callable[[], Limits]) -> None:
        self._limits = limits
        self._taken = 0

    def sharing(self) -> "Share":
        """An empty share."""
        return Share(self)

    def take(self, more: int, size: int) -> None:
        """Count more bytes for a share of this size then; raises `ProxyError` where none are left.

        Use a share, which gives them back.
        """
        most = self._limits().bodies_bytes
        room = most if size <= _SMALL_BYTES else most - most // _FREE_PART
        if self._taken + more > room:
            raise ProxyError(
                Kind.QUEUE_FULL,
                f"Other requests fill the {most >> 20} MiB that all bodies together may have",
            )
        self._taken += more

    def give(self, size: int) -> None:
        """Count so many bytes no more. Use a share."""
        self._taken -= size


class Share:
    """What one request holds; a context, at whose end it is given back."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._body = Part(self)
        self._packed = 0
        self.size = 0
        """In bytes, with all of its parts."""

    def __enter__(self) -> "Share":
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def reach(self, size: int) -> None:
        """Hold this many bytes of the body at least; raises `ProxyError` as `grow` does."""
        self._body.reach(size)

    def hand_over(self) -> "Share":
        """All that it holds, as another's; whoever gets that gives it back."""
        other = Share(self._budget)
        other._body.size, other._packed, other.size = self._body.size, self._packed, self.size
        self._body.size = self._packed = self.size = 0
        return other

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._budget.give(self.size)
        self._body.size = self._packed = self.size = 0

    def part(self) -> "Part":
        """Room for one more thing than the body, so far empty."""
        return Part(self)

    def grow(self, more: int) -> None:
        """Hold more than before; raises `ProxyError` where there is no room for it."""
        self._budget.take(more, self.size + more)
        self.size += more

    def unpacked(self, size: int) -> None:
        """Note that so much of the body has become a part, and is there twice for now."""
        self._packed += size

    def let_go(self) -> None:
        """Give back what has become parts: nobody holds the body any more."""
        gone = min(self._packed, self._body.size)
        self._packed = 0
        self._body.size -= gone
        self.size -= gone
        self._budget.give(gone)


class Part:
    """One of the things that a request holds, which grows as it comes."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self.size = 0
        """In bytes."""

    def reach(self, size: int) -> None:
        """Hold this many bytes at least; raises `ProxyError` where there is no room for them."""
        if size > self.size:
            self._share.grow(size - self.size)
            self.size = size
