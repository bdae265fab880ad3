"""Curves as SVG, with nothing but the standard library."""

from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 48


def _number(value):
    return f"{value:.4g}"


def svg(title, series, x_label, y_label):
    """A drawing of curves.

    ``series``: of each curve its name and its points (x, y). Where all x or all y are equal the axis is one wide.
    """
    points = [point for _, curve in series for point in curve]
    if not points:
        points = [(0.0, 0.0)]
    (left, right), (low, high) = ((min(axis), max(axis)) for axis in zip(*points))
    right, high = (right if right > left else left + 1), (high if high > low else low + 1)

    def place(x, y):
        across = _MARGIN + (x - left) / (right - left) * (_WIDTH - 2 * _MARGIN)
        return f"{across:.1f},{_HEIGHT - _MARGIN - (y - low) / (high - low) * (_HEIGHT - 2 * _MARGIN):.1f}"

    colours = ("#1f6feb", "#d1242f", "#1a7f37", "#8250df")
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_WIDTH / 2}" y="20" text-anchor="middle" font-size="14">{escape(title)}</text>',
        f'<path d="M{_MARGIN},{_MARGIN} V{_HEIGHT - _MARGIN} H{_WIDTH - _MARGIN}" fill="none" stroke="black"/>',
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text x="12" y="{_MARGIN - 12}">{escape(y_label)}</text>',
        f'<text x="{_MARGIN}" y="{_HEIGHT - _MARGIN + 16}">{_number(left)}</text>',
        f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - _MARGIN + 16}" text-anchor="end">{_number(right)}</text>',
        f'<text x="{_MARGIN - 4}" y="{_HEIGHT - _MARGIN}" text-anchor="end">{_number(low)}</text>',
        f'<text x="{_MARGIN - 4}" y="{_MARGIN + 4}" text-anchor="end">{_number(high)}</text>']
    for i, (name, curve) in enumerate(series):
        colour = colours[i % len(colours)]
        if curve:
            path = " ".join(place(x, y) for x, y in curve)
            out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
            out += [
                f'<circle cx="{place(x, y).split(",")[0]}" cy="{place(x, y).split(",")[1]}" r="2.5" fill="{colour}"/>'
                for x, y in curve]
        out.append(f'<text x="{_WIDTH - _MARGIN}" y="{36 + 14 * i}" text-anchor="end" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*out, "</svg>", ""])
