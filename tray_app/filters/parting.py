"""Where a conversation that is too long is parted: its past from what runs now.

A conversation comes again with every turn, a little longer. It is parted in the same place for as
long as that leaves it light enough, so that its past stays the same bytes and has to be given to
the upstream once only. So the places are those where its weight passes multiples of a size that
does not depend on how long it is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from tray_app.core.model import Message, TextPart, utf8_bytes

from .calling.history import Traced, first_instructions, is_result, last_turn
from .calling.past import weight_of
from .notes import NOTE_BYTES

_AROUND_MESSAGE = 13
_AROUND_TAGS = 18
_AROUND_NAME = 12
_AROUND_NAME_CHAR = 12
_AROUND_PART = 2
_STEP_BYTES = 1 << 14
"""By how much the past grows at once, and what is left of the room at most for small messages."""


Transcript = Callable[[tuple[Message, ...]], str]


class Conversation:
    """The messages of a prompt, told in texts, with what they weigh, in bytes of JSON."""

    def __init__(self, traced: Traced) -> None:
        self.messages = messages = traced.told.messages
        self.weights = [weighed(message) for message in messages]
        self._sums = list(accumulate(self.weights, initial=0))
        systems = [
            weight + NOTE_BYTES if message.role == "system" else 0
            for message, weight in zip(messages, self.weights, strict=True)
        ]
        self._systems = list(accumulate(systems, initial=0))
        self.leading = first_instructions(messages)
        """So many are the first instructions."""
        asked = last_turn(traced.prompt.messages).asked
        self.asked = bisect_right(traced.starts, asked) - 1
        """The person's newest message; -1 where there is none."""
        self._cuts = _cuts(traced, self.leading)
        self.latest = next(filter(self._is_turn, reversed(self._cuts)), self.leading)
        """Where the latest turn begins, or the round of calls that runs."""
        self.weight_of_turn = self._sums[-1] - self._sums[self.latest]
        """What all from there on weighs."""

    def past(self, room: int, unused: int) -> int | None:
        """Where to part it, so that what stays weighs no more than `room`; None for nowhere.

        The latest turn stays whole. No more than `unused` of the room is left where a message can
        still go there.
        """

        def staying(cut: int) -> int:
            return self._sums[-1] - self._sums[cut] + self.kept_weight(cut, room)

        if staying(self.leading) <= room:
            return self.leading
        low = bisect_left(self._cuts, self._sums[-1] - room, key=self._sums.__getitem__)
        high = bisect_right(self._cuts, self.latest)
        return self._stable((low, high), staying, room, unused)

    def past_of_turn(self, room: int, unused: int, least: Sequence[int]) -> int | None:
        """Likewise, where the latest turn is too long by itself.

        `least` is what the messages from `latest` on weigh at least.
        """
        sums = list(accumulate(reversed(least), initial=0))

        def staying(cut: int) -> int:
            return sums[len(self.messages) - cut] + self.kept_weight(cut, room)

        if staying(self.latest) <= room:
            return self.latest
        low = bisect_right(self._cuts, self.latest)
        return self._stable((low, len(self._cuts)), staying, room, unused)

    def kept(self, cut: int, room: int) -> set[int]:
        """The messages before a place that stay nevertheless: the task, and instructions."""
        kept = {self.asked} if self.leading <= self.asked < cut else set()
        if self._system_weight(cut, room):
            places = range(self.leading, cut)
            kept.update(at for at in places if self.messages[at].role == "system")
        return kept

    def kept_weight(self, cut: int, room: int) -> int:
        """What `kept` weighs, with the notes that it takes."""
        weight = self._system_weight(cut, room)
        if self.leading <= self.asked < cut:
            weight += min(self.weights[self.asked], task_bytes(room)) + NOTE_BYTES
        return weight

    def _system_weight(self, cut: int, room: int) -> int:
        """What instructions before a place weigh; 0 where there are too many of them to stay."""
        weight = self._systems[cut] - self._systems[self.leading]
        return weight if weight <= task_bytes(room) // 2 else 0

    def newest(self, cut: int) -> range:
        """The last messages before a place that belong together."""
        at = bisect_left(self._cuts, cut)
        return range(self._cuts[at - 1] if at else self.leading, cut)

    def _is_turn(self, cut: int) -> bool:
        return "assistant" in {self.messages[cut].role, self.messages[cut - 1].role}

    def _stable(
        self, among: tuple[int, int], staying: Callable[[int], int], room: int, unused: int
    ) -> int | None:
        """The first place that is light enough of those that are the same in most turns."""
        light = [at for at in range(*among) if staying(self._cuts[at]) <= room]
        step = _STEP_BYTES
        while light:
            for at in light:
                if self._multiple(at, step) == self._multiple(at - 1, step):
                    continue
                if at == light[0] or room - staying(self._cuts[at]) <= unused:
                    return self._cuts[at]
                break
            step //= 2
        return None

    def _multiple(self, at: int, step: int) -> int:
        """The last multiple of a size that was passed at one of the places."""
        passed = self._sums[self._cuts[at]] - self._sums[self.leading] if at >= 0 else 0
        return passed // step


def task_bytes(room: int) -> int:
    """How heavy the task may be to stay whole beside what came of it; seldom another size."""
    return (1 << max(room // 2, 1).bit_length() - 1) // 2


def weighed(message: Message) -> int:
    """What a message weighs in a prompt, a little too much rather than too little."""
    weight = _AROUND_MESSAGE + 2 * len(message.role)
    if message.name:
        weight += _AROUND_NAME + _AROUND_NAME_CHAR * utf8_bytes(message.name)
    has_tags = False
    for part in message.parts:
        if isinstance(part, TextPart):
            weight += weight_of(part.text) + _AROUND_PART
            has_tags = has_tags or "<" in part.text
    if has_tags:
        weight += _AROUND_TAGS
    return weight


def _cuts(traced: Traced, leading: int) -> list[int]:
    """Where it may be parted: before a message of the person or the assistant.

    Never between a call and its result, and never behind the person's last message.
    """
    told, original, starts = traced.told.messages, traced.prompt.messages, traced.starts
    users = (at for at in reversed(range(len(told))) if told[at].role == "user")
    cuts = [at for at in range(leading + 1, next(users, leading) + 1) if told[at].role != "system"]
    if told is original:
        return cuts
    changes = [0] * (len(original) + 1)
    for (result, _), (call, _) in traced.answers.items():
        changes[call + 1] += 1
        changes[result + 1] -= 1
    is_open = list(accumulate(changes))
    return [at for at in cuts if not is_open[starts[at]] and not is_result(original[starts[at]])]
