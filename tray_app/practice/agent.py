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
from dataclasses import dataclass

from .kinds import is_for
from .outcomes import is_error, is_refused
from .replies import Call, Reply, demanded, ended, object_of, told
from .tasks import Task, task_in
from .tools import Tool
from .transcript import Transcript, words
from .values import Maker, NoValueError

_SHOWN = 2000
_NUMBERED = re.compile(r"^\s*(?P<number>\d+)\s*[|:→\t] ?(?P<text>.*)$")


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
    call = None if is_over else demanded(transcript, wishes)
    return call or (planned and told(transcript, planned.prose))


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
        return ended(self._tools, self._outcome(failed, step, results))

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
            arguments = Maker(object_of(tool), folder=self._folder).make()
        return Call(tool.name, arguments)

    def _call(
        self, tool: Tool, wishes: dict[str, str], needs: set[str], *, flipped: bool = False
    ) -> Call | None:
        """A call of a tool for these wishes, if it has a place for those that it needs."""
        schema, about = object_of(tool), tool.description
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
