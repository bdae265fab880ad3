// One function for each part of the page: data in, elements out.
import { byID, chip, facts, h, milliseconds, number, opening, percent, replace, sentence, span, tone, when } from "./dom.js";
import { get } from "./live.js";
import { waterfall } from "./trace.js";

const opened = { decisions: new Map(), traces: new Map() };
const outcomes = { refused: "held", nothing_to_do: "nothing to do", undone_after_failure: "undone", executed: "done" };
const empty = (text) => h("p", { className: "empty" }, text);

function tile(name, value, note, kind = "") {
  return h("div", {}, h("dt", {}, name), h("dd", { className: kind }, value), note ? h("dd", { className: `note ${tone(note)}` }, note) : null);
}

/** The figures at the top, the engine's mode, and what is wrong with the evidence. */
export function showStatus(data) {
  const metrics = data.metrics ?? {};
  const state = data.health_state ?? "unknown";
  byID("tiles").replaceChildren(
    tile("Health", number(data.status.health_score), state, tone(state)),
    tile("Agents", number(metrics.active_agents), `${metrics.busy_agents ?? 0} busy, ${metrics.idle_agents ?? 0} idle`
      + (metrics.draining_agents ? `, ${metrics.draining_agents} draining` : "") + (metrics.stale_agents ? `, ${metrics.stale_agents} silent` : "")),
    tile("Queue", number(metrics.work_queue_size), `${metrics.pending_work ?? 0} wait, ${metrics.claimed_work ?? 0} worked on`
      + (metrics.overdue_work ? `, ${metrics.overdue_work} overdue` : "")),
    tile("Completed", percent(metrics.completion_rate), `${metrics.completed_count ?? 0} done, ${metrics.failed_work ?? 0} failed`),
    tile("Throughput", metrics.throughput_per_min === undefined ? "–" : number(metrics.throughput_per_min), "items a minute"),
    tile("Response", milliseconds(metrics.response_time_ms), `${percent(metrics.error_rate)} errors`),
    tile("Telemetry", number(metrics.telemetry_volume), "records"));
  byID("place").textContent = data.coordination_dir;
  byID("place").title = data.coordination_dir;
  document.title = `${number(data.status.health_score)} ${state} · dsl`;
  showMode(data);
  const odd = data.evidence.filter((source) => source.status !== "fresh");
  byID("evidence").replaceChildren(
    ...(data.blind ? [h("p", { className: "bad" }, `The state is unknown: ${data.blind}`)] : []),
    ...odd.map((source) => h("p", {}, chip(source.status), ` ${source.source}: ${source.records} records`
      + (source.unreadable ? `, ${source.unreadable} unreadable` : "") + (source.newest_age_s === null ? "" : `, the newest ${span(source.newest_age_s)} old`)
      + source.notes.map((note) => `; ${note}`).join(""))),
    ...(data.problems ?? []).slice(0, 5).map((problem) => h("p", { className: "warn" }, typeof problem === "string" ? problem : problem.message ?? JSON.stringify(problem))));
}

function showMode(data) {
  const { control, leader } = data;
  const chips = [];
  if (control?.kill_switch) chips.push(chip("stopped by the kill switch", "bad", String(control.kill_switch.reason ?? control.kill_switch)));
  const pace = control?.pace;
  if (pace && pace.state !== "running") chips.push(chip(pace.state === "still" ? "the cluster stands still" : `${pace.steps_left} steps of the cluster to be made`, "warn", pace.problem ?? `${pace.by} asked for it`));
  if (control?.paused) chips.push(chip(`paused for ${span(control.paused.left_s)} more`, "warn", `${control.paused.by}: ${control.paused.reason}`));
  if (control?.waiting_for_approval) chips.push(chip(`${control.waiting_for_approval} wait for approval`, "warn"));
  if (leader) {
    const leads = leader.state === "leading";
    chips.push(chip(leads ? `led by ${leader.holder}` : "no engine leads", leads ? "ok" : "warn", leads ? `epoch ${leader.epoch} since ${leader.since}` : "start one: dsl auto loop"));
  }
  byID("mode").replaceChildren(...chips);
  byID("pause").textContent = control?.paused ? "Resume…" : "Pause…";
  byID("pause").dataset.paused = control?.paused ? "yes" : "";
}

/** What would be decided now: `dsl auto analyze`. */
export function showPlan(data) {
  const plan = data.decisions.map((decision) => {
    const gate = decision.gate;
    return h("li", {},
      h("p", {}, chip(gate.passed ? "would act" : `held: ${gate.refused_by}`, gate.passed ? "ok" : "warn"), " ", decision.description),
      h("p", { className: "quiet" }, `${decision.rationale}. Priority ${decision.priority}, confidence ${number(decision.confidence)}.`),
      gate.passed ? null : h("p", { className: "quiet" }, `${sentence(gate.reason)}.${gate.required ? ` Found ${gate.observed}, needed ${gate.required}.` : ""}`));
  });
  byID("plan").replaceChildren(plan.length ? h("ul", { className: "cards" }, plan) : empty(`Nothing: ${data.silence ?? data.blind ?? "no rule applies"}.`));
  byID("rules").hidden = !data.considered.length;
  byID("rules").querySelector("ul").replaceChildren(...data.considered.map((rule) => h("li", {},
    h("span", { className: "mono" }, rule.rule), rule.outcome === "failed"
      ? h("span", { className: "quiet" }, ` needs ${rule.condition} ${sentence(`${rule.required}, is ${rule.observed}`)}`)
      : h("span", {}, ` ${rule.outcome}`))));
}

function why(entry) {
  const { decision } = entry;
  const terms = decision.assessment?.terms ?? [];
  const steps = entry.steps.map(({ step }) => h("li", {}, h("span", { className: "mono" }, `${step.action} ${step.target}`)));
  return h("div", {},
    facts([["why", decision.rationale], ["rule", decision.rule], ["came of it", sentence(entry.message ?? "")], ["gate", entry.gate ? `held by: ${entry.gate}` : "passed"],
      ["predicted", entry.verdict ? `${entry.verdict.prediction.metric} ${entry.verdict.prediction.direction} within ${span(entry.verdict.prediction.within_s)}: ${entry.verdict.verdict}` : null],
      ["health", entry.verdict ? `${number(entry.verdict.health_before)} before, ${number(entry.verdict.health_after)} after` : null],
      ["undone", entry.undone ? "yes" : null], ["id", h("span", { className: "mono" }, entry.id)]]),
    terms.length ? h("h3", {}, `Confidence ${number(decision.assessment.result)}, at most ${number(decision.assessment.ceiling)}`) : null,
    terms.map((term) => h("p", {}, `${term.name} ${number(term.value)} `, h("span", { className: "quiet" }, term.why))),
    steps.length ? [h("h3", {}, "What was done"), h("ul", { className: "plain" }, steps)] : null,
    h("h3", {}, "What happened"),
    entry.timeline.map((event) => h("p", {}, when(event.at), ` ${event.event}`, h("span", { className: "quiet" }, ` ${sentence(event.detail ?? "")}${event.by ? ` by ${event.by}` : ""}`))),
    entry.outcome === "executed" && !entry.undone ? [h("h3", {}, "To take it back"), h("p", { className: "mono" }, `dsl auto rollback ${entry.id}`)] : null);
}

/** Rows, at most `most` of them, with a button for more. */
function rows(place, all, most, showMore, make) {
  const nodes = all.slice(0, most).map((entry) => h("li", {}, make(entry)));
  if (all.length > most) {
    const button = h("button", { type: "button" }, `Show more (${all.length - most})`);
    button.dataset.key = "more";
    button.addEventListener("click", showMore);
    nodes.push(h("li", { className: "buttons" }, button));
  }
  replace(place, nodes.length ? nodes : [h("li", {}, empty("None."))]);
}

/** Takes decisions in a row that came to nothing for the same reason as one: the newest, with how often and since when. */
function folded(decisions) {
  const found = [];
  const kind = (entry) => (["refused", "nothing_to_do"].includes(entry.outcome) ? `${entry.outcome} ${entry.gate} ${entry.type} ${entry.target} ${entry.description}` : null);
  for (const entry of decisions) {
    const last = found.at(-1);
    if (last && kind(entry) !== null && kind(entry) === kind(last.entry)) Object.assign(last, { count: last.count + 1, since: entry.at });
    else found.push({ entry, count: 1, since: entry.at });
  }
  return found;
}

/** Past decisions, newest first. */
export function showDecisions(decisions, cycles, most, showMore) {
  const traces = new Map(cycles.map((cycle) => [cycle.id, cycle.trace_id]));
  rows(byID("decision-rows"), folded(decisions), most, showMore, ({ entry, count, since }) => {
    const outcome = entry.undone ? "undone" : outcomes[entry.outcome] ?? entry.outcome ?? "under way";
    const cells = [when(entry.at), h("span", {}, chip(outcome)),
      h("span", { className: "what" }, entry.description, entry.gate ? h("span", { className: "quiet" }, ` – ${sentence(entry.message ?? `held by ${entry.gate}`)}`) : null),
      h("span", { className: "tail" }, count > 1 ? [`${count} times since `, when(since)] : `confidence ${number(entry.confidence)}`)];
    return opening(cells, opened.decisions, entry.id, `${outcome} ${entry.verdict?.verdict} ${traces.get(entry.cycle)}`, async () => {
      const content = why(await get(`/decisions/${encodeURIComponent(entry.id)}`));
      const trace = traces.get(entry.cycle);
      if (trace) content.append(h("h3", {}, "The cycle's trace"), waterfall(await get(`/traces/${trace}`)));
      return content;
    });
  });
}

/** Traces, newest first. */
export function showTraces(traces, most, showMore) {
  rows(byID("trace-rows"), traces, most, showMore, (trace) => {
    const count = trace.spans === null ? "ok" : `${trace.spans} span${trace.spans === 1 ? "" : "s"}`;
    const cells = [when(trace.started_at), h("span", {}, trace.errors ? chip(`${trace.errors} failed`, "bad") : chip(count, "")),
      h("span", { className: "what" }, trace.name), h("span", { className: "tail" }, milliseconds(trace.duration_ms))];
    return opening(cells, opened.traces, trace.trace_id, trace.duration_ms, async () => waterfall(await get(`/traces/${trace.trace_id}`)));
  });
}

/** Open incidents. */
export function showIncidents(incidents) {
  byID("incident-cards").replaceChildren(...(incidents.length ? incidents.map((incident) => h("li", {},
    h("p", {}, chip(incident.severity), ` ${incident.summary}`),
    h("p", { className: "quiet" }, `${incident.rule} of ${incident.target}, since `, when(incident.opened_at), incident.count > 1 ? `, ${incident.count} times` : ""))) : [h("li", {}, empty("None is open."))]));
}

/** Decisions that wait; `answer(approval, verb)` when a button is used. */
export function showApprovals(approvals, answer) {
  byID("approvals").hidden = !approvals.length;
  replace(byID("approval-cards"), approvals.map((approval) => {
    const button = (verb, text, kind) => {
      const node = h("button", { type: "button", className: kind, "aria-label": `${text} ${approval.description}` }, text);
      node.dataset.key = `${approval.id} ${verb}`;
      node.addEventListener("click", () => answer(approval, verb));
      return node;
    };
    return h("li", {},
      h("p", {}, chip(approval.status), ` ${approval.description}`), h("p", { className: "quiet" }, approval.rationale), h("p", { className: "quiet" }, approval.why),
      h("p", { className: "quiet" }, `${approval.approvals} of ${approval.approvers_needed} approved, lapses in ${span(approval.expires_in_s)}`),
      h("p", { className: "buttons" }, button("approve", "Approve…", "main"), button("reject", "Reject…", "")));
  }));
}

/** Agents that run, those that stopped counted. */
export function showAgents(agents) {
  const here = agents.filter((agent) => agent.running !== false && agent.state !== "stopped");
  const rows = here.slice(0, 100).map((agent) => h("tr", {}, h("td", { className: "mono", title: agent.id }, agent.id), h("td", { className: "state" }, chip(agent.state)),
    h("td", { className: "n" }, `${agent.claims} of ${agent.concurrency}`), h("td", { className: "n" }, agent.heartbeat_age_s === null ? "never" : span(agent.heartbeat_age_s))));
  const gone = agents.length - here.length;
  byID("agent-table").replaceChildren(
    here.length ? h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "agent"), h("th", { className: "state" }, "state"), h("th", { className: "n" }, "items"), h("th", { className: "n" }, "heard of"))), h("tbody", {}, rows)) : empty("None runs."),
    ...(here.length > 100 ? [empty(`and ${here.length - 100} more`)] : []), ...(gone ? [empty(`${gone} stopped`)] : []));
}

/** Totals and the first items. */
export function showWork(data) {
  const words = { pending: "", claimed: "ok", waiting: "", expired: "warn", failed: "bad", quarantined: "bad" };
  byID("totals").replaceChildren(...Object.entries(words).filter(([name]) => data.totals[name] || name === "pending" || name === "claimed")
    .map(([name, kind]) => chip(`${data.totals[name] ?? 0} ${name}`, data.totals[name] ? kind : "")));
  const rows = data.items.map((item) => h("tr", {}, h("td", { className: "mono", title: item.id }, item.id), h("td", { className: "state" }, chip(item.state, item.state === "completed" ? "ok" : tone(item.state))),
    h("td", { className: "mono", title: item.agent ?? "" }, item.agent ?? ""), h("td", { className: "n" }, item.finished ? when(item.finished) : item.percent === null ? `p${item.priority}` : `${item.percent} %`)));
  byID("work-table").replaceChildren(rows.length
    ? h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "item"), h("th", { className: "state" }, "state"), h("th", {}, "agent"), h("th", { className: "n" }, ""))), h("tbody", {}, rows)) : empty("No item."));
}

/** The chart's cycles as a table, newest first. */
export function showNumbers(cycles) {
  const rows = [...cycles].reverse().slice(0, 200).map((cycle) => h("tr", {}, h("td", {}, when(cycle.started_at)), h("td", {}, chip(cycle.metrics.health_state ?? "unknown")),
    h("td", { className: "n" }, number(cycle.metrics.health_score)), h("td", { className: "n" }, number(cycle.metrics.active_agents)), h("td", { className: "n" }, number(cycle.metrics.work_queue_size))));
  byID("numbers").querySelector(".scroll").replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, "time"), h("th", {}, "state"), h("th", { className: "n" }, "health"), h("th", { className: "n" }, "agents"), h("th", { className: "n" }, "queue"))), h("tbody", {}, rows)));
}
