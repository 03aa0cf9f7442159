"""What `bin/run`, `bin/test`, `bin/check` and `bin/lock` call. Standard library only: nothing is installed yet."""

import signal
import sys

from dev.steps import SetupError


def main() -> int:
    command, *arguments = sys.argv[1:] or [""]
    # Imported one by one, because the blog should be up within a second.
    if command == "run":
        from dev.run import run

        return run(arguments)
    if command == "test":
        from dev.check import test

        return test(arguments)
    if command == "lock":
        from dev.locks import renew

        return renew(arguments)
    if command == "check":
        from dev.check import check

        return check(arguments)
    raise SetupError(f"python -m dev: choose run, test, check or lock; {command!r} is none of them.")


if __name__ == "__main__":
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
