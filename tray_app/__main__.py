"""The door of the program: reads the command line and starts the part that it names.

Exit codes are a contract: 0 ok, 1 no (not running, a check failed), 2 usage, 3 port taken, 4 not
signed in, 5 no keyring, 6 already running.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from tray_app import __version__
from tray_app.desktop.screen import has_screen
from tray_app.desktop.windows import NAMES, SITE
from tray_app.store import StoreError
from tray_app.store.paths import find
from tray_app.store.settings import SettingError

NO, USAGE = 1, 2
_LEVELS = ("debug", "info", "warning", "error")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
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
    except KeyboardInterrupt:
        return NO
    except SettingError as error:
        return _complain(error, USAGE)
    except StoreError as error:
        return _complain(error, NO)


def _serve(arguments: argparse.Namespace) -> int:
    if not arguments.headless and arguments.host is None and has_screen(os.environ):
        from tray_app import tray

        return tray.serve(arguments, find(os.environ), os.environ)
    from tray_app import headless

    return headless.serve(arguments, find(os.environ), os.environ)


def _complain(error: Exception, code: int) -> int:
    print(f"portico: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="portico",
        description="Your own Qwen Chat session as a local endpoint for any AI client.",
    )
    parser.add_argument("--version", action="version", version=f"portico {__version__}")
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
    parser.add_argument("--log-level", choices=_LEVELS, metavar="L", help=", ".join(_LEVELS))
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(title="commands", metavar="")
    _add(commands, "status", "what the running Portico does").add_argument(
        "--json", action="store_true", help="for scripts"
    )
    _add(commands, "models", "what the running Portico offers").add_argument(
        "--json", action="store_true", help="for scripts"
    )
    _add(commands, "resume", "end a pause: the check at Qwen is answered")
    _add(commands, "doctor", "check what Portico needs")
    _add_key(_add(commands, "key", "the local keys, one for each client"))
    _add_settings(_add(commands, "settings", "show and change settings"))
    _add_session(_add(commands, "session", "bring and show your session at Qwen Chat"))
    _add_own(commands)
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, what: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    parser.set_defaults(command=name)
    return parser


def _add_key(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="what", required=True, metavar="")
    show = actions.add_parser("show", help="print a key")
    show.add_argument("name", nargs="?", default="default", metavar="NAME")
    actions.add_parser("list", help="names and profiles, without the keys")
    for name, what in (("new", "make a key"), ("revoke", "end a key")):
        actions.add_parser(name, help=what).add_argument("name", metavar="NAME")
    change = actions.add_parser("set", help="change one field of a key's profile")
    for name in ("name", "field", "value"):
        change.add_argument(name, metavar=name.upper())


def _add_session(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="what", required=True, metavar="")
    actions.add_parser("import", help="read a session from stdin: JSON, Cookie header, cURL, token")
    actions.add_parser("show", help="whether somebody is signed in")
    actions.add_parser("clear", help="sign out")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", dest="what", required=True, metavar="")
    actions.add_parser("list", help="every setting with its value")
    actions.add_parser("get", help="one setting").add_argument("name", metavar="NAME")
    change = actions.add_parser("set", help="change one setting")
    change.add_argument("name", metavar="NAME")
    change.add_argument("value", metavar="VALUE")


def _add_own(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What Portico starts for itself; without a help text it is not listed."""
    window = commands.add_parser("window")
    window.add_argument("name", choices=(*NAMES, SITE))
    window.set_defaults(command="window")
    commands.add_parser("clipboard").set_defaults(command="clipboard")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: choose 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
