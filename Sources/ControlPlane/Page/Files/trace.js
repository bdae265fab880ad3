// A trace as a waterfall.
import { facts, h, milliseconds } from "./dom.js";

/** Spans in the order of a walk down the tree, each with its depth; those whose parent is not there are roots. */
export function walk(spans) {
  const ids = new Set(spans.map((span) => span.span_id));
  const children = new Map();
  const roots = [];
  for (const span of [...spans].sort((a, b) => a.offset_ms - b.offset_ms)) {
    if (span.parent_span_id && ids.has(span.parent_span_id) && span.parent_span_id !== span.span_id) {
      children.set(span.parent_span_id, [...(children.get(span.parent_span_id) ?? []), span]);
    } else roots.push(span);
  }
  const found = [];
  const seen = new Set();
  const stack = roots.reverse().map((span) => [span, 0]);
  while (stack.length) {
    const [span, depth] = stack.pop();
    if (seen.has(span.span_id)) continue;
    seen.add(span.span_id);
    found.push({ span, depth });
    for (const child of [...(children.get(span.span_id) ?? [])].reverse()) stack.push([child, depth + 1]);
  }
  return found;
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function about(span) {
  const events = span.events.map((event) => [event.name, `${event.at}  ${text(event.attributes)}`]);
  return facts([
    ["span", span.span_id], ["service", span.service], ["status", [span.status, span.status_message].filter(Boolean).join(": ")],
    ...Object.entries(span.attributes).map(([name, value]) => [name, text(value)]), ...events,
  ]);
}

/** The drawing of `{trace_id, spans}` as `/api/v1/traces/{id}` gives it. */
export function waterfall(trace) {
  const total = Math.max(0.001, ...trace.spans.map((span) => span.offset_ms + span.duration_ms));
  const rows = walk(trace.spans).map(({ span, depth }) => {
    const bar = h("span", { className: `bar ${span.status === "error" ? "bad" : ""}` });
    bar.style.left = `${(100 * span.offset_ms) / total}%`;
    bar.style.width = `${Math.min(100, (100 * span.duration_ms) / total)}%`;
    const name = h("span", { className: "name mono", title: span.name }, span.name);
    name.style.paddingLeft = `${Math.min(depth, 8) * 12}px`;
    const more = h("div", { hidden: true });
    const button = h("button", {
      type: "button", className: "span", "aria-expanded": "false",
      "aria-label": `${span.name}, ${span.status === "error" ? "failed, " : ""}begins at ${milliseconds(span.offset_ms)}, takes ${milliseconds(span.duration_ms)}`,
    }, name, h("span", { className: "track" }, bar), h("span", { className: `num ${span.status === "error" ? "bad" : ""}` }, milliseconds(span.duration_ms)));
    button.addEventListener("click", () => {
      more.hidden = !more.hidden;
      button.setAttribute("aria-expanded", String(!more.hidden));
      if (!more.hidden) more.replaceChildren(about(span));
    });
    return h("li", {}, button, more);
  });
  return h("div", {}, h("p", { className: "quiet mono" }, `trace ${trace.trace_id}`), h("ol", { className: "plain waterfall" }, rows));
}
