"""Practice mode as a model that calls tools: small file tasks, done by rules that can be read here.

1. The task is the last text of the person, if it is one (see `tasks`). Any other text ends a task
   before it and is answered with an echo; but `go on` and the like leave one that was begun.
2. A task is a list of steps: an edit reads first. When all are done, the answer says so: with a
   tool such as `attempt_completion` where there is one, else in words.
3. A tool is chosen by its name and by the parameters that it has, in the order of the prompt. After
   them comes a tool that runs commands: it can do the same in a shell.
4. A message with tool results after the task ends one step. When its first result is an error, the
   step is tried once more in another way: another tool, the shell, or the other kind of path. When
   that fails too, the answer says what failed. It says so at once where a person did not allow it.
5. What is no task is answered in words; with the tool for the end where there is one, since agents
   that have one take no words alone.
6. Where the prompt ends with the demand for a call and no rule above makes one, the tool that it
   names is called, or the only one, or one that looks at something, or another; of several none
   that speaks of deleting, running or writing. It gets what the task has for it and the least that
   its schema takes, once for each text of the person; then words have to do.
7. What tells that a call was written badly is no text of the person: the call is planned anew.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .kinds import is_for, is_harmless
from .outcomes import is_error, is_refused
from .tasks import Task, task_in
from .tools import Tool
from .transcript import Transcript, words
from .values import Maker, NoValueError

_MOST_ROUNDS = 8
_SHOWN = 2000
_MARKUP = (
    r"<(?=/?(?:tool_|function|parameter|invoke|think|(?:{names})\b))"
    r"|\{{(?=\s*[\"']name[\"'][^{{}}]*[\"'](?:arguments|parameters)[\"'])"
)
_NUMBERED = re.compile(r"^\s*(?P<number>\d+)\s*[|:→\t] ?(?P<text>.*)$")


@dataclass(frozen=True)
class Call:
    """A call of a tool; `target` is the file that it is about, as the person named it."""

    name: str
    arguments: dict[str, Any]
    target: str = ""


@dataclass(frozen=True)
class Reply:
    """What the model says, and what it calls then."""

    prose: str
    calls: tuple[Call, ...] = ()


def reply(transcript: Transcript) -> Reply | None:
    """The next message by the rules above; None where there is no task and no call to make."""
    if not transcript.tools:
        return None
    found = task_in(transcript.turns, [tool.name for tool in transcript.tools])
    later = transcript.turns[found[0] + 1 :] if found else ()
    rounds = [turn.results[0] for turn in later if turn.results]
    urged = bool(found and words(transcript.turns)[-1][0] > found[0])
    planned = _Agent(transcript, found[1]).next(rounds, urged=urged) if found else None
    if (planned and planned.calls) or transcript.demand is None:
        return planned
    wishes = found[1].told if found and found[1].kind != "call" else {}
    is_over = bool(rounds) and not transcript.demand
    demanded = None if is_over else _demanded(transcript, wishes)
    return demanded or (planned and told(transcript, planned.prose))


def told(transcript: Transcript, text: str) -> Reply:
    """The next message where there is but a text to tell, by the tool for the end if there is one.

    Agents ask once more when that tool has answered; then the text goes out as it is.
    """
    said = _told(transcript.tools, text)
    rounds = _rounds_of(transcript, said.calls[0].name) if said.calls else 0
    is_enough = rounds >= (1 if transcript.demand is None else _MOST_ROUNDS)
    return Reply(text) if is_enough else said


def harmless(transcript: Transcript, text: str) -> str:
    """A text in which no call can be read, whatever it repeats."""
    if not transcript.tools:
        return text
    names = "|".join(re.escape(tool.name) for tool in transcript.tools)
    return re.sub(_MARKUP.format(names=names), "", text)


def _demanded(transcript: Transcript, wishes: Mapping[str, str]) -> Reply | None:
    """The call that has to be, if there is one that does no harm and was not made yet."""
    tools = transcript.tools
    named = [tool for tool in tools if tool.name == transcript.demand]
    if not named and _told(tools, "").calls:
        return None
    looking = sorted(filter(is_harmless, tools), key=lambda tool: not is_for(tool, "look"))
    tool = next(iter(named or (tools if len(tools) == 1 else looking)), None)
    if tool is None or _rounds_of(transcript, tool.name):
        return None
    arguments = Maker(_object(tool), wishes, folder=transcript.folder).make()
    return Reply("", (Call(tool.name, arguments),))


def _rounds_of(transcript: Transcript, name: str) -> int:
    """How often a tool was called and has answered since the person spoke last."""
    said = words(transcript.turns)
    later = transcript.turns[said[-1][0] + 1 if said else 0 :]
    signs = (f'"{name}"', f"<function={name}>")
    return sum(
        any(sign in turn.raw for sign in signs) and bool(after.results)
        for turn, after in pairwise(later)
        if turn.role == "assistant"
    )


def _told(tools: Sequence[Tool], text: str) -> Reply:
    """A text for the person: handed to a tool for that, or said before it, or alone."""
    without = None
    for tool in (tool for tool in tools if is_for(tool, "done")):
        maker = Maker(_object(tool), {"result": text})
        try:
            call = Call(tool.name, maker.make())
        except NoValueError:
            continue
        if maker.used:
            return Reply("", (call,))
        without = without or (None if maker.guessed else call)
    return Reply(text, (without,) if without else ())


def _object(tool: Tool) -> dict[str, Any]:
    return {**tool.schema, "type": "object"}


@dataclass(frozen=True)
class _Stand:
    """How far a task is: the step, which way it is tried, and what the steps before it gave."""

    step: int
    way: int
    results: list[str]
    failed: str = ""
    is_told: bool = False
    """The end was told with a tool already."""


class _Agent:
    """One task with the tools that there are."""

    def __init__(self, transcript: Transcript, task: Task) -> None:
        self._tools = transcript.tools
        self._folder = transcript.folder
        self._task = task

    def next(self, rounds: list[str], *, urged: bool) -> Reply | None:
        """What comes after these results; `urged` if the person has told it to go on since."""
        steps = [one for one in self._task.steps if one == self._task.kind or self._ways(one, [])]
        stands = self._walked(steps, rounds)
        step = steps[min(stands.step, len(steps) - 1)]
        if stands.step < len(steps) and not stands.failed:
            ways = self._ways(step, stands.results)
            if ways:
                return Reply(self._task.says(step, 0), (ways[stands.way],))
            return self._ended("No tool can do this.", step, stands.results)
        if urged:
            return None
        if stands.is_told:
            return Reply(self._outcome(stands.failed, step, stands.results))
        return self._ended(stands.failed, step, stands.results)

    def _walked(self, steps: list[str], rounds: list[str]) -> _Stand:
        """How far the results have brought the task."""
        if self._task.fault:
            return _Stand(0, 0, [], self._task.fault, is_told=bool(rounds))
        step, way, results = 0, 0, list[str]()
        for at, result in enumerate(rounds, 1):
            if step == len(steps):
                return _Stand(step, way, results, is_told=True)
            if is_refused(result):
                return _Stand(step, way, results, result, is_told=at < len(rounds))
            if not is_error(result):
                step, way, results = step + 1, 0, [*results, result]
                continue
            way += 1
            if way >= min(2, len(self._ways(steps[step], results))):
                return _Stand(step, way, results, result, is_told=at < len(rounds))
        return _Stand(step, way, results)

    def _ended(self, failed: str, step: str, results: list[str]) -> Reply:
        """The end of the task, told with a tool where there is one for that."""
        return _told(self._tools, self._outcome(failed, step, results))

    def _outcome(self, failed: str, step: str, results: list[str]) -> str:
        if failed:
            return f"{self._task.says(step, 2)}: {failed[:_SHOWN]}"
        said = self._task.says(step, 1)
        return f"{said}\n{results[-1][:_SHOWN]}" if said.endswith(":") and results else said

    def _ways(self, step: str, results: list[str]) -> list[Call]:
        """Every way to do a step, the best first."""
        if step == "call":
            return [self._named()]
        named = [tool for tool in self._tools if is_for(tool, step)]
        wished = self._wishes(step, results)
        ways = [call for wishes in wished for tool in named if (call := self._call(tool, *wishes))]
        if step != "run":
            shells = [tool for tool in self._tools if is_for(tool, "run")]
            command = {"command": self._in_shell(step)}
            ways += [call for tool in shells if (call := self._call(tool, command, {"command"}))]
        if len(ways) == 1 and named:
            other = self._call(named[0], *wished[0], flipped=True)
            ways += [other] if other and other != ways[0] else []
        return ways

    def _named(self) -> Call:
        """The call of the tool that the person named."""
        tool = next(one for one in self._tools if one.name == self._task.told["tool"])
        arguments = self._task.arguments
        if arguments is None:
            arguments = Maker(_object(tool), folder=self._folder).make()
        return Call(tool.name, arguments)

    def _call(
        self, tool: Tool, wishes: dict[str, str], needs: set[str], *, flipped: bool = False
    ) -> Call | None:
        """A call of a tool for these wishes, if it has a place for those that it needs."""
        schema, about = _object(tool), tool.description
        maker = Maker(schema, wishes, folder=self._folder, about=about, flipped=flipped)
        try:
            arguments = maker.make()
        except NoValueError:
            return None
        target = self._task.told.get("path", "")
        fits = needs <= maker.used and not maker.guessed
        return Call(tool.name, arguments, target) if fits else None

    def _wishes(self, step: str, results: list[str]) -> list[tuple[dict[str, str], set[str]]]:
        """What a step has for the parameters of a tool, and which of it must have a place."""
        told = self._task.told
        if step == "list":
            return [({"folder": ".", "pattern": "*"}, set())]
        if step == "edit":
            diff = _diff(told["old"], told["new"], results[-1] if results else "")
            return [(told, {"path", "old", "new"}), ({**told, "diff": diff}, {"path", "diff"})]
        needs = {"write": {"path", "content"}, "read": {"path"}, "run": {"command"}}[step]
        return [({name: told[name] for name in needs}, needs)]

    def _in_shell(self, step: str) -> str:
        told = {name: shlex.quote(value) for name, value in self._task.told.items()}
        if step == "write":
            return f"printf %s {told['content']} > {told['path']}"
        if step == "edit":
            old, new = (
                re.sub(r"([\\/&.*\[\]^$])", r"\\\1", self._task.told[one]) for one in ("old", "new")
            )
            return f"sed -i {shlex.quote(f's/{old}/{new}/')} {told['path']}"
        return "ls" if step == "list" else f"cat {told['path']}"


def _diff(old: str, new: str, shown: str) -> str:
    """A search-and-replace block for the first line that holds the old text."""
    number, line = "1", old
    for at, text in enumerate(shown.split("\n"), 1):
        found = _NUMBERED.match(text)
        bare = found["text"] if found else text
        if old in bare:
            number, line = (found["number"] if found else str(at)), bare
            break
    changed = line.replace(old, new)
    head = f"<<<<<<< SEARCH\n:start_line:{number}\n-------\n{line}"
    return f"{head}\n=======\n{changed}\n>>>>>>> REPLACE"
