"""docs/performance.md: what was measured, as tables and pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dev.bench.figures import Sample, Spread, ratio_by_cpu, ratio_by_requests, spread, times
from dev.bench.measures import GROWING, Crowd, Effort, Grown, Start
from dev.bench.pictures import Bar, bars, curves
from dev.bench.rows import COMPARED, FLOOR, FLOORS, LINES, LOADED, OTHERS, Line, is_ours

PICTURES = "performance"
ANSWERS = "Everything else that Inkwell answers"
NAMES = {
    "flask-hello": FLOOR,
    "inkwell": "Inkwell",
    "flask-caching": "Flask-Caching",
    "django": "Django",
    "fastapi": "FastAPI",
    "express": "Express",
}
DATABASES = {"inkwell": "SQLite", "inkwell-postgres": "PostgreSQL"}
QUIET = 0.9
FIGURES = ("CPU µs", "of hello, by CPU", "requests/s", "of hello, by requests")

INTRODUCTION = """\
# Performance

`bin/bench` measures the blog beside others, and writes this page. Nothing in it is written by hand.

**CPU µs** is what the server's own processes use for one request. **Of hello** is a ratio to a bare Flask hello that
was measured in the same round: 0.50 is half its speed. A figure is the median of the rounds, with the lowest and the
highest behind it.
"""
METHOD = """\
## How it was measured

Each server runs as it would be deployed, with one worker: Inkwell with its own `gunicorn.conf.py`, in production; Flask
and Django by gunicorn with the same class of worker and as many threads; FastAPI by uvicorn, Express by node. The
server has a core to itself, and wrk, with eight connections, another, beside Redis and PostgreSQL. Each line is
measured for {seconds} s, one after the other, then all of them again, {rounds} times in all: what disturbs the machine
disturbs all alike.

- All answer the same JSON of the same rows, and all but the hellos look the session's user up in the database each
  time. The list has 20 blogs of 480 characters. The peers read blogs alone; Inkwell looks for their attachments too.
- Every answer is checked: one of each line as a whole before its load, and the status and length of each under it.
  {wrong}
- *none* stands for what Inkwell does not do yet.
- CPU is the figure to believe on a machine that has other work. What Redis and PostgreSQL use is not in it, and this
  PostgreSQL does not wait for the disk.

{machine}
"""


@dataclass
class Results:
    effort: Effort
    machine: Sequence[str]
    samples: Mapping[Line, Sequence[Sample]]
    words: Mapping[Line, str] = field(default_factory=dict)
    starts: Sequence[Start] = ()
    memory: Mapping[str, float] = field(default_factory=dict)
    grown: Sequence[Grown] = ()
    crowds: Sequence[Crowd] = ()

    @property
    def floor(self) -> Sequence[Sample]:
        return self.samples[FLOORS[0]]

    @property
    def wrong(self) -> int:
        loaded = sum(sample.wrong for samples in self.samples.values() for sample in samples)
        return loaded + sum(each.wrong for each in self.grown) + sum(each.sample.wrong for each in self.crowds)

    def lines(self, row: str) -> list[Line]:
        return [line for line in LINES if line.row == row and (line in self.samples or line in self.words)]

    def word(self, line: Line) -> str:
        """What is said instead of its figures, or nothing."""
        wrong = sum(sample.wrong for sample in self.samples.get(line, ()))
        return f"{wrong:,} wrong" if wrong else self.words.get(line, "")


def document(results: Results) -> str:
    """The page, as Markdown."""
    parts = [INTRODUCTION, *(compared_part(results, row) for row in COMPARED), answers_part(results)]
    parts += [start_part(results), memory_part(results), blogs_part(results), people_part(results), method(results)]
    return "\n".join(filter(None, parts))


def compared_part(results: Results, row: str) -> str:
    lines = results.lines(row)
    if not lines:
        return ""
    shown = {line.title: line for line in (*FLOORS, *lines)}
    rows = [
        (name_of(title, line), *figures(results, line), beside(results, line, lines[0]))
        for title, line in shown.items()
    ]
    return part(LOADED[row], picture(row, LOADED[row]), table(["", *FIGURES, "times Inkwell's CPU"], rows))


def answers_part(results: Results) -> str:
    shown = {title_of(line): line for row in LOADED for line in results.lines(row) if row not in COMPARED}
    rows = [(title, *figures(results, line)) for title, line in shown.items()]
    return part(ANSWERS, picture("inkwell", ANSWERS), table(["", *FIGURES], rows)) if rows else ""


def figures(results: Results, line: Line) -> Sequence[str]:
    if word := results.word(line):
        return word, "", "", ""
    samples = results.samples[line]
    by_cpu, by_requests = ratio_by_cpu(samples, results.floor), ratio_by_requests(samples, results.floor)
    answered = spread(sample.per_second for sample in samples)
    return ranged(used(results, line)), f"**{by_cpu.middle:.2f}**", ranged(answered), f"{by_requests.middle:.2f}"


def beside(results: Results, line: Line, inkwell: Line) -> str:
    if results.word(line) or results.word(inkwell):
        return ""
    return f"{times(results.samples[line], results.samples[inkwell]):.2f}"


def name_of(title: str, line: Line) -> str:
    return f"**{title}**" if is_ours(line.server) else title


def title_of(line: Line) -> str:
    return f"{LOADED[line.row]}: {line.title}" if line.title else LOADED[line.row]


def start_part(results: Results) -> str:
    head = ["", "seconds", "of them CPU"]
    rows = [(NAMES[each.program], ranged(each.seconds, 2), ranged(each.cpu_seconds, 2)) for each in results.starts]
    return part(OTHERS["start"], picture("start", OTHERS["start"]), table(head, rows)) if rows else ""


def memory_part(results: Results) -> str:
    rows = [(NAMES[program], f"{megabytes:.0f}") for program, megabytes in results.memory.items()]
    return part(OTHERS["memory"], picture("memory", OTHERS["memory"]), table(["", "MB"], rows)) if rows else ""


def blogs_part(results: Results) -> str:
    if not results.grown:
        return ""
    rows: dict[tuple[str, int], list[str]] = {}
    for each in results.grown:
        row = rows.setdefault((each.server, each.blogs), [DATABASES[each.server], f"{each.blogs:,}"])
        row += [f"{spread(each.milliseconds).middle:,.1f}", f"{each.kilobytes:,.1f}"]
    head = ["", "blogs", *(cell for what in GROWING for cell in (f"{what}, ms", "kB"))]
    told = "One client waits for each answer; what fills the cache is not counted."
    return part(OTHERS["blogs"], picture("blogs", OTHERS["blogs"]), told, table(head, rows.values()))


def people_part(results: Results) -> str:
    if not results.crowds:
        return ""
    rows = [
        (f"{each.people:,}", f"{each.sample.cpu:,.0f}", f"{each.sample.per_second:,.0f}", f"{each.megabytes:.0f}")
        for each in results.crowds
    ]
    told = "They ask for their lists of three blogs in turn, again and again: nobody twice before all have been."
    return part(OTHERS["people"], told, table(["people", "CPU µs", "requests/s", "a worker's MB"], rows))


def method(results: Results) -> str:
    wrong = f"**{results.wrong:,} were wrong.**" if results.wrong else "None was wrong."
    machine = "\n".join(f"- {line}" for line in [*results.machine, quiet(results.floor)])
    effort = results.effort
    return METHOD.format(seconds=effort.seconds, rounds=effort.rounds, wrong=wrong, machine=machine)


def quiet(floor: Sequence[Sample]) -> str:
    share = spread(sample.share for sample in floor).middle
    told = f"The Flask hello had {share:.0%} of its core."
    return told if share >= QUIET else f"{told} **Others were at work: believe the CPU, not the requests per second.**"


def pictures(results: Results) -> dict[str, str]:
    """The pictures that the page shows, by the names of their files."""
    drawn = {row: row_picture(results, row) for row in COMPARED if results.lines(row)}
    if ours := inkwell_bars(results):
        drawn["inkwell"] = bars(ANSWERS, "CPU µs a request", ours, "µs")
    if results.starts:
        started = [Bar(NAMES[each.program], kind(each.program), each.seconds) for each in results.starts]
        drawn["start"] = bars(OTHERS["start"], "seconds", started, "s")
    if results.memory:
        weighed = [Bar(NAMES[each], kind(each), spread([value])) for each, value in results.memory.items()]
        drawn["memory"] = bars(OTHERS["memory"], "MB, shared libraries included", weighed, "MB")
    if results.grown:
        on_sqlite = [each for each in results.grown if DATABASES[each.server] == "SQLite"]
        lines = {
            what: {each.blogs: spread(each.milliseconds).middle for each in on_sqlite if each.what == what}
            for what in GROWING
        }
        drawn["blogs"] = curves(OTHERS["blogs"], "milliseconds an answer, by how many blogs; SQLite", lines, "ms")
    return {f"{name}.svg": image for name, image in drawn.items()}


def row_picture(results: Results, row: str) -> str:
    lines = [line for line in (*FLOORS, *results.lines(row)) if not results.word(line)]
    shown = [Bar(line.title, kind(line.server), used(results, line)) for line in lines]
    return bars(LOADED[row], "CPU µs a request; the line goes from the lowest round to the highest", shown, "µs")


def inkwell_bars(results: Results) -> list[Bar]:
    rows = [row for row in LOADED if row not in COMPARED]
    ours = [line for row in rows for line in results.lines(row) if not results.word(line)]
    shown = [Bar(title_of(line), "ours", used(results, line)) for line in ours]
    return shown and [Bar(FLOOR, "floor", used(results, FLOORS[0])), *shown]


def used(results: Results, line: Line) -> Spread:
    return spread(sample.cpu for sample in results.samples[line])


def kind(program: str) -> str:
    return "ours" if is_ours(program) else "floor" if program.endswith("hello") else "peer"


def part(title: str, *blocks: str) -> str:
    return "\n\n".join([f"## {title}", *filter(None, blocks)]) + "\n"


def picture(name: str, title: str) -> str:
    return f"![{title}]({PICTURES}/{name}.svg)"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all but the first column are figures."""
    lines = [head, ["---", *("--:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def ranged(value: Spread, digits: int = 0) -> str:
    """The median, and behind it the lowest and the highest."""
    middle, low, high = (f"{each:,.{digits}f}" for each in (value.middle, value.low, value.high))
    return middle if low == high else f"{middle} ({low} to {high})"
