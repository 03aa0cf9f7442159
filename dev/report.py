"""`bin/report`: the last run's report, and what is made of several."""

import subprocess

from dev.arguments import asks_for_help
from dev.bootstrap import DEV_LOCK, PYTHON, environment, prepare
from dev.steps import ROOT

HELP = """\
bin/report [open [FOLDER]]            opens the report of the last run; a trace needs it served, which this does
bin/report merge FOLDER … [--into F]  joins the results of shards into one report and one verdict
bin/report durations FILE [FOLDER]    notes how long each file of tests took, for bin/test --shard
bin/report visits FILE [FOLDER]       notes which views each file of tests reached, for bin/test --changed
bin/report secrets FILE [FOLDER]      looks for what bin/test --note-secrets FILE has noted in all that the run left
FOLDER is what bin/test leaves behind: test-results, unless you say otherwise."""


def report(arguments: list[str]) -> int:
    if asks_for_help(arguments):
        print(HELP)
        return 0
    prepare(DEV_LOCK)
    command = [PYTHON, "-m", "tests.forge.report", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
