"""Draws docs/status.svg, what `bin/status --watch` shows under load just after a worker was killed:
`python -m benchmarks.status_picture`.
"""

import logging
import os
import signal
import sys
import tempfile
from html import escape
from pathlib import Path
from time import sleep

from app.status import measure, servers, table
from benchmarks.cluster import Cluster, loaded, until
from tests.e2e.site import site

PICTURE = Path(__file__).parents[1] / "docs" / "status.svg"
LOADED_SECONDS = 20
WIDTH, LINE, MARGIN = 690, 19, 14
STYLE = (
    "svg{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "--page:#fff;--ink:#1f2328;--line:#d1d9e0}"
    "@media(prefers-color-scheme:dark){svg{--page:#0d1117;--ink:#f0f6fc;--line:#3d444d}}"
    "rect{fill:var(--page);stroke:var(--line)}text{fill:var(--ink);white-space:pre}"
)


def main() -> int:
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as blog:
        cluster = Cluster(blog, Path(name))
        killed = cluster.settled()[0]
        with loaded(blog, retries=1):
            sleep(LOADED_SECONDS)
            os.kill(killed, signal.SIGKILL)
            until(lambda: cluster.told()["recent"] != [])
            before = servers(Path(name) / "metrics")
            sleep(1)
            now = servers(Path(name) / "metrics")
            measure(before, now)
            lines = [line for told in now for line in table(told)]
    print("\n".join(lines))
    PICTURE.write_text(drawn(lines))
    return 0


def drawn(lines: list[str]) -> str:
    height = LINE * len(lines) + 2 * MARGIN
    texts = [
        f'<text x="{MARGIN}" y="{MARGIN + LINE * number + 14}" xml:space="preserve">{escape(line)}</text>'
        for number, line in enumerate(lines)
        if line
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>bin/status --watch</title>",
            f"<style>{STYLE}</style>",
            f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
            *texts,
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
