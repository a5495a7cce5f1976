"""benchmarks/results.svg: the two-layer pipeline as bars, readable on light and dark pages."""

from html import escape
from pathlib import Path

from benchmarks.cases import pipeline
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
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" style="{STYLE}">',
        f"<title>{escape(title)}</title>",
        text(10, 22, title, ' font-size="15" font-weight="600"'),
        text(10, 42, subtitle, ' font-size="12"'),
    ]
    for index, (time, name) in enumerate(bars):
        lines += bar(name, time, TOP + index * (BAR + GAP), scale)

    lines.append(text(10, height - 12, FOOTNOTE, ' font-size="11"'))
    return "\n".join([*lines, "</svg>", ""])


def write(path: Path, results: dict[str, Result], subtitle: str) -> None:
    result = results.get(pipeline.OVER_RANGE.path)
    if result is not None and result.samples:
        path.write_text(draw(result, subtitle), encoding="utf-8")
