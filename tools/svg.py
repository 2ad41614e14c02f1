# SPDX-License-Identifier: MIT
"""Draws lines over two axes as SVG, readable on light and dark ground. For refs.py.

The colours are in a style sheet that asks the viewer for its theme; lines differ in dashes as well.
"""

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 88, 24, 74, 56  # margins around the axes
LETTER = 7  # about the width of one, for the legend
MARKS = 40  # a line of at most so many points shows them

# light, dark, dashes
LINES = [("#1f6fb4", "#6cb2e8", ""), ("#c2560c", "#f0954a", "7 3"), ("#2a7d2a", "#6cc36c", "2 3"),
         ("#8a4fbf", "#c49be6", "9 3 2 3")]
OTHERS = [("ground", "fill", "#ffffff", "#15181c"), ("ink", "fill", "#222222", "#dddddd"),
          ("axis", "stroke", "#555555", "#aaaaaa"), ("grid", "stroke", "#dddddd", "#33383f"),
          ("level", "stroke", "#777777", "#999999")]


def style():
    rules = [[], []]
    for theme in (0, 1):
        for name, what, *colours in OTHERS:
            rules[theme].append(".%s{%s:%s}" % (name, what, colours[theme]))
        for i, line in enumerate(LINES):
            rules[theme].append(".line%d{stroke:%s}.mark%d{fill:%s}" % (i, line[theme], i, line[theme]))
    return "%s\n@media (prefers-color-scheme: dark) {\n%s\n}" % ("\n".join(rules[0]), "\n".join(rules[1]))


def ticks(end, most):
    """Multiples of 1, 2 or 5 times a power of ten, from 0 to the first that is not below end."""
    step, factors = 1, 0
    while end / step > most:
        step = (1, 2, 5)[(factors + 1) % 3] * 10 ** ((factors + 1) // 3)
        factors += 1
    return [step * i for i in range(-int(-end // step) + 1)] or [0]


def label(number):
    return "{:,}".format(number)


class Chart:
    """Add lines and levels, then ask for the text. All numbers are at least 0."""

    def __init__(self, title, x_name, y_name):
        self.title, self.x_name, self.y_name = title, x_name, y_name
        self.lines, self.levels = [], []

    def line(self, name, points):
        self.lines.append((name, list(points)))

    def level(self, name, y):
        """A horizontal line."""
        self.levels.append((name, y))

    def scale(self):
        """The axes' ticks, and functions from numbers to places."""
        right = max((x for _, points in self.lines for x, _ in points), default=1) or 1
        top = max([y for _, points in self.lines for _, y in points] + [y for _, y in self.levels] + [1])
        self.y_ticks = ticks(top, 8)
        self.x_ticks = [x for x in ticks(right, 10) if x <= right]
        high = self.y_ticks[-1]
        self.x = lambda x: LEFT + x / right * (WIDTH - LEFT - RIGHT)
        self.y = lambda y: HEIGHT - BOTTOM - y / high * (HEIGHT - TOP - BOTTOM)

    def frame(self):
        bottom, right, out = HEIGHT - BOTTOM, WIDTH - RIGHT, []
        for y in self.y_ticks:
            at = self.y(y)
            out.append('<path class="grid" d="M%d %.1fH%d"/>' % (LEFT, at, right))
            out.append('<text class="ink" text-anchor="end" x="%d" y="%.1f">%s</text>' % (
                LEFT - 8, at + 4, label(y)))
        for x in self.x_ticks:
            at = self.x(x)
            out.append('<path class="axis" d="M%.1f %dv5"/>' % (at, bottom))
            out.append('<text class="ink" text-anchor="middle" x="%.1f" y="%d">%s</text>' % (
                at, bottom + 19, label(x)))
        out.append('<path class="axis" d="M%d %dV%dH%d"/>' % (LEFT, TOP, bottom, right))
        middle = (TOP + bottom) / 2
        out.append('<text class="ink" text-anchor="middle" x="%.1f" y="%d">%s</text>' % (
            (LEFT + right) / 2, HEIGHT - 12, escape(self.x_name)))
        out.append('<text class="ink" text-anchor="middle" transform="translate(18 %.1f) rotate(-90)">%s'
                   "</text>" % (middle, escape(self.y_name)))
        return out

    def legend(self):
        out, at, row = [], LEFT, 52
        styles = ["line%d" % i for i in range(len(self.lines))] + ["level"] * len(self.levels)
        for name, kind in zip([name for name, _ in self.lines + self.levels], styles):
            wide = 34 + LETTER * len(name) + 16
            if at + wide > WIDTH and at > LEFT:
                at, row = LEFT, row + 16
            out.append('<path class="%s data" d="M%d %dh26"%s/>' % (kind, at, row - 4, self.dashes(kind)))
            out.append('<text class="ink" x="%d" y="%d">%s</text>' % (at + 32, row, escape(name)))
            at += wide
        return out

    @staticmethod
    def dashes(kind):
        pattern = "1 4" if kind == "level" else LINES[int(kind[4:])][2]
        return ' stroke-dasharray="%s"' % pattern if pattern else ""

    def data(self):
        out = []
        for _, y in self.levels:
            out.append('<path class="level data" d="M%d %.1fH%d"%s/>' % (
                LEFT, self.y(y), WIDTH - RIGHT, self.dashes("level")))
        for i, (name, points) in enumerate(self.lines):
            places = [(self.x(x), self.y(y)) for x, y in points]
            out.append('<polyline class="line%d data"%s points="%s"><title>%s</title></polyline>' % (
                i, self.dashes("line%d" % i), " ".join("%.1f,%.1f" % place for place in places),
                escape(name)))
            if len(points) <= MARKS:
                out += ['<circle class="mark%d" cx="%.1f" cy="%.1f" r="2.5"/>' % (i, *place)
                        for place in places]
        return out

    def text(self):
        if len(self.lines) > len(LINES):
            raise ValueError("at most %d lines" % len(LINES))
        self.scale()
        head = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
                'role="img" font-family="sans-serif" font-size="12">' % ((WIDTH, HEIGHT) * 2),
                "<title>%s</title>" % escape(self.title),
                "<style>", "path,polyline{fill:none;stroke-linejoin:round}", ".data{stroke-width:2}",
                style(), "</style>",
                '<rect class="ground" width="%d" height="%d"/>' % (WIDTH, HEIGHT),
                '<text class="ink" x="%d" y="26" font-size="15">%s</text>' % (LEFT, escape(self.title))]
        return "\n".join(head + self.frame() + self.data() + self.legend() + ["</svg>"]) + "\n"
