// Small words for building the document. Text is always text: nothing that comes from the server is ever parsed as HTML.

/** An element. `props` are properties, or attributes where the name has a dash or is listed below; children are nodes or text. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.includes("-") || name === "role" || name === "for" || name === "datetime") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An SVG element; all props are attributes. */
export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props)) if (value !== null && value !== undefined) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const byID = (id) => document.getElementById(id);

/** Numbers as people read them: at most three significant digits, no exponent. */
export function number(value, unit = "") {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const text = Number.isInteger(value) ? String(value) : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
  return text + unit;
}

export const percent = (value) => (value === null || value === undefined ? "–" : number(value * 100, " %"));

export function milliseconds(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 60000) return number(value / 60000, " min");
  return value >= 1000 ? number(value / 1000, " s") : number(value, " ms");
}

/** "4 s", "12 min", "3 h", "2 d". */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return "<1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

/** The time of day; with the date when that is not today's. */
export function clock(date) {
  const time = date.toLocaleTimeString([], { hour12: false });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}

export function when(text) {
  const date = new Date(text);
  return h("time", { datetime: text, title: text }, clock(date));
}

/** A sentence of the engine, its points in time as this page writes them. */
export const sentence = (text) => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) => clock(new Date(time)));

/** good, warning or bad, for a word of ours; nothing for what is none of these. */
export function tone(word) {
  if (["optimal", "healthy", "executed", "done", "met", "fresh", "running", "busy", "leading", "approved"].includes(word)) return "ok";
  if (["degraded", "warning", "held", "stale", "pending", "expired", "undone", "missed", "draining", "starting"].includes(word)) return "warn";
  if (["critical", "unknown", "failed", "error", "dead", "corrupt", "missing", "rejected"].includes(word)) return "bad";
  return "";
}

export const chip = (word, kind = tone(word), title = null) => h("span", { className: `chip ${kind}`.trim(), title }, word);

/** Terms and values, those without a value left out. */
export function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { className: "facts" }, rows.map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
}

/**
 * A row that opens: its button, and what is below it once it was opened. `opened` keeps what is open by key, over redrawings;
 * `fill` makes the content, anew when `version` is another than when it was made.
 */
export function opening(cells, opened, key, version, fill) {
  const button = h("button", { type: "button", className: "row" }, cells);
  button.dataset.key = key;
  const place = h("div", {});
  const show = () => {
    const kept = opened.get(key);
    button.setAttribute("aria-expanded", String(kept !== undefined));
    place.replaceChildren(...(kept ? [kept.content] : []));
  };
  const load = async (kept) => {
    kept.version = version;
    try {
      kept.content.replaceChildren(await fill());
    } catch (error) {
      kept.content.replaceChildren(h("p", { className: "bad" }, error.message));
    }
  };
  button.addEventListener("click", () => {
    if (!opened.delete(key)) {
      const kept = { content: h("div", { className: "more" }, h("p", { className: "quiet" }, "One moment")) };
      opened.set(key, kept);
      load(kept);
    }
    show();
  });
  const kept = opened.get(key);
  if (kept && kept.version !== version) load(kept);
  show();
  return [button, place];
}

/** Puts nodes in place of those that are there, and the focus back on the same control. */
export function replace(parent, nodes) {
  const held = parent.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  parent.replaceChildren(...nodes);
  if (held) parent.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus();
}
