"""The pictures, readable on light and dark pages.

results.svg is the two-layer pipeline as bars, curve.svg the cost per item as lines.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from benchmarks.cases import pipeline
from benchmarks.curve import Panel
from benchmarks.timing import Result

# Mid-tones, legible on white and on dark grounds, so that the picture needs no ground of its own.
TEXT, OURS, THEIRS = "#767b82", "#1f86d6", "#868e96"

BAR, GAP, LEFT, WIDTH, TOP = 20, 12, 222, 760, 64
LABELS = {
    "builtins": "builtins (synchronous)",
    "aitertools": "aitertools, awaited",
    "by hand, one generator": "by hand, one async generator",
    "by hand, two generators": "by hand, two async generators",
}

FOOTNOTE = "aiostream gives way to the event loop at every item of a synchronous source."
STYLE = "font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px"


def text(x: float, y: float, content: str, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{TEXT}"{extra}>{escape(content)}</text>'


def opening(width: float, height: float, title: str, subtitle: str) -> list[str]:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" style="{STYLE}">',
        f"<title>{escape(title)}</title>",
        text(10, 22, title, ' font-size="15" font-weight="600"'),
        text(10, 42, subtitle, ' font-size="12"'),
    ]


# ---- bars ----------------------------------------------------------------------------------------


def bar(name: str, time: float, y: float, scale: float) -> list[str]:
    """A bar with its name before it and its figure behind it."""
    ours = name.startswith("aitertools")
    weight = ' font-weight="600"' if ours else ""
    width = max(time * scale, 2)
    middle = y + BAR / 2 + 4.5
    fill = OURS if ours else THEIRS
    return [
        text(LEFT - 10, middle, LABELS.get(name, name), f' text-anchor="end"{weight}'),
        f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3" fill="{fill}"/>',
        text(LEFT + width + 8, middle, f"{time:,.0f}", weight),
    ]


def draw(result: Result, subtitle: str) -> str:
    """The chart, quickest first."""
    medians = {name: result.median(name) for name in result.case.contenders}
    bars = sorted((time, name) for name, time in medians.items() if time is not None)
    scale = (WIDTH - LEFT - 70) / bars[-1][0]
    height = TOP + len(bars) * (BAR + GAP) + 26
    title = "filter(odd, map(inc, range(n))) to a list: ns per item, less is better"
    lines = opening(WIDTH, height, title, subtitle)
    for index, (time, name) in enumerate(bars):
        lines += bar(name, time, TOP + index * (BAR + GAP), scale)

    lines.append(text(10, height - 12, FOOTNOTE, ' font-size="11"'))
    return "\n".join([*lines, "</svg>", ""])


def write(path: Path, results: dict[str, Result], subtitle: str) -> None:
    result = results.get(pipeline.OVER_RANGE.path)
    if result is not None and result.samples:
        path.write_text(draw(result, subtitle), encoding="utf-8")


# ---- lines: cost per item, both axes logarithmic -------------------------------------------------

PLOT_WIDTH, PLOT_HEIGHT, MARGIN, KEY = 430, 260, 64, 150
COLOURS = ("#1f86d6", "#0f9d76", "#8257d8", "#c76a15", "#c2407e")


class Frame(NamedTuple):
    """Where in the picture a value lies; x and y are decades."""

    left: float
    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - self.x[0]) / (self.x[1] - self.x[0])
        up = (math.log10(y) - self.y[0]) / (self.y[1] - self.y[0])
        return self.left + across * PLOT_WIDTH, TOP + 26 + (1 - up) * PLOT_HEIGHT


def decades(values: Iterable[float]) -> tuple[float, float]:
    """The whole decades around *values*."""
    logs = [math.log10(value) for value in values]
    return math.floor(min(logs)), math.ceil(max(logs))


def grid(frame: Frame, title: str) -> list[str]:
    """A line and a label at each decade."""
    x0, y0 = frame.place(10 ** frame.x[0], 10 ** frame.y[0])
    lines = [text(x0, TOP + 12, title, ' font-weight="600"')]
    rule = f'stroke="{TEXT}" stroke-opacity="0.25"'
    for decade in range(int(frame.y[0]), int(frame.y[1]) + 1):
        _, y = frame.place(10 ** frame.x[0], 10**decade)
        lines.append(f'<path d="M{x0:.1f} {y:.1f}h{PLOT_WIDTH}" {rule}/>')
        lines.append(text(x0 - 8, y + 4.5, f"{10**decade:,}", ' text-anchor="end" font-size="11"'))

    for decade in range(int(frame.x[0]), int(frame.x[1]) + 1):
        x, _ = frame.place(10**decade, 10 ** frame.y[0])
        lines.append(text(x, y0 + 18, f"{10**decade:,}", ' text-anchor="middle" font-size="11"'))

    return lines


def line(frame: Frame, points: Sequence[tuple[float, float]], colour: str) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (frame.place(*point) for point in points))
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        for x, y in (frame.place(*point) for point in points)
    )
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'


def colours(names: Sequence[str]) -> dict[str, str]:
    """Ours have a colour each, the last one is a peer's."""
    return {**dict(zip(names[:-1], COLOURS, strict=False)), names[-1]: THEIRS}


def key(left: float, shades: Mapping[str, str]) -> list[str]:
    lines = []
    for number, (name, colour) in enumerate(shades.items()):
        y = TOP + 40 + number * 22
        lines.append(f'<rect x="{left}" y="{y - 9}" width="14" height="4" fill="{colour}"/>')
        lines.append(text(left + 20, y - 2.5, name, ' font-size="12"'))

    return lines


def draw_lines(panels: Sequence[Panel], subtitle: str) -> str:
    """The panels side by side, on the same scale."""
    y = decades(time for panel in panels for line in panel.series.values() for _, time in line)
    shades = colours(list(panels[0].series))
    title = "ns of CPU per item, each of which gives way to the event loop once"
    width = len(panels) * (PLOT_WIDTH + MARGIN) + KEY
    height = TOP + 26 + PLOT_HEIGHT + 34
    lines = opening(width, height, title, subtitle)
    for number, panel in enumerate(panels):
        x = decades(point for line in panel.series.values() for point, _ in line)
        frame = Frame(MARGIN + number * (PLOT_WIDTH + MARGIN), x, y)
        lines += grid(frame, panel.title)
        lines += [line(frame, points, shades[name]) for name, points in panel.series.items()]

    lines += key(width - KEY + 16, shades)
    return "\n".join([*lines, "</svg>", ""])


def write_lines(path: Path, panels: Sequence[Panel], subtitle: str) -> None:
    path.write_text(draw_lines(panels, subtitle), encoding="utf-8")
