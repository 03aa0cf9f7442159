"""`bin/status`: how the server of the blog and its workers do."""

from dev.arguments import Parser
from dev.bootstrap import LOCK, continue_in_environment, prepare


def status(arguments: list[str]) -> int:
    parser = Parser("bin/status", "Shows the server of the blog that bin/run or gunicorn serves here, and its workers.")
    parser.add_argument("--watch", action="store_true", help="again every second, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="as JSON; with --watch, a line each time")
    options = parser.parse_args(arguments)
    prepare(LOCK)
    continue_in_environment()
    # Only now are the packages there.
    from app.status import status as show

    return show(watch=options.watch, as_json=options.json)
