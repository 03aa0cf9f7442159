"""Pictures of the figures, as SVG that is readable in light and dark, in a page and by itself."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Self

from dev.bench.figures import Spread

WIDTH, MARGIN, LABELS, VALUES = 760, 24, 236, 80
HEAD, ROW, BAR = 76, 30, 16
PLOT_HEIGHT, LEGEND = 300, 190
STYLE = """
svg{font:14px system-ui,-apple-system,"Segoe UI",sans-serif;--page:#fff;--ink:#1f2328;--faint:#59636e;--line:#d1d9e0;
--ours:#0969da;--peer:#9aa5b1;--floor:#cfd6dd;--second:#bf5700;--third:#1a7f37}
@media(prefers-color-scheme:dark){svg{--page:#0d1117;--ink:#f0f6fc;--faint:#9198a1;--line:#3d444d;
--ours:#4493f8;--peer:#656c76;--floor:#3d444d;--second:#f0883e;--third:#3fb950}}
.page{fill:var(--page)}text{fill:var(--ink)}.title{font-weight:600;font-size:17px}.faint{fill:var(--faint);font-size:12px}
.ours{fill:var(--ours)}.peer{fill:var(--peer)}.floor{fill:var(--floor)}text.ours{font-weight:600;fill:var(--ink)}
.spread{stroke:var(--ink);stroke-width:1.5}.grid{stroke:var(--line)}.end{text-anchor:end}.middle{text-anchor:middle}
polyline{fill:none;stroke-width:2.5}.c0{stroke:var(--ours)}.c1{stroke:var(--second)}.c2{stroke:var(--third)}
circle.c0{fill:var(--ours)}circle.c1{fill:var(--second)}circle.c2{fill:var(--third)}"""


@dataclass(frozen=True)
class Bar:
    """`kind` is `ours`, `peer` or `floor`."""

    label: str
    kind: str
    value: Spread


def bars(title: str, below: str, measured: Sequence[Bar], unit: str = "") -> str:
    """Horizontal bars, shortest first; the thin line goes from the lowest to the highest."""
    room = WIDTH - 2 * MARGIN - LABELS - VALUES
    most = max((bar.value.high for bar in measured), default=1) or 1
    parts = []
    for number, bar in enumerate(sorted(measured, key=lambda bar: bar.value.middle)):
        left, middle = MARGIN + LABELS, HEAD + number * ROW + ROW / 2
        long, low, high = (room * value / most for value in (bar.value.middle, bar.value.low, bar.value.high))
        parts += [
            text(left - 10, middle + 5, bar.label, f"end {bar.kind if bar.kind == 'ours' else ''}"),
            f'<rect class="{bar.kind}" x="{left}" y="{middle - BAR / 2}" width="{long:.1f}" height="{BAR}" rx="3"/>',
            f'<line class="spread" x1="{left + low:.1f}" x2="{left + high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>',
            text(left + max(long, high) + 8, middle + 5, f"{short(bar.value.middle)} {unit}".strip()),
        ]
    return drawn(title, below, HEAD + len(measured) * ROW + MARGIN, parts)


@dataclass(frozen=True)
class Axis:
    """From one power of ten to another, drawn from `start` to `end`."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def around(cls, values: Iterable[float], start: float, end: float) -> Self:
        known = [math.log10(value) for value in values]
        low, high = math.floor(min(known)), math.ceil(max(known))
        return cls(low, max(high, low + 1), start, end)

    def at(self, value: float) -> float:
        return self.start + (self.end - self.start) * (math.log10(value) - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def curves(
    title: str, below: str, lines: Mapping[str, Mapping[int, float]], unit: str, named: Sequence[int] = ()
) -> str:
    """Values over counts, both by powers of ten, or with those counts named; each line is named at its end."""
    left, right, bottom = MARGIN + 60, WIDTH - MARGIN - LEGEND, HEAD + PLOT_HEIGHT
    across = Axis.around((count for line in lines.values() for count in line), left, right)
    up = Axis.around((value for line in lines.values() for value in line.values()), bottom, HEAD)
    parts = []
    for tick in up.ticks:
        y = up.at(tick)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(text(left - 8, y + 4, f"{short(tick)} {unit}", "faint end"))
    parts += [text(across.at(tick), bottom + 20, f"{tick:,.0f}", "faint middle") for tick in named or across.ticks]
    ends = apart([up.at(list(line.values())[-1]) for line in lines.values()])
    for number, ((name, line), end) in enumerate(zip(lines.items(), ends, strict=True)):
        parts += curve([(across.at(count), up.at(value)) for count, value in line.items()], f"c{number}")
        parts.append(text(across.at(max(line)) + 12, end + 5, name))
    return drawn(title, below, bottom + 40, parts)


def curve(points: Sequence[tuple[float, float]], kind: str) -> list[str]:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in points]
    return [f'<polyline class="{kind}" points="{corners}"/>', *dots]


def drawn(title: str, below: str, height: float, parts: Sequence[str]) -> str:
    head = [text(MARGIN, 34, title, "title"), text(MARGIN, 56, below, "faint")]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height:.0f}" rx="8"/>',
            *head,
            *parts,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind.strip()}">{escape(words)}</text>'


def short(value: float) -> str:
    """At least its first three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def apart(places: Sequence[float], least: float = 20) -> list[float]:
    """The same places, moved down where two would be on top of each other."""
    moved, last = list(places), -math.inf
    for number in sorted(range(len(places)), key=places.__getitem__):
        last = moved[number] = max(places[number], last + least)
    return moved
