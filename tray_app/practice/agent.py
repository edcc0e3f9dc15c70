"""Practice mode as a model that calls tools: small file tasks, done by rules that can be read here.

1. The task is the last text of the person that says one of these: `create a.txt with the text hi`
   (or with `this:` and a fenced block), `write hi to a.txt`, `change hello to bye in a.txt`,
   `read a.txt`, `list the files`, ``run `echo hi` ``. A later text that is none of these goes on
   with a task that is not done yet; when it is done, that text is answered with an echo.
2. A task is a list of steps: an edit reads first. When all are done, the answer says so: with a
   tool such as `attempt_completion` where there is one, else in words.
3. A tool is chosen by its name and by the parameters that it has, in the order of the prompt. After
   them comes a tool that runs commands: it can do the same in a shell.
4. A message with tool results after the task ends one step. When its first result is an error, the
   step is tried once more in another way: another tool, the shell, or the other kind of path. When
   that fails too, the answer says what failed.
5. Where the prompt ends with the demand for a call and no rule above makes one, the tool that it
   names, or the first, is called with the least that its schema takes: eight times at most.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .tools import Tool
from .transcript import Transcript, Turn
from .values import Maker

_MOST_ROUNDS = 8
_SHOWN = 2000
_HEAD = 500
_PATH = (
    r"(?:the\s+)?(?:file\s+)?(?:(?:named|called)\s+)?"
    r"[\"'`]?(?P<path>[\w~/\\.:-]*\w\.\w+|Makefile|Dockerfile|LICENSE)[\"'`]?"
)
_MAKE = rf"\b(?:create|write|make|add)\s+(?:an?\s+)?(?:new\s+)?(?:text\s+)?{_PATH}"
_WITH = (
    r"(?:with|containing|that\s+says)(?:\s+(?:exactly|only))?(?:\s+the)?"
    r"(?:\s+(?:text|content|contents|word|words|line))?:?\s+(?P<content>[^\n]+)"
)
_THE_TEXT = r"(?:the\s+(?:text|word|line)\s+)?"
_CHANGE = r"(?P<old>[^\n]{1,300}?)\s+(?:to|with|by|into)\s+(?P<new>[^\n]{1,300}?)\s+in"
_SHOW = r"\b(?:read|show|open|print|view|cat)\s+(?:me\s+)?(?:the\s+contents?\s+of\s+)?"
_RUN = r"\b(?:run|execute)\s+(?:the\s+)?(?:shell\s+)?"
_TASKS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.DOTALL))
    for kind, pattern in (
        ("write", rf"{_MAKE}[^\n]*:[ \t]*\n```\w*\n(?P<content>.*?)```"),
        ("write", rf"{_MAKE}\s+{_WITH}"),
        ("write", rf"\bwrite\s+{_THE_TEXT}(?P<content>[^\n]{{1,300}}?)\s+(?:in)?to\s+{_PATH}"),
        ("edit", rf"\b(?:change|replace)\s+{_THE_TEXT}{_CHANGE}\s+{_PATH}"),
        ("read", _SHOW + _PATH),
        ("list", r"\blist\s+(?:me\s+)?(?:all\s+)?(?:of\s+)?(?:the\s+)?files\b"),
        ("run", _RUN + r"(?:command\s+)?`(?P<command>[^`\n]+)`"),
        ("run", _RUN + r"command:?\s+(?P<command>[^\n]+)"),
    )
)
_NAMES = {
    "write": re.compile(r"write|create|save|editor|edit_?file|edit_tool", re.IGNORECASE),
    "edit": re.compile(r"edit|replace|diff|update_?file|modify", re.IGNORECASE),
    "read": re.compile(
        r"^(?!.*(?:image|agent|bash|output|notebook|mailbox|skill|task|todo))"
        r".*(?:read|view|cat|open|editor|edit_tool)",
        re.IGNORECASE,
    ),
    "list": re.compile(
        r"(?:^|__|--|[./]|fn_)(?:ls|list|list_?(?:files?|dir|directory)|glob|find_?files)$",
        re.IGNORECASE,
    ),
    "run": re.compile(
        r"^(?!.*(?:read|stop|list|output|agent|write|kill|team|task|wait))"
        r".*(?:bash|shell|exec|run|command|terminal|cmd)",
        re.IGNORECASE,
    ),
    "done": re.compile(
        r"attempt_?completion|task_?(?:done|complete)|complete_?task|finish|submit_?(?:result|answer)",
        re.IGNORECASE,
    ),
}
_ERROR = re.compile(
    r"\A\W*(?:\w+[ _])?(?:error\b|failed\b|cannot\b|could not\b|unable to\b|invalid\b|denied\b"
    r"|rejected\b|unknown (?:tool|function)\b)"
    r"|\A.*\b(?:no such file|not found|does not exist|ENOENT|permission|haven't granted|denied"
    r"|rejected|tool execution failed)\b"
    r"|<(?:tool_use_)?error>|\"success\": ?false|\"status\": ?\"(?:error|denied)\""
    r"|\bexit(?:ed with)? code:? [1-9]",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\s*(?P<number>\d+)\s*[|:→\t] ?(?P<text>.*)$")
_SAYS = {
    "write": ("I will write {path}.", "{path} is written.", "{path} could not be written"),
    "edit": (
        "I will change {old} to {new} in {path}.",
        "{path} says {new} now, where it said {old}.",
        "{path} could not be changed",
    ),
    "read": ("I will read {path}.", "{path} says:", "{path} could not be read"),
    "list": ("I will list the files.", "These are the files:", "The files could not be listed"),
    "run": ("I will run {command}.", "The command said:", "The command could not be run"),
}


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


@dataclass(frozen=True)
class _Task:
    kind: str
    told: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[str, ...]:
        return ("read", "edit") if self.kind == "edit" else (self.kind,)

    def says(self, step: str, at: int) -> str:
        """A sentence about a step: before it, after it, or when it failed."""
        return _SAYS[step][at].format(**self.told)


def reply(transcript: Transcript) -> Reply | None:
    """The next message by the rules above; None where they say nothing."""
    if not transcript.tools:
        return None
    found = _task_of(transcript.turns)
    later = transcript.turns[found[0] + 1 :] if found else transcript.turns
    rounds = [turn.results[0] for turn in later if turn.results]
    planned = _Agent(transcript, found[1]).next(rounds, later) if found else None
    if (planned and planned.calls) or transcript.demand is None or len(rounds) >= _MOST_ROUNDS:
        return planned
    named = (tool for tool in transcript.tools if tool.name == transcript.demand)
    tool = next(named, transcript.tools[0])
    return Reply("", (Call(tool.name, Maker(_object(tool), folder=transcript.folder).make()),))


def _task_of(turns: Sequence[Turn]) -> tuple[int, _Task] | None:
    """The last task, and where it stands."""
    for at in range(len(turns) - 1, -1, -1):
        text = turns[at].text if turns[at].role == "user" else ""
        for kind, pattern in _TASKS:
            if found := pattern.search(text):
                told = {name: _bare(name, value) for name, value in found.groupdict().items()}
                return at, _Task(kind, told)
    return None


def _bare(name: str, value: str) -> str:
    """A part of the task without the quotes around it; a text without its full stop."""
    if "\n" in value:
        return value
    value = value.strip()
    if len(value) > 1 and value[0] in "\"'`" and value.rstrip(".")[-1:] == value[0]:
        return value.rstrip(".")[1:-1]
    value = value.strip("\"'`")
    return value.removesuffix(".") if name == "content" else value


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

    def __init__(self, transcript: Transcript, task: _Task) -> None:
        self._tools = transcript.tools
        self._folder = transcript.folder
        self._task = task

    def next(self, rounds: list[str], later: Sequence[Turn]) -> Reply | None:
        """What comes after these results; `later` is all that was said after the task."""
        steps = [one for one in self._task.steps if one == self._task.kind or self._ways(one, [])]
        stands = self._walked(steps, rounds)
        step = steps[min(stands.step, len(steps) - 1)]
        if stands.step < len(steps) and not stands.failed:
            ways = self._ways(step, stands.results)
            if ways:
                return Reply(self._task.says(step, 0), (ways[stands.way],))
            return self._ended("No tool can do this.", step, stands.results)
        last = later[-1] if later else None
        if last and last.role == "user" and last.text and not last.results:
            return None
        if stands.is_told:
            return Reply(self._outcome(stands.failed, step, stands.results))
        return self._ended(stands.failed, step, stands.results)

    def _walked(self, steps: list[str], rounds: list[str]) -> _Stand:
        """How far the results have brought the task."""
        step, way, results = 0, 0, list[str]()
        for at, result in enumerate(rounds, 1):
            if step == len(steps):
                return _Stand(step, way, results, is_told=True)
            if not _ERROR.search(result[:_HEAD]):
                step, way, results = step + 1, 0, [*results, result]
                continue
            way += 1
            if way >= min(2, len(self._ways(steps[step], results))):
                return _Stand(step, way, results, result, is_told=at < len(rounds))
        return _Stand(step, way, results)

    def _ended(self, failed: str, step: str, results: list[str]) -> Reply:
        """The end of the task, told with a tool where there is one for that."""
        text = self._outcome(failed, step, results)
        for tool in self._tools:
            call = self._call(tool, {"result": text}, {"result"})
            if call and _NAMES["done"].search(tool.name):
                return Reply("", (call,))
        return Reply(text)

    def _outcome(self, failed: str, step: str, results: list[str]) -> str:
        if failed:
            return f"{self._task.says(step, 2)}: {failed[:_SHOWN]}"
        said = self._task.says(step, 1)
        return f"{said}\n{results[-1][:_SHOWN]}" if said.endswith(":") and results else said

    def _ways(self, step: str, results: list[str]) -> list[Call]:
        """Every way to do a step, the best first."""
        named = [tool for tool in self._tools if _NAMES[step].search(tool.name)]
        wished = self._wishes(step, results)
        ways = [call for wishes in wished for tool in named if (call := self._call(tool, *wishes))]
        if step != "run":
            shells = [tool for tool in self._tools if _NAMES["run"].search(tool.name)]
            command = {"command": self._in_shell(step)}
            ways += [call for tool in shells if (call := self._call(tool, command, {"command"}))]
        if len(ways) == 1 and named:
            other = self._call(named[0], *wished[0], flipped=True)
            ways += [other] if other and other != ways[0] else []
        return ways

    def _call(
        self, tool: Tool, wishes: dict[str, str], needs: set[str], *, flipped: bool = False
    ) -> Call | None:
        """A call of a tool for these wishes, if it has a place for those that it needs."""
        schema, about = _object(tool), tool.description
        maker = Maker(schema, wishes, folder=self._folder, about=about, flipped=flipped)
        arguments = maker.make()
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
