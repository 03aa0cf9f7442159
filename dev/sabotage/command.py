"""`bin/sabotage`: takes out the app's defences one at a time, and names the first test that notices."""

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from dev.arguments import Parser, asks_for_help
from dev.bootstrap import DEV_LOCK, environment, prepare
from dev.sabotage.at_random import at_random
from dev.sabotage.by_hand import BY_HAND, BY_LIST
from dev.sabotage.entry import DoesNotApply, Sabotage
from dev.sabotage.record import Record, write_table
from dev.sabotage.trials import DEPTHS, Trials, Verdict
from dev.steps import ROOT, SetupError, say
from dev.tools import tools

HELP = """\
bin/sabotage [NAME …]   takes out the app's defences one at a time, in a copy, and names the first test that notices
  NAME          those by hand with that in their names, or a whole list of dev/sabotage/by_hand, such as logins;
                without any, all by hand and some at random
  --likely      try only the tests that are named for each; --fast leaves out those with a browser
  --random N    how many changes at random, 200 if not said; --seed N makes others
  --jobs N      how many at once; one for each core if not said
  --again       forget what was found before
  --list        print the list by hand
It ends with 1 where one by hand was not noticed, and with 2 where one no longer fits the code."""
NOT_TRIED = {
    "likely": "tests other than those named for each",
    "unit": "tests with a browser, but those named for one",
}
TABLE = Path("docs/testing.md")


def sabotage(arguments: list[str]) -> int:
    if asks_for_help(arguments):
        print(HELP)
        return 0
    options = parsed(arguments)
    by_hand = named(options.names) if options.names else BY_HAND
    if options.list:
        print(*(f"{each.rule or '':>3}  {each.name}  ({each.file})" for each in by_hand), sep="\n")
        return 0
    prepare(DEV_LOCK)
    random = [] if options.names else at_random(ROOT, options.random, options.seed)
    record = Record(ROOT)
    if options.again:
        record.forget()
    depth = DEPTHS[0] if options.likely else DEPTHS[1] if options.fast else DEPTHS[2]
    trials = Trials(ROOT, environment() | tools(), depth=depth, jobs=options.jobs)
    misfits = {each.name: problem for each in by_hand if (problem := misfit(ROOT, each))}
    verdicts = tried([each for each in [*by_hand, *random] if each.name not in misfits], trials, record)
    code = told(by_hand, random, verdicts)
    for problem in misfits.values():
        print(problem)
    if depth in NOT_TRIED:
        print(f"Skipped:   {NOT_TRIED[depth]}")
    write_table(ROOT / TABLE, BY_HAND, record.known([each for each in BY_HAND if not misfit(ROOT, each)], DEPTHS[0]))
    return code


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = Parser("bin/sabotage", HELP)
    parser.add_argument("names", metavar="NAME", nargs="*")
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--likely", action="store_true")
    depth.add_argument("--fast", action="store_true")
    parser.add_argument("--random", metavar="N", type=int, default=200)
    parser.add_argument("--seed", metavar="N", type=int, default=1)
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args(arguments)


def named(names: Sequence[str]) -> list[Sabotage]:
    found = {name: BY_LIST.get(name) or [each for each in BY_HAND if name in each.name] for name in names}
    for name in names:
        if not found[name]:
            raise SetupError(f"bin/sabotage: {name!r} is in the name of none; bin/sabotage --list prints them")
    return [each for each in BY_HAND if any(each in some for some in found.values())]


def tried(sabotages: Sequence[Sabotage], trials: Trials, record: Record) -> dict[str, Verdict]:
    """By name, what is known of each, and what is found of the others now."""
    verdicts = record.known(sabotages, trials.depth)
    if verdicts:
        say(f"{len(verdicts):,} of {len(sabotages):,} are known from before; --again tries them once more.\n")
    rest = {each.name: each for each in sabotages if each.name not in verdicts}
    for verdict in trials.verdicts(list(rest.values())):
        record.add(rest[verdict.name], verdict)
        verdicts[verdict.name] = verdict
        print(f"{len(verdicts):4}/{len(sabotages)}  {line(verdict)}", flush=True)
    for test in trials.failing_tests:
        print(f"Left out, since it fails with nothing taken out: {test}")
    return verdicts


def told(by_hand: Sequence[Sabotage], random: Sequence[Sabotage], verdicts: dict[str, Verdict]) -> int:
    """Say what came of them. Returns the exit code; by hand, those without a verdict no longer fit the code."""
    fit = [verdicts[each.name] for each in by_hand if each.name in verdicts]
    print(f"\nBy hand:   {counted(fit)}")
    if random:
        print(f"At random: {counted(verdicts[each.name] for each in random)}. To be read:")
    for verdict in (verdicts[each.name] for each in random):
        if verdict.kind != "noticed":
            print(f"  {line(verdict)}")
    # A test that its time limit ends has failed too, and is counted apart.
    not_noticed = [verdict.name for verdict in fit if not (verdict.kind == "noticed" or is_a_tests_timeout(verdict))]
    for name in not_noticed:
        print(f"Not noticed: {name}")
    return 2 if len(fit) < len(by_hand) else 1 if not_noticed else 0


def is_a_tests_timeout(verdict: Verdict) -> bool:
    """Whether one test ran out of its time; where all of them did together, none has noticed anything."""
    return verdict.kind == "timeout" and bool(verdict.test)


def misfit(root: Path, sabotage: Sabotage) -> str:
    """Why it no longer fits the code, or nothing."""
    try:
        sabotage.applied_to((root / sabotage.file).read_text())
    except (DoesNotApply, FileNotFoundError) as error:
        return f"No longer fits the code: {error}"
    return ""


def line(verdict: Verdict) -> str:
    skipped = f", {verdict.skipped} tests skipped" if verdict.skipped else ""
    test = f"\n      {verdict.test}" if verdict.test else ""
    return f"{verdict.kind:8} {verdict.seconds:6.1f} s  {verdict.name}{skipped}{test}"


def counted(verdicts: Iterable[Verdict]) -> str:
    kinds = Counter(verdict.kind for verdict in verdicts)
    return ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common()) or "none"
