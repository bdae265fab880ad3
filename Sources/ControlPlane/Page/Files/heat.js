// The grid as a heat map. Light themes go from light to dark, dark themes from dark to light: more is always further from the ground.

// ColorBrewer's YlOrRd and matplotlib's inferno: both ordered by lightness.
const ramps = {
  light: ["#ffffcc", "#ffeda0", "#fed976", "#feb24c", "#fd8d3c", "#fc4e2a", "#e31a1c", "#bd0026", "#800026"],
  dark: ["#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06", "#f7d13d", "#fcffa4"],
};

export const isDark = () => getComputedStyle(document.documentElement).colorScheme.trim() === "dark";

const parts = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

/** The colour of a share from 0 to 1. */
export function colour(share, dark = isDark()) {
  const ramp = dark ? ramps.dark : ramps.light;
  const place = Math.min(1, Math.max(0, share)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 2, Math.floor(place));
  const [a, b] = [parts(ramp[low]), parts(ramp[low + 1])];
  return a.map((value, index) => Math.round(value + (b[index] - value) * (place - low)));
}

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
/** Black or white, whichever can be seen on a colour. */
const over = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000" : "#fff");

/** Paints the scale below the map. */
export function paintRamp(element) {
  const stops = Array.from({ length: 9 }, (_, index) => css(colour(index / 8)));
  element.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
}

export const channels = { memory: "memory_permille", cpu: "cpu_permille", priority: "priority_permille" };

/** Paints a frame; cells of `ooms` are crossed out. */
export function paint(canvas, frame, channel) {
  const { height: rows, width: columns } = frame;
  const ratio = window.devicePixelRatio || 1;
  const size = Math.floor(Math.min(canvas.clientWidth || 360, 460) / columns);
  const step = Math.max(3, size);
  canvas.width = step * columns * ratio;
  canvas.height = step * rows * ratio;
  canvas.style.aspectRatio = `${columns} / ${rows}`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const values = frame[channels[channel]];
  const critical = new Set(frame.critical);
  const gap = step > 8 ? 1 : 0;
  const box = (cell) => [(cell % columns) * step, Math.floor(cell / columns) * step];
  const dark = isDark();
  values.forEach((value, cell) => {
    const [x, y] = box(cell);
    const tone = colour(value / 1000, dark);
    pen.fillStyle = css(tone);
    pen.fillRect(x + gap, y + gap, step - 2 * gap, step - 2 * gap);
    if (critical.has(cell) && step > 8) {
      pen.strokeStyle = over(tone);
      pen.lineWidth = Math.max(1, step / 26);
      const inset = gap + pen.lineWidth;
      pen.strokeRect(x + inset, y + inset, step - 2 * inset, step - 2 * inset);
    }
  });
  for (const { node: [row, column] } of frame.ooms) {
    const [x, y] = [column * step, row * step];
    const edge = step * 0.22;
    for (const [tone, width] of [["#fff", Math.max(3, step / 7)], ["#000", Math.max(1.5, step / 14)]]) {
      pen.strokeStyle = tone;
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(x + edge, y + edge);
      pen.lineTo(x + step - edge, y + step - edge);
      pen.moveTo(x + step - edge, y + edge);
      pen.lineTo(x + edge, y + step - edge);
      pen.stroke();
    }
  }
  const [row, column] = frame.agent;
  const centre = [(column + 0.5) * step, (row + 0.5) * step];
  for (const [tone, width] of [["#000", Math.max(3, step / 8)], ["#fff", Math.max(1.5, step / 18)]]) {
    pen.strokeStyle = tone;
    pen.lineWidth = width;
    pen.beginPath();
    pen.arc(...centre, Math.max(2, step * 0.3), 0, 2 * Math.PI);
    pen.stroke();
  }
  canvas.dataset.step = frame.step;
}

/** The frame in a sentence, for those who hear the page. */
export function words(frame) {
  const memory = frame.memory_permille;
  const worst = memory.reduce((best, value, cell) => (value > memory[best] ? cell : best), 0);
  const place = (cell) => `row ${Math.floor(cell / frame.width) + 1}, column ${(cell % frame.width) + 1}`;
  const hot = memory.filter((value, cell) => value > 800 || frame.cpu_permille[cell] > 800).length;
  const lost = frame.ooms.map(({ node: [row, column] }) => `row ${row + 1}, column ${column + 1}`).join("; ");
  return `${frame.height} by ${frame.width} cells at step ${frame.step}; the agent is at row ${frame.agent[0] + 1}, column ${frame.agent[1] + 1}; `
    + `the fullest cell is ${place(worst)} with ${Math.round(memory[worst] / 10)} % memory; ${hot} cells are above 80 %`
    + (lost ? `; out of memory: ${lost}` : "");
}

/** The cell below a point of the map; `null` outside. */
export function cellAt(canvas, frame, event) {
  const box = canvas.getBoundingClientRect();
  const column = Math.floor(((event.clientX - box.left) / box.width) * frame.width);
  const row = Math.floor(((event.clientY - box.top) / box.height) * frame.height);
  return row < 0 || column < 0 || row >= frame.height || column >= frame.width ? null : row * frame.width + column;
}
