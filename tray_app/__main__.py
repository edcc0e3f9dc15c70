"""The door of the program: reads the command line and starts the part that it names.

Exit codes are a contract: 0 ok, 1 no (not running, a check failed), 2 usage, 3 port taken, 4 not
signed in, 5 no keyring, 6 already running.
"""

import argparse
import os
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

from tray_app import __version__, streams
from tray_app.core.ports import CitationStyle, QueueClass, ReasoningPlace, ThinkingPolicy
from tray_app.desktop.screen import has_screen
from tray_app.desktop.windows import NAMES, SITE
from tray_app.faults import watching
from tray_app.startup import NO, USAGE, complain
from tray_app.store import StoreError
from tray_app.store.paths import find
from tray_app.store.settings import LOG_LEVELS, SettingError, Settings
from tray_app.store.statistics import ROLLED_DAYS


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    streams.prepare()
    try:
        code = _guarded(_parser().parse_args(argv))
    except SystemExit as ended:
        # What --help prints may be read in part as well.
        raise SystemExit(streams.finish(ended.code if isinstance(ended.code, int) else 0)) from None
    return streams.finish(code)


def _guarded(arguments: argparse.Namespace) -> int:
    with watching(_logs()) as faults:
        try:
            return _run(arguments)
        except KeyboardInterrupt:
            return NO
        except SettingError as error:
            return complain(str(error), USAGE)
        except StoreError as error:
            return complain(str(error), NO)
        except Exception as error:  # noqa: BLE001  a built program would show what it says
            if isinstance(error, OSError) and (code := streams.cannot_say(error)) is not None:
                return code
            return faults.report(error)


def _logs() -> Path | None:
    """Where reports of faults go, as far as that is known."""
    try:
        return find(os.environ).logs
    except StoreError:
        return None


def _run(arguments: argparse.Namespace) -> int:
    if arguments.self_test:
        from tray_app.selftest import self_test

        return self_test(find(os.environ), os.environ)
    if arguments.command is None:
        return _serve(arguments)
    if arguments.command == "window":
        from tray_app.desktop.windows import child, site

        return site.run() if arguments.name == SITE else child.run(arguments.name)
    if arguments.command == "clipboard":
        from tray_app.desktop import selection

        return selection.run()
    from tray_app import commands

    return commands.run(arguments, find(os.environ), os.environ)


def _serve(arguments: argparse.Namespace) -> int:
    if not arguments.headless and arguments.host is None and has_screen(os.environ):
        from tray_app import tray

        return tray.serve(arguments, find(os.environ), os.environ)
    from tray_app import headless

    return headless.serve(arguments, find(os.environ), os.environ)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Lists commands without an empty line above them."""

    def _format_action(self, action: argparse.Action) -> str:
        if isinstance(action, argparse._SubParsersAction):
            lines = [self._format_action(one) for one in self._iter_indented_subactions(action)]
            return "".join(lines)
        return super()._format_action(action)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in a sentence, without those that are Portico's own."""

    def error(self, message: str) -> NoReturn:
        found = re.match(r"argument (COMMAND|ACTION): invalid choice: ('.*?') \(", message)
        if found:
            message = f"There is no {found[1].lower()} {found[2]}. See them all: {self.prog} --help"
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"portico: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        formatter_class=_Help,
        prog="portico",
        description="Your own Qwen Chat session as a local endpoint for any AI client.",
    )
    parser.add_argument("--version", action="version", version=f"portico {__version__}")
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="try every part of this program, and say which work",
    )
    parser.add_argument("--headless", action="store_true", help="serve in the foreground")
    parser.add_argument(
        "--hidden", action="store_true", help="start the tray without a window, as at login"
    )
    parser.add_argument(
        "--practice", action="store_true", help="serve a stand-in of the site: no account needed"
    )
    parser.add_argument("--port", type=_port, metavar="N", help="listen on this port, 1 to 65535")
    parser.add_argument("--host", metavar="ADDR", help="listen on this address only")
    parser.add_argument(
        "--allow-network",
        action="store_true",
        help="let --host leave this computer: other devices, each with a key of its own",
    )
    parser.add_argument("--log-level", choices=LOG_LEVELS, metavar="L", help=", ".join(LOG_LEVELS))
    parser.add_argument("--until-stdin-ends", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    status = _add(commands, "status", "what the running Portico does")
    status.add_argument("--json", action="store_true", help="for scripts")
    status.add_argument(
        "--watch",
        action="store_true",
        help="go on showing it until Ctrl+C; in a pipe, whenever something changed",
    )
    _add(commands, "models", "what the running Portico offers").add_argument(
        "--json", action="store_true", help="for scripts"
    )
    _add_statistics(_add(commands, "statistics", "what was asked, in sizes and times"))
    _add(commands, "resume", "end a pause: the check at Qwen is answered")
    _add(commands, "doctor", "check what Portico needs")
    _add(commands, "forget", "remove all that Portico keeps for you").add_argument(
        "--yes", action="store_true", help="do it without a question"
    )
    _add_connect(_add(commands, "connect", "point a client at Portico"))
    _add_key(_add(commands, "key", "the local keys, one for each client"))
    _add_settings(_add(commands, "settings", "show and change settings"))
    _add_session(_add(commands, "session", "bring and show your session at Qwen Chat"))
    _add_own(commands)
    return parser


def _add(
    commands: "argparse._SubParsersAction[_Parser]", name: str, what: str
) -> argparse.ArgumentParser:
    about = f"{what[0].upper()}{what[1:]}."
    parser = commands.add_parser(name, help=what, description=about, formatter_class=_Help)
    parser.set_defaults(command=name)
    return parser


def _add_statistics(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help="every request, or with --by what each comes to, as CSV; - for stdout",
    )
    parser.add_argument("--by", choices=("day", "client", "model"), help="what a line is about")
    parser.add_argument("--days", type=_days, metavar="N", help="so many days, today included")


def _add_key(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="what", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print a key")
    show.add_argument("name", nargs="?", default="default", metavar="NAME")
    actions.add_parser("list", help="names and profiles, without the keys")
    for name, what in (("new", "make a key"), ("revoke", "end a key")):
        actions.add_parser(name, help=what).add_argument("name", metavar="NAME")
    change = actions.add_parser(
        "set",
        help="change one field of a key's profile",
        epilog=_key_fields(),
        formatter_class=_Help,
    )
    for name in ("name", "field", "value"):
        change.add_argument(name, metavar=name.upper())


def _key_fields() -> str:
    fields = {
        "patience_s": ["seconds that the client waits for an answer"],
        "reasoning": get_args(ReasoningPlace),
        "thinking": get_args(ThinkingPolicy),
        "citations": get_args(CitationStyle),
        "model": ["for requests that name none"],
        "queue": get_args(QueueClass),
        "network": ["yes", "no"],
        "join": ["yes", "no"],
    }
    lines = [f"  {name:<11} {', '.join(values)}" for name, values in fields.items()]
    return "\n".join(["fields and their values:", *lines])


def _add_connect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("client", nargs="?", metavar="CLIENT", help="without it, all are listed")
    parser.add_argument("--model", metavar="NAME", help="the model that it begins with")
    parser.add_argument(
        "--no-key", action="store_true", help="leave the key out of the file: a variable has it"
    )
    doing = parser.add_mutually_exclusive_group()
    for name, what in (
        ("write", "write its file, with a copy of what was there beside it"),
        ("dry-run", "show what --write would change"),
        ("undo", "put back what was there before the last --write"),
        ("test", "send what it would send, and say how that went"),
    ):
        doing.add_argument(f"--{name}", dest="do", action="store_const", const=name, help=what)


def _add_session(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="what", required=True, metavar="ACTION")
    actions.add_parser("import", help="read a session from stdin: JSON, Cookie header, cURL, token")
    actions.add_parser("show", help="whether somebody is signed in")
    actions.add_parser("clear", help="sign out")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="what", required=True, metavar="ACTION")
    actions.add_parser("list", help="every setting with its value")
    actions.add_parser("get", help="one setting").add_argument("name", metavar="NAME")
    change = actions.add_parser(
        "set",
        help="change one setting",
        epilog=_setting_names(),
        formatter_class=_Help,
    )
    change.add_argument("name", metavar="NAME")
    change.add_argument("value", metavar="VALUE")


def _setting_names() -> str:
    names = textwrap.fill(", ".join(Settings.__struct_fields__), 78)
    return f"names (portico settings list shows their values):\n{textwrap.indent(names, '  ')}"


def _add_own(commands: "argparse._SubParsersAction[_Parser]") -> None:
    """What Portico starts for itself; without a help text it is not listed."""
    window = commands.add_parser("window")
    window.add_argument("name", choices=(*NAMES, SITE))
    window.set_defaults(command="window")
    commands.add_parser("clipboard").set_defaults(command="clipboard")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= ROLLED_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} days: choose 1 to {ROLLED_DAYS}")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: choose 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
