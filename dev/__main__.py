"""What the commands in `bin/` call. Standard library only: nothing is installed yet."""

import signal
import sys
from importlib import import_module
from typing import NoReturn

from dev.steps import SetupError

COMMANDS = {
    "run": ("dev.run", "run"),
    "test": ("dev.check", "test"),
    "check": ("dev.check", "check"),
    "lock": ("dev.locks", "renew"),
    "session": ("dev.session", "session"),
    "flask": ("dev.flask", "flask"),
    "status": ("dev.status", "status"),
    "report": ("dev.report", "report"),
    "bench": ("dev.bench.command", "bench"),
    "sabotage": ("dev.sabotage.command", "sabotage"),
}
*FIRST, LAST = COMMANDS


def main() -> int:
    command, *arguments = sys.argv[1:] or [""]
    if command not in COMMANDS:
        raise SetupError(f"python -m dev: choose {', '.join(FIRST)} or {LAST}; {command!r} is none of them.")
    # One module alone, because the blog should be up within a second.
    module, function = COMMANDS[command]
    code: int = getattr(import_module(module), function)(arguments)
    return code


def start() -> NoReturn:
    # SIGTERM and a closed terminal clean up just as Ctrl-C does. A shell's background job ignores Ctrl-C otherwise.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            signal.signal(number, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may lack the ellipsis
    try:
        sys.exit(main())
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("\nStopped before it was done.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    start()
