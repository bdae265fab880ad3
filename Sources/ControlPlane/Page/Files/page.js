"use strict";
// The operator's page: reads the API, follows its events, and asks for changes with the token. No library, no build.
const $ = (id) => document.getElementById(id);
const limits = { cycles: 240, decisions: 100 };
const known = { decisions: new Map(), cycles: new Map(), control: {}, status: null };
let token = null;
let lastEvent = null;
let trace = null;

// Elements are made, never parsed: what the fleet says is text.
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (key === "text") element.textContent = value;
    else if (key === "on") for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
const svg = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const fill = (id, rows) => {
  $(id).replaceChildren(...rows);
  const none = $(id + "-none");
  if (none) none.hidden = rows.length > 0;
};
const pill = (text, tone) => el("span", { class: "pill", "data-tone": tone || null, text });
const number = (value, digits = 0) => value === null || value === undefined ? "–" : value.toFixed(digits);
const percent = (value) => value === null || value === undefined ? "–" : (value * 100).toFixed(0) + " %";
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const words = (text) => String(text).replaceAll("_", " ");
const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false });
function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return "now";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}
const when = (time) => el("time", { class: "when", datetime: time, title: time, text: clock(time) });
const healthTone = { optimal: "good", healthy: "good", degraded: "warn", critical: "bad", unknown: null };

// ---- asking

async function api(path, body) {
  const headers = {};
  if (token) headers.Authorization = "Bearer " + token;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST", headers, body: body === undefined ? null : JSON.stringify(body),
    cache: "no-store",
  });
  const envelope = await answer.json();
  if (answer.status === 401) openToken();
  if (!answer.ok) throw new Error(envelope.errors.join("; ") + (envelope.metadata.fix ? ` (${envelope.metadata.fix})` : ""));
  return envelope.data;
}
const v1 = (path) => api("/api/v1/" + path);
function say(text) { $("say").textContent = ""; setTimeout(() => { $("say").textContent = text; }, 30); }
async function change(path, body, done) {
  if (!token) return openToken();
  try {
    await api("/api/v1/" + path, body);
    say(done);
    await Promise.all([loadStatus(), loadPending()]);
  } catch (error) { notice(error.message); }
}
function notice(text) {
  known.notice = text;
  banners();
}

// ---- what is shown

function showStatus(status) {
  known.status = status;
  const { metrics, control, leader } = status;
  document.title = `${status.health_state} – dsl`;
  $("directory").textContent = status.coordination_dir;
  $("score").textContent = number(metrics.health_score, 2);
  if ($("state").textContent !== status.health_state) say(`Health is ${status.health_state}`);
  $("state").textContent = status.health_state;
  const tone = healthTone[status.health_state];
  if (tone) $("state").dataset.tone = tone; else delete $("state").dataset.tone;
  const figure = (name, value) => el("div", {}, el("dt", { text: name }), el("dd", { text: value }));
  $("figures").replaceChildren(
    figure("Agents", number(status.status.active_agents)), figure("Queue", number(status.status.work_queue_size)),
    figure("Completed", percent(status.status.completion_rate)),
    figure("Telemetry", number(status.status.telemetry_volume)),
    figure("Unreadable", number(status.problem_count)));
  $("leader").textContent = leader.state === "leading"
    ? `${leader.holder} leads, epoch ${leader.epoch}` : leader.holder ? `nobody leads; ${leader.holder} did last` : "no engine has led yet";
  known.control = control;
  known.blind = status.blind;
  banners();
  $("pause").textContent = control.paused ? "Resume" : "Pause";
  $("agents-count").textContent = plural(status.agents.length, "agent", "agents");
  const agentTone = { busy: "good", idle: "cool", starting: "warn", draining: "warn", stale: "bad", stopped: null };
  fill("agents", status.agents.slice(0, 200).map((agent) => el("tr", {},
    el("td", { text: agent.id }), el("td", {}, pill(agent.state, agentTone[agent.state])),
    el("td", { class: "num", text: `${agent.claims}/${agent.concurrency}` }),
    el("td", { class: "num", text: age(agent.heartbeat_age_s) }))));
  const evidenceTone = { fresh: "good", stale: "warn", missing: null, corrupt: "bad", unverified: "warn" };
  fill("evidence", status.evidence.map((source) => el("tr", {},
    el("td", { text: source.source }),
    el("td", {}, pill(source.status, evidenceTone[source.status]), ...source.notes.map((note) => el("span", { class: "why", text: note }))),
    el("td", { class: "num", text: source.unreadable ? `${source.records} (${source.unreadable} unreadable)` : source.records }),
    el("td", { class: "num", text: age(source.newest_age_s) }))));
}

function banners() {
  const { control, blind } = known;
  const list = [];
  const add = (text, tone, action) => list.push(el("p", { class: "banner", "data-tone": tone }, el("span", { text }), action || null));
  if (control.kill_switch) add(`The kill switch is thrown: ${control.kill_switch}`, "bad");
  if (blind) add(`The state is unknown: ${blind}`, "bad");
  if (control.paused) {
    add(`Paused by ${control.paused.by} until ${clock(control.paused.until)}: ${control.paused.reason}`, "warn",
      el("button", { type: "button", text: "Resume", on: { click: resume } }));
  }
  if (known.notice) {
    add(known.notice, "bad", el("button", { type: "button", text: "Dismiss", on: { click: () => notice(null) } }));
  }
  const text = list.map((item) => item.textContent).join("|");
  if (text !== $("banners").dataset.text) {
    $("banners").dataset.text = text;
    $("banners").replaceChildren(...list);
  }
}

const outcomeTone = { executed: "good", failed: "bad", undone_after_failure: "bad", stopped: "warn", refused: "warn" };
function outcome(decision) {
  if (decision.undone) return pill("undone", "warn");
  if (!decision.outcome) return pill("under way", "cool");
  return pill(decision.outcome === "refused" ? `held by ${words(decision.gate)}` : words(decision.outcome), outcomeTone[decision.outcome]);
}
function showDecisions(fresh) {
  const wanted = $("outcome").value;
  const list = [...known.decisions.values()].sort((a, b) => b.at.localeCompare(a.at)).slice(0, limits.decisions);
  known.decisions = new Map(list.map((decision) => [decision.id, decision]));
  const shown = list.filter((decision) => !wanted || (decision.outcome || "").startsWith(wanted) || (wanted === "failed" && decision.outcome === "undone_after_failure"));
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.id : null;
  // A decision that a gate holds turn after turn is one row.
  const rows = [];
  for (const decision of shown) {
    const last = rows[rows.length - 1];
    const key = [decision.type, decision.target, decision.outcome, decision.gate].join("|");
    if (decision.outcome === "refused" && last && last.key === key) { last.count += 1; last.since = decision.at; } else rows.push({ decision, key, count: 1 });
  }
  fill("decisions", rows.map(({ decision, count, since }) => {
    const button = el("button", { type: "button", class: "text", "data-id": decision.id, text: words(decision.type), on: { click: () => openDecision(decision.id) } });
    const row = el("tr", { class: fresh === decision.id ? "fresh" : null },
      el("td", {}, when(decision.at)),
      el("td", {}, button, document.createTextNode(` of ${decision.target}`), el("span", { class: "why", text: decision.message || decision.description || "" })),
      el("td", {}, outcome(decision), count > 1 ? el("span", { class: "why", text: `${count} times since ${clock(since)}` }) : null), el("td", { class: "num", text: number(decision.confidence, 2) }));
    return row;
  }));
  if (focused) { const again = document.querySelector(`[data-id="${CSS.escape(focused)}"]`); if (again) again.focus(); }
}

function showCycles() {
  const list = [...known.cycles.values()].sort((a, b) => b.started_at.localeCompare(a.started_at)).slice(0, limits.cycles);
  known.cycles = new Map(list.map((cycle) => [cycle.id, cycle]));
  $("cycles-count").textContent = list.length ? `last ${clock(list[0].started_at)}` : "no cycles yet";
  fill("cycles", list.slice(0, 40).map((cycle) => el("tr", {},
    el("td", {}, when(cycle.started_at)),
    el("td", {}, pill(cycle.metrics.health_state, healthTone[cycle.metrics.health_state])),
    el("td", { class: "num", text: cycle.finished ? (cycle.failed ? `${cycle.executed}, ${cycle.failed} failed` : cycle.executed) : "…" }),
    el("td", { class: "num", text: cycle.finished ? cycle.skipped : "…" }),
    el("td", { class: "num", text: cycle.finished ? number(cycle.duration_ms, cycle.duration_ms < 10 ? 1 : 0) : "…" }))));
  chart(list.reverse());
}

function chart(cycles) {
  const scored = cycles.filter((cycle) => typeof cycle.metrics.health_score === "number");
  const [width, height] = [600, 120];
  const parts = [0.25, 0.5, 0.75].map((level) => svg("line", { class: "grid", x1: 0, x2: width, y1: height * (1 - level), y2: height * (1 - level) }));
  if (scored.length) {
    const first = Date.parse(scored[0].started_at);
    const span = Math.max(1, Date.parse(scored[scored.length - 1].started_at) - first);
    const x = (cycle) => scored.length === 1 ? width : (Date.parse(cycle.started_at) - first) / span * width;
    const y = (cycle) => 4 + (height - 8) * (1 - cycle.metrics.health_score);
    const points = scored.map((cycle) => `${x(cycle).toFixed(1)},${y(cycle).toFixed(1)}`);
    if (scored.length === 1) points.unshift(`0,${y(scored[0]).toFixed(1)}`);
    parts.push(svg("polygon", { class: "area", points: `0,${height} ${points.join(" ")} ${width},${height}` }));
    for (const cycle of scored) {
      if (cycle.executed) parts.push(svg("line", { class: "mark", x1: x(cycle), x2: x(cycle), y1: height - 7, y2: height }));
    }
    parts.push(svg("polyline", { class: "line", points: points.join(" ") }));
    const scores = scored.map((cycle) => cycle.metrics.health_score);
    const acted = scored.filter((cycle) => cycle.executed).length;
    $("chart-text").textContent = `Score from 0 to 1 over ${plural(scored.length, "cycle", "cycles")}, ${clock(scored[0].started_at)} to ${clock(scored[scored.length - 1].started_at)}: lowest ${Math.min(...scores).toFixed(2)}, highest ${Math.max(...scores).toFixed(2)}, now ${scores[scores.length - 1].toFixed(2)}. Marks at the foot: ${plural(acted, "cycle", "cycles")} that acted.`;
  } else {
    $("chart-text").textContent = "No scored cycles yet: start a loop with dsl auto loop.";
  }
  $("chart").replaceChildren(...parts);
}

function showPending(pending) {
  $("pending-count").textContent = pending.length ? String(pending.length) : "";
  fill("pending", pending.map((item) => {
    const answer = (verb) => el("button", { type: "button", text: verb === "approve" ? "Approve" : "Reject", "aria-label": `${verb} ${words(item.type)} of ${item.target}`,
      on: { click: () => { const by = name(); if (by) change(`approvals/${item.id}/${verb}`, { by }, verb === "approve" ? "Approved" : "Rejected"); } } });
    return el("li", { "data-tone": "warn" },
      el("p", {}, el("strong", { text: words(item.type) }), document.createTextNode(` of ${item.target}: ${item.description} `), pill(`${item.approvals} of ${item.approvers_needed}`, "cool")),
      el("p", { class: "quiet", text: `${item.why}; confidence ${number(item.confidence, 2)}; expires in ${age(item.expires_in_s)}` }),
      el("p", { class: "row" }, answer("approve"), answer("reject")));
  }));
}

function showIncidents(incidents) {
  $("incidents-count").textContent = incidents.length ? String(incidents.length) : "";
  fill("incidents", incidents.map((incident) => el("li", { "data-tone": ["critical", "error"].includes(incident.severity) ? "bad" : "warn" },
    el("p", {}, pill(incident.severity, ["critical", "error"].includes(incident.severity) ? "bad" : "warn"), document.createTextNode(` ${incident.summary}`)),
    el("p", { class: "quiet" }, document.createTextNode(`${words(incident.rule)} of ${incident.target}, since `), when(incident.opened_at), document.createTextNode(incident.count > 1 ? `, ${incident.count} times` : "")))));
}

function showWork(work) {
  const totals = work.totals;
  const states = [["claimed", "good"], ["pending", "cool"], ["waiting", "warn"], ["expired", "warn"], ["failed", "bad"], ["quarantined", "bad"]];
  const parts = states.filter(([state]) => totals[state] > 0);
  const text = parts.map(([state]) => `${totals[state]} ${state}`).join(", ") || "no live items";
  $("work-count").textContent = text;
  $("work-bar").setAttribute("aria-label", text);
  $("work-bar").replaceChildren(...parts.map(([state, tone]) => {
    const part = el("span", { "data-tone": tone, title: `${totals[state]} ${state}` });
    part.style.flexGrow = totals[state];
    return part;
  }));
  const tones = { claimed: "good", pending: "cool", waiting: "warn", expired: "warn", failed: "bad", quarantined: "bad", completed: null };
  fill("work", work.items.map((item) => el("tr", {},
    el("td", { text: item.id }), el("td", {}, pill(item.state, tones[item.state])), el("td", { text: item.agent || "–" }),
    el("td", { class: "num", text: item.attempts }))));
}

// ---- one decision, with its why

async function openDecision(id) {
  try {
    const entry = await v1("decisions/" + encodeURIComponent(id));
    const decision = entry.decision;
    const fact = (name, value) => value === null || value === undefined || value === "" ? [] : [el("dt", { text: name }), el("dd", { text: value })];
    const body = [
      el("p", { text: decision.description || entry.description || "" }),
      el("p", { class: "quiet", text: decision.rationale || "" }),
      el("dl", { class: "facts" }, ...fact("Outcome", entry.undone ? "undone" : entry.outcome ? words(entry.outcome) : "under way"), ...fact("Result", entry.message),
        ...fact("Rule", decision.rule), ...fact("Priority", decision.priority), ...fact("Confidence", number(decision.confidence, 3)),
        ...(entry.refusal ? [...fact("Gate", words(entry.refusal.gate)), ...fact("Because", entry.refusal.reason), ...fact("Observed", entry.refusal.observed), ...fact("Required", entry.refusal.required)] : []),
        ...(entry.verdict ? fact("Verdict", entry.verdict.verdict) : []), ...fact("Id", entry.id)),
    ];
    if (decision.assessment) {
      body.push(el("h3", { text: "Confidence" }), el("table", {},
        el("thead", {}, el("tr", {}, ...["Term", "Value", "Weight", "Why"].map((text) => el("th", { scope: "col", text })))),
        el("tbody", {}, ...decision.assessment.terms.map((term) => el("tr", {}, el("td", { text: term.name }), el("td", { text: number(term.value, 2) }), el("td", { text: number(term.weight, 2) }), el("td", { text: term.why }))))));
    }
    if (entry.timeline.length) {
      body.push(el("h3", { text: "Timeline" }), el("ol", { class: "time" }, ...entry.timeline.map((event) => el("li", {}, when(event.at), el("span", { text: event.event }), el("span", { text: [event.detail, event.by ? `by ${event.by}` : ""].filter(Boolean).join(", ") })))));
    }
    if (entry.steps.length) {
      body.push(el("h3", { text: "Steps" }), el("ol", {}, ...entry.steps.slice(0, 50).map((step) => el("li", {}, el("code", { text: `${step.step.action} ${step.step.target}` }), document.createTextNode(step.performed_at ? " done" : " planned")))));
    }
    $("detail-title").textContent = `${words(entry.type)} of ${entry.target}`;
    $("detail-body").replaceChildren(...body);
    $("detail").showModal();
  } catch (error) { notice(error.message); }
}

// ---- traces

function showTraces(traces) {
  const chosen = $("traces").value;
  $("traces").replaceChildren(...traces.map((item) => el("option", { value: item.trace_id, text: `${clock(item.started_at)}  ${item.name}  ${number(item.duration_ms, 1)} ms${item.errors ? `, ${item.errors} failed` : ""}` })));
  if (traces.some((item) => item.trace_id === chosen)) $("traces").value = chosen;
  showTrace();
}
async function showTrace() {
  const id = $("traces").value;
  if (!id) return fill("spans", []);
  if (trace === id) return;
  try {
    const { spans } = await v1("traces/" + id);
    trace = id;
    const total = Math.max(...spans.map((span) => span.offset_ms + span.duration_ms), 0.001);
    const depth = new Map();
    for (const span of spans) depth.set(span.span_id, span.parent_span_id && depth.has(span.parent_span_id) ? depth.get(span.parent_span_id) + 1 : 0);
    fill("spans", spans.slice(0, 400).map((span) => {
      const bar = el("span", { "data-tone": span.status === "error" ? "bad" : null });
      bar.style.left = `${Math.min(99.5, span.offset_ms / total * 100)}%`;
      bar.style.width = `${Math.max(0.3, Math.min(100, span.duration_ms / total * 100))}%`;
      const label = el("span", { class: "name", title: span.name, text: span.name.replace("swarmsh.autonomous.", "") });
      label.style.paddingLeft = `${Math.min(8, depth.get(span.span_id)) * 0.8}rem`;
      return el("li", {}, label, el("span", { class: "lane", "aria-hidden": "true" }, bar), el("span", { class: "ms", text: `${number(span.duration_ms, span.duration_ms < 10 ? 2 : 0)} ms` }));
    }));
  } catch (error) { notice(error.message); }
}

// ---- loading and following

const loadStatus = async () => showStatus(await v1("status"));
const loadPending = async () => showPending((await v1("approvals")).pending);
const loadIncidents = async () => showIncidents((await v1("incidents")).incidents);
const loadWork = async () => showWork(await v1("work?limit=50"));
const loadTraces = async () => showTraces((await v1("traces?limit=20")).traces);
async function load() {
  const keep = (list, map) => { for (const item of list) map.set(item.id, item); };
  await Promise.all([
    loadStatus(), loadPending(), loadIncidents(), loadWork(), loadTraces(),
    v1(`decisions?limit=${limits.decisions}`).then((data) => { keep(data.decisions, known.decisions); showDecisions(); }),
    v1(`cycles?limit=${limits.cycles}`).then((data) => { keep(data.cycles, known.cycles); showCycles(); }),
  ]);
}
// What comes in quick succession is asked for once.
const later = new Map();
function soon(run) {
  if (later.has(run)) return;
  later.set(run, setTimeout(() => { later.delete(run); run().catch((error) => notice(error.message)); }, 300));
}
const handlers = {
  status: (data) => {
    const before = known.status && known.status.metrics;
    showStatus(data);
    if (!before || before.work_queue_size !== data.metrics.work_queue_size || before.completed_count !== data.metrics.completed_count) soon(loadWork);
  },
  cycle: (data) => { known.cycles.set(data.id, data); showCycles(); soon(loadTraces); soon(loadWork); },
  decision: (data) => { known.decisions.set(data.id, data); showDecisions(data.id); },
  health: (data) => say(`Health went from ${data.from || "unknown"} to ${data.to}`),
  approval: () => soon(loadPending), pause: () => soon(loadStatus),
  incidents: (data) => showIncidents(data.incidents), gap: () => soon(load),
};
function take(block) {
  const event = { name: "message", data: [] };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("event:")) event.name = value;
    if (line.startsWith("data:")) event.data.push(value);
    if (line.startsWith("id:")) lastEvent = value;
  }
  if (event.data.length && handlers[event.name]) handlers[event.name](JSON.parse(event.data.join("\n")));
}
function link(state, text) { if ($("link").dataset.state !== state) { $("link").dataset.state = state; $("link").textContent = text; } }

// fetch rather than EventSource: that one cannot send the token.
async function follow() {
  const headers = {};
  if (token) headers.Authorization = "Bearer " + token;
  if (lastEvent) headers["Last-Event-ID"] = lastEvent;
  const answer = await fetch("/api/v1/events", { headers, cache: "no-store" });
  if (answer.status === 401) openToken();
  if (!answer.ok) throw new Error(String(answer.status));
  // Only now: what happens while this loads waits in the stream.
  await load();
  link("live", "live");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) take(block);
  }
}
async function run() {
  let wait = 1000;
  for (;;) {
    try {
      await follow();
      wait = 1000;
    } catch (error) { wait = Math.min(30000, wait * 2); }
    link("lost", "connection lost; trying again");
    await new Promise((go) => setTimeout(go, wait * (0.7 + Math.random() * 0.6)));
  }
}

// ---- people

function name() {
  const by = $("by").value.trim().replace(/\s+/g, " ");
  if (!by) { $("by").focus(); say("Say who you are first: the field By"); notice("Say who you are first, in the field “By” of the loop."); }
  return by;
}
function resume() { const by = name(); if (by) change("resume", { by }, "The loop goes on"); }
function openToken() { if (!$("token-dialog").open) $("token-dialog").showModal(); }
$("access").addEventListener("click", openToken);
$("token-close").addEventListener("click", () => $("token-dialog").close());
$("detail-close").addEventListener("click", () => $("detail").close());
$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("token").value.trim();
  $("token").value = "";
  $("token-dialog").close();
  $("access").textContent = "Token set";
  load().catch((error) => notice(error.message));
});
$("control").addEventListener("submit", (event) => {
  event.preventDefault();
  const by = name();
  if (!by) return;
  if (known.control.paused) return resume();
  change("pause", { by, for: $("for").value, reason: $("reason").value.trim() || "no reason given" }, "Paused");
});
$("outcome").addEventListener("change", () => showDecisions());
$("traces").addEventListener("change", () => showTrace());
const themes = ["auto", "light", "dark"];
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
  $("theme").textContent = `Theme: ${theme}`;
  $("theme").setAttribute("aria-label", `Colour theme: ${theme === "auto" ? "as the system" : theme}`);
  try { localStorage.setItem("theme", theme); } catch (error) { /* private windows keep nothing */ }
}
$("theme").addEventListener("click", () => setTheme(themes[(themes.indexOf(document.documentElement.dataset.theme || "auto") + 1) % 3]));
try { const kept = localStorage.getItem("theme"); if (themes.includes(kept)) setTheme(kept); } catch (error) { /* as above */ }
run();
