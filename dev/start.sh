#!/bin/sh
# A file that is named on the command line is in the caller's folder.
export INKWELL_CALLED_FROM="$PWD"
CDPATH='' cd -- "$(dirname -- "$0")/.." || exit 1
# Any Python since 3.11 will do to begin with. Each is tried out, since a name on PATH may lead nowhere.
for python in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11; do
    if "$python" -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" -m dev "$@"
    fi
done
echo "Python 3.11 or newer is needed, and none was found on PATH." >&2
exit 1
