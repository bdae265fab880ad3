"""Pictures of a cluster: pixels and text."""

import numpy as np

_CELL = 24
_CRITICAL = 16384


def pixels(cells, height, width, row, column):
    """(height · 24, width · 24, 3) uint8: a cell's colour goes from green to red with its memory, its bar shows CPU, a
    bright edge marks critical cells, a white frame the agent."""
    cpu, memory, priority = (channel.reshape(height, width) for channel in cells)
    heat = memory.astype(np.int32) * 255 // 32767
    image = np.zeros((height, _CELL, width, _CELL, 3), dtype=np.uint8)
    image[..., 0] = heat[:, None, :, None]
    image[..., 1] = ((255 - heat) * 3 // 4)[:, None, :, None]
    image[..., 2] = 40
    bars = cpu.astype(np.int32) * (_CELL - 6) // 32767
    for y, x in np.ndindex(height, width):
        cell = image[y, :, x]
        cell[-5:-3, 3:3 + bars[y, x]] = (120, 200, 255)
        if priority[y, x] == _CRITICAL:
            _frame(cell, 1, (255, 220, 80))
    _frame(image[row, :, column], 3, (255, 255, 255))
    # A line between cells.
    image[:, 0], image[:, :, :, 0] = 0, 0
    return image.reshape(height * _CELL, width * _CELL, 3)


def _frame(cell, thick, colour):
    cell[1:1 + thick] = cell[-thick:] = colour
    cell[:, 1:1 + thick] = cell[:, -thick:] = colour


def text(cells, height, width, facts):
    """A line a row: memory in percent, ``!`` for critical cells, brackets around the agent's."""
    _, memory, priority = (channel.reshape(height, width) for channel in cells)
    lines = [f"step {facts[1]}  budget {facts[4] / 1000:.1f}  reward {facts[5] / 1000:.2f}  out of memory {facts[6]}"]
    for y in range(height):
        row = ""
        for x in range(width):
            mark = "!" if priority[y, x] == _CRITICAL else " "
            number = f"{int(memory[y, x]) * 100 // 32767:3d}{mark}"
            row += f"[{number}]" if (y, x) == (facts[2], facts[3]) else f" {number} "
        lines.append(row)
    return "\n".join(lines) + "\n"
