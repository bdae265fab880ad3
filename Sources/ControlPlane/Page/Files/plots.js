// Curves: an episode on two axes above its budget, trainings with their intervals, a study's values.
import { h, number, svg } from "./dom.js";

/** Round numbers from a low to a high value, about as many as asked for. */
export function ticks(low, high, count = 4) {
  const raw = (high - low || 1) / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * unit).find((value) => value >= raw - 1e-12);
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-6; value += step) found.push(Math.round(value / step) * step);
  return found;
}

const short = (value) => (Math.abs(value) >= 1000000 ? `${number(value / 1000000)}M` : Math.abs(value) >= 10000 ? `${number(value / 1000)}k` : Number(value.toPrecision(6)).toString());

/** Every point where there are few, else the extremes of each column of pixels: peaks stay. */
function thinned(points, value, columns) {
  if (points.length <= 2 * columns) return points;
  const size = points.length / columns;
  const kept = [];
  for (let column = 0; column < columns; column += 1) {
    const part = points.slice(Math.floor(column * size), Math.max(Math.floor((column + 1) * size), Math.floor(column * size) + 1));
    const low = part.reduce((best, point) => (value(point) < value(best) ? point : best));
    const high = part.reduce((best, point) => (value(point) > value(best) ? point : best));
    kept.push(...(part.indexOf(low) <= part.indexOf(high) ? [low, high] : [high, low]));
  }
  return kept;
}

/** One drawing with an x axis and bands above each other. */
class Frame {
  constructor(place, height, edge) {
    this.width = Math.max(240, place.clientWidth);
    this.height = height;
    this.edge = edge;
    this.picture = svg("svg", { viewBox: `0 0 ${this.width} ${height}`, height, role: "img" });
  }

  scaleX(low, high) {
    this.x = (value) => this.edge.left + ((value - low) / (high - low || 1)) * (this.width - this.edge.left - this.edge.right);
    this.value = (x) => low + ((x - this.edge.left) / (this.width - this.edge.left - this.edge.right)) * (high - low);
    // Steps, episodes and trials are whole numbers.
    const marks = ticks(low, high, Math.max(2, Math.floor(this.width / 110))).filter(Number.isInteger);
    for (const mark of marks) {
      // At the right edge half of a number may have no place: a digit has some 7 of 11 px.
      const x = Math.min(this.x(mark), this.width - 1 - 3.5 * short(mark).length);
      this.picture.append(svg("text", { x, y: this.height - 4, "text-anchor": "middle" }, short(mark)));
    }
  }

  /** An axis on one side; returns where a value is. */
  axis(top, height, low, high, { side = "left", name, kind = "", count = 4, lines = true }) {
    const y = (value) => top + height * (1 - (value - low) / (high - low || 1));
    const group = svg("g", { class: kind });
    for (const mark of ticks(low, high, count)) {
      if (lines) this.picture.append(svg("line", { class: "grid", x1: this.edge.left, x2: this.width - this.edge.right, y1: Math.round(y(mark)), y2: Math.round(y(mark)) }));
      const x = side === "left" ? this.edge.left - 6 : this.width - this.edge.right + 6;
      group.append(svg("text", { x, y: y(mark) + 4, "text-anchor": side === "left" ? "end" : "start" }, short(mark)));
    }
    if (name) group.append(svg("text", { x: side === "left" ? 2 : this.width - 2, y: top - 9, "text-anchor": side === "left" ? "start" : "end" }, name));
    this.picture.append(group);
    return y;
  }

  /** A line through points; `steps` keeps each value until the next point. */
  line(points, x, y, kind, steps = false) {
    if (!points.length) return;
    const places = points.map((point) => [this.x(x(point)).toFixed(1), y(point).toFixed(1)]);
    const path = places.map(([left, top], index) => (index === 0 ? `${left},${top}` : steps ? `H${left}V${top}` : `L${left},${top}`)).join("");
    this.picture.append(svg("path", { class: `line ${kind}`, d: `M${path}${points.length > 1 ? "" : "h2"}` }));
  }
}

/** Reward and load of an episode on two axes, its budget below; the step that is shown is marked. */
export class EpisodePlot {
  constructor(place, readout, seek) {
    Object.assign(this, { place, readout, seek, points: [], incidents: [], step: 0 });
    new ResizeObserver(() => this.draw()).observe(place);
  }

  show(points, incidents, step, facts) {
    Object.assign(this, { points, incidents, step, facts });
    if (!this.wanted) {
      this.wanted = true;
      requestAnimationFrame(() => { this.wanted = false; this.draw(); });
    }
  }

  draw() {
    if (!this.points.length) return;
    const frame = new Frame(this.place, 300, { left: 46, right: 40 });
    const last = this.points.at(-1);
    const span = Math.max(20, this.facts.recorded || this.facts.over ? last.step : Math.min(this.facts.max, Math.ceil((last.step + 1) / 50) * 50));
    // No spread: an episode may have a million points.
    const low = this.points.reduce((least, point) => Math.min(least, point.reward), 0);
    const high = this.points.reduce((most, point) => Math.max(most, point.reward), 10);
    frame.scaleX(0, span);
    const reward = frame.axis(22, 160, low, high, { name: "reward so far", kind: "reward-axis" });
    const load = frame.axis(22, 160, 0, 1, { side: "right", name: "load", kind: "load-axis", lines: false });
    const budget = frame.axis(218, 58, 0, this.facts.budget, { name: "budget", kind: "budget-axis", count: 2 });
    frame.picture.append(svg("line", { class: "limit", x1: frame.edge.left, x2: frame.width - frame.edge.right, y1: load(this.facts.collapse), y2: load(this.facts.collapse) }, svg("title", {}, "load at which the cluster collapses")));
    const columns = frame.width;
    const byStep = (point) => point.step;
    const loadOf = (point) => (point.mean_cpu + point.mean_memory) / 2;
    const draw = (value, y, kind) => frame.line(thinned(this.points, value, columns), byStep, (point) => y(value(point)), kind);
    draw(loadOf, load, "load");
    draw((point) => point.reward, reward, "reward");
    draw((point) => point.budget, budget, "budget");
    for (const incident of this.incidents) {
      const x = frame.x(incident.step);
      frame.picture.append(svg("line", { class: "oom", x1: x, x2: x, y1: 182, y2: 190 }, svg("title", {}, `step ${incident.step}: out of memory`)));
    }
    const x = frame.x(this.step);
    frame.picture.append(svg("line", { class: "cross", x1: x, x2: x, y1: 14, y2: 278 }));
    const now = this.points[Math.min(this.step, this.points.length - 1)];
    frame.picture.setAttribute("aria-label", `Reward and load over ${last.step} steps; at step ${now.step} reward ${number(now.reward)}, load ${number(loadOf(now))}, budget ${number(now.budget)}`);
    frame.picture.addEventListener("click", (event) => {
      const box = frame.picture.getBoundingClientRect();
      const step = Math.round(frame.value(((event.clientX - box.left) / box.width) * frame.width));
      this.seek(Math.min(last.step, Math.max(0, step)));
    });
    this.readout.textContent = `step ${now.step}: reward ${number(now.reward)}, load ${number(loadOf(now))}, budget ${number(now.budget)}, largest critical memory ${number(now.risk)}`;
    this.place.replaceChildren(frame.picture);
  }
}

/** Means of trainings with their 95 % intervals, a band for each group. */
export function drawTraining(place, key, groups, measure) {
  const shown = groups.map((group) => ({ ...group, points: group.bands[measure] })).filter((group) => group.points.length);
  if (!shown.length) {
    place.replaceChildren(h("p", { className: "empty" }, "No curves: give some with --training, from dsl sim train --csv."));
    key.replaceChildren();
    return;
  }
  const frame = new Frame(place, 230, { left: 52, right: 12 });
  const all = shown.flatMap((group) => group.points);
  const bounds = all.flatMap((point) => [point.low ?? point.mean, point.high ?? point.mean]);
  frame.scaleX(0, Math.max(...all.map((point) => point.episodes)));
  const y = frame.axis(22, 180, Math.min(...bounds), Math.max(...bounds), { name: measure });
  shown.forEach((group, index) => {
    const kind = `band-${index % 4}`;
    const sure = group.points.filter((point) => point.low !== null);
    if (sure.length > 1) {
      const up = sure.map((point) => `${frame.x(point.episodes).toFixed(1)},${y(point.high).toFixed(1)}`);
      const down = [...sure].reverse().map((point) => `${frame.x(point.episodes).toFixed(1)},${y(point.low).toFixed(1)}`);
      frame.picture.append(svg("path", { class: `area ${kind}`, d: `M${[...up, ...down].join("L")}Z` }));
    }
    frame.line(group.points, (point) => point.episodes, (point) => y(point.mean), kind);
  });
  frame.picture.setAttribute("aria-label", shown.map((group) => {
    const last = group.points.at(-1);
    const interval = last.low === null ? "" : `, 95 % interval ${number(last.low)} to ${number(last.high)}`;
    return `${group.name}: ${measure} ${number(last.mean)} after ${last.episodes} episodes, ${last.trainings} trainings${interval}`;
  }).join("; "));
  place.replaceChildren(frame.picture);
  key.replaceChildren(...shown.map((group, index) => h("span", { className: `line band-${index % 4}` },
    `${group.name}: ${group.trainings} training${group.trainings === 1 ? "" : "s, mean and 95 % interval"}`)));
}

/** Values of a study's trials, and the best so far. */
export function drawStudy(place, study) {
  if (!study || !study.values.length) {
    place.replaceChildren(h("p", { className: "empty" }, study ? "No trial has ended with a value." : "No study: give its journal with --study."));
    return;
  }
  const frame = new Frame(place, 200, { left: 52, right: 12 });
  const values = study.values.map((point) => point.value);
  frame.scaleX(0, Math.max(1, ...study.values.map((point) => point.trial)));
  const y = frame.axis(22, 150, Math.min(...values), Math.max(...values), { name: "value" });
  for (const point of study.values) frame.picture.append(svg("circle", { class: "dot band-0", cx: frame.x(point.trial), cy: y(point.value), r: 2.5 }, svg("title", {}, `trial ${point.trial}: ${point.value}`)));
  frame.line(study.values, (point) => point.trial, (point) => y(point.best), "band-1", true);
  frame.picture.setAttribute("aria-label", `${study.values.length} trials with values; best ${number(study.best.value)} in trial ${study.best.trial}`);
  place.replaceChildren(frame.picture);
}
