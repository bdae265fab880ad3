// Health, agents and queue over time, as three drawings above one time axis.
import { clock, h, number, svg } from "./dom.js";

const edge = { left: 34, right: 10 };
const bands = [
  { key: "health_score", top: 8, height: 140, name: "health", most: () => 1, ticks: [0, 0.25, 0.5, 0.75, 1] },
  { key: "active_agents", top: 176, height: 40, name: "agents", most: (top) => Math.max(2, top) },
  { key: "work_queue_size", top: 240, height: 40, name: "queue", most: (top) => Math.max(2, top) },
];
const stateTop = 152;
const height = 306;

/** Draws cycles; tells a reader what is below the pointer or, with the arrow keys, below the cross. */
export class Chart {
  constructor(place, readout) {
    this.place = place;
    this.readout = readout;
    this.points = [];
    this.marks = [];
    this.cross = null;
    new ResizeObserver(() => this.draw()).observe(place);
  }

  /** `cycles` oldest first, each `{at, metrics}`; `marks` are executed or failed decisions. */
  show(cycles, marks, from, to) {
    Object.assign(this, { points: cycles, marks, from, to });
    if (this.cross !== null && this.cross >= cycles.length) this.cross = null;
    this.draw();
  }

  x(at) {
    return edge.left + ((at - this.from) / (this.to - this.from || 1)) * (this.width - edge.left - edge.right);
  }

  draw() {
    this.width = Math.max(240, this.place.clientWidth);
    const held = this.place.contains(document.activeElement);
    if (!this.points.length) {
      this.place.replaceChildren(h("p", { className: "empty" }, "No cycle ended in this span. A loop records one each time: dsl auto loop."));
      this.readout.textContent = "";
      return;
    }
    const last = this.points.at(-1);
    const picture = svg("svg", {
      viewBox: `0 0 ${this.width} ${height}`, height, tabindex: 0, role: "img",
      "aria-label": `Health over time, ${this.points.length} cycles from ${clock(new Date(this.from))} to ${clock(new Date(this.to))}; `
        + `last ${number(last.metrics.health_score)}, ${last.metrics.health_state}. Left and right arrow keys read single cycles.`,
    });
    for (const band of bands) this.band(picture, band);
    this.states(picture);
    this.decisions(picture);
    this.axis(picture);
    this.line = svg("line", { class: "cross", y1: 4, y2: height - 22, visibility: "hidden" });
    picture.append(this.line);
    picture.addEventListener("pointermove", (event) => this.point(event, picture));
    picture.addEventListener("pointerleave", () => this.read(null));
    picture.addEventListener("keydown", (event) => this.key(event));
    this.place.replaceChildren(picture);
    if (held) picture.focus();
    this.read(this.cross);
  }

  /** Pieces of the line: it is not drawn across a time in which nobody looked. */
  pieces() {
    const gaps = this.points.slice(1).map((point, index) => point.at - this.points[index].at).sort((a, b) => a - b);
    const most = 5 * (gaps[gaps.length >> 1] ?? 0) + 1000;
    const pieces = [[]];
    this.points.forEach((point, index) => {
      if (index && point.at - this.points[index - 1].at > most) pieces.push([]);
      pieces.at(-1).push(point);
    });
    return pieces;
  }

  band(picture, band) {
    const values = this.points.map((point) => point.metrics[band.key]).filter((value) => value !== null && value !== undefined);
    const most = band.most(Math.max(0, ...values));
    const y = (value) => band.top + band.height * (1 - value / most);
    for (const tick of band.ticks ?? [0, most]) {
      picture.append(
        svg("line", { class: "grid", x1: edge.left, x2: this.width - edge.right, y1: Math.round(y(tick)), y2: Math.round(y(tick)) }),
        svg("text", { x: edge.left - 6, y: y(tick) + 4, "text-anchor": "end" }, String(tick)));
    }
    if (band.key !== "health_score") picture.append(svg("text", { x: edge.left, y: band.top - 6 }, band.name));
    for (const piece of this.pieces()) {
      const known = piece.filter((point) => point.metrics[band.key] !== null && point.metrics[band.key] !== undefined);
      if (!known.length) continue;
      const at = known.map((point) => `${this.x(point.at).toFixed(1)},${y(point.metrics[band.key]).toFixed(1)}`);
      const steps = band.key === "active_agents";
      const path = steps ? at.map((pair, index) => (index ? `H${pair.split(",")[0]}V${pair.split(",")[1]}` : `M${pair}`)).join("") : `M${at.join("L")}`;
      const [left, right] = [this.x(known[0].at), this.x(known.at(-1).at)];
      picture.append(
        svg("path", { class: "area", d: `${path}L${right.toFixed(1)},${y(0)}L${left.toFixed(1)},${y(0)}Z` }),
        svg("path", { class: "line", d: known.length > 1 ? path : `${path}h2` }));
    }
  }

  /** A strip in the colour of the state, below the health line. */
  states(picture) {
    for (const piece of this.pieces()) {
      piece.forEach((point, index) => {
        const left = this.x(point.at);
        const right = index + 1 < piece.length ? this.x(piece[index + 1].at) : left + 3;
        const state = point.metrics.health_state ?? "unknown";
        picture.append(svg("rect", { class: `state-${state}`, x: left.toFixed(1), y: stateTop, width: Math.max(1, right - left + 0.3).toFixed(1), height: 5 }));
      });
    }
  }

  /** Decisions that did something: up, down, or a circle for the rest. */
  decisions(picture) {
    for (const mark of this.marks) {
      const x = this.x(mark.at);
      if (x < edge.left || x > this.width - edge.right) continue;
      const y = stateTop - 9;
      const shape = mark.type === "scale_up" ? `M${x - 4},${y + 3}L${x},${y - 4}L${x + 4},${y + 3}Z`
        : mark.type === "scale_down" ? `M${x - 4},${y - 3}L${x},${y + 4}L${x + 4},${y - 3}Z`
        : `M${x - 3},${y}a3,3 0 1,0 6,0a3,3 0 1,0 -6,0Z`;
      picture.append(svg("path", { class: `mark ${mark.outcome === "failed" ? "bad" : ""}`, d: shape }, svg("title", {}, mark.text)));
    }
  }

  axis(picture) {
    const count = Math.max(2, Math.floor(this.width / 130));
    for (let index = 0; index <= count; index += 1) {
      const at = this.from + ((this.to - this.from) * index) / count;
      const anchor = index === 0 ? "start" : index === count ? "end" : "middle";
      const text = new Date(at).toLocaleTimeString([], { hour12: false, hour: "2-digit", minute: "2-digit" });
      picture.append(svg("text", { x: this.x(at), y: height - 6, "text-anchor": anchor }, text));
    }
  }

  point(event, picture) {
    const box = picture.getBoundingClientRect();
    const at = this.from + ((((event.clientX - box.left) / box.width) * this.width - edge.left) / (this.width - edge.left - edge.right)) * (this.to - this.from);
    let nearest = 0;
    this.points.forEach((point, index) => {
      if (Math.abs(point.at - at) < Math.abs(this.points[nearest].at - at)) nearest = index;
    });
    this.read(nearest);
  }

  key(event) {
    const last = this.points.length - 1;
    const next = { ArrowLeft: Math.max(0, (this.cross ?? last + 1) - 1), ArrowRight: Math.min(last, (this.cross ?? last) + 1), Home: 0, End: last }[event.key];
    if (event.key === "Escape") return this.read(null);
    if (next === undefined) return undefined;
    event.preventDefault();
    this.readout.setAttribute("aria-live", "polite");
    return this.read(next);
  }

  read(index) {
    this.cross = index;
    const point = index === null ? null : this.points[index];
    this.line.setAttribute("visibility", point ? "visible" : "hidden");
    if (!point) {
      this.readout.textContent = "▲ agents started  ▼ agents drained  ○ other effects";
      return;
    }
    for (const end of ["x1", "x2"]) this.line.setAttribute(end, this.x(point.at).toFixed(1));
    const facts = point.metrics;
    this.readout.textContent = `${clock(new Date(point.at))}  health ${number(facts.health_score)} ${facts.health_state ?? "unknown"}, `
      + `${number(facts.active_agents)} agents, ${number(facts.work_queue_size)} in the queue, ${facts.completion_rate === undefined ? "–" : number(facts.completion_rate * 100)} % completed`;
  }
}
