// What the page knows, when it asks for more, and what people do with it.
import { Chart } from "./chart.js";
import { byID, chip, h, number } from "./dom.js";
import { dropToken, follow, get, getWhole, hasToken, post, setToken } from "./live.js";
import { showAgents, showApprovals, showDecisions, showIncidents, showNumbers, showPlan, showStatus, showTraces, showWork } from "./panels.js";

const know = { cycles: [], decisions: [], traces: [] };
const chart = new Chart(byID("chart"), byID("readout"));
const most = { decisions: 12, traces: 8 };
const showMore = (what, draw) => () => { most[what] *= 3; draw(); };

// MARK: asking

/** Runs one question at a time, at most every `ms`, and once more when it was wanted meanwhile; sleeps while nobody looks. */
function paced(ms, question) {
  let [runs, wanted, next] = [false, false, 0];
  return async function again() {
    wanted = true;
    if (runs || document.hidden) return;
    runs = true;
    while (wanted && !document.hidden) {
      await new Promise((done) => setTimeout(done, Math.max(0, next - Date.now())));
      wanted = false;
      next = Date.now() + ms;
      try {
        await question();
        notice("");
      } catch (error) {
        if (error.status === 401) await askToken();
        else if (error.status !== 404) notice(error.message);
      }
    }
    runs = false;
  };
}

const refresh = {
  status: paced(1000, async () => heardStatus((await getWhole("/status")).data)),
  plan: paced(4000, async () => showPlan((await getWhole("/analyze")).data)),
  cycles: paced(2000, loadCycles),
  decisions: paced(1000, async () => {
    know.decisions = (await get(`/decisions?limit=200`)).decisions;
    drawDecisions();
  }),
  approvals: paced(1000, async () => showApprovals((await get("/approvals")).pending, answer)),
  incidents: paced(1000, async () => showIncidents((await get("/incidents")).incidents)),
  work: paced(3000, async () => {
    const state = byID("state").value;
    const states = state ? [state] : ["claimed", "expired", "pending", "waiting"];
    showWork(await get(`/work?limit=20&${states.map((word) => `state=${word}`).join("&")}`));
  }),
  files: paced(10000, async () => {
    heardFiles(await get("/sim/training"));
    heardFiles(await get("/sim/study"));
  }),
  traces: paced(5000, async () => {
    const cycles = [...know.cycles].reverse().filter((cycle) => cycle.trace_id);
    know.traces = byID("trace-kind").value ? cycles.map(traceOfCycle) : (await get("/traces?limit=100")).traces;
    drawTraces();
  }),
};
const everything = () => Object.values(refresh).forEach((ask) => ask());

/** A cycle in the shape of an entry of `/api/v1/traces`. */
const traceOfCycle = (cycle) => ({
  trace_id: cycle.trace_id, started_at: cycle.started_at, duration_ms: cycle.duration_ms, errors: cycle.failed ?? 0, spans: null,
  name: cycle.executed ? `cycle, ${cycle.executed} decision${cycle.executed === 1 ? "" : "s"} carried out` : "cycle",
});

async function loadCycles() {
  const since = new Date(Date.now() - Number(byID("span").value) * 1000).toISOString();
  const found = [];
  for (let offset = 0; offset < 10000; offset += 1000) {
    const { cycles } = await get(`/cycles?since=${since}&limit=1000&offset=${offset}`);
    found.push(...cycles);
    if (cycles.length < 1000) break;
  }
  know.cycles = found.reverse();
  drawChart();
  drawDecisions();
  refresh.traces();
}

// MARK: drawing

function drawChart() {
  const to = Date.now();
  const from = to - Number(byID("span").value) * 1000;
  know.cycles = know.cycles.filter((cycle) => Date.parse(cycle.started_at) >= from);
  const points = know.cycles.map((cycle) => ({ at: Date.parse(cycle.started_at), metrics: cycle.metrics }));
  const marks = know.decisions.filter((entry) => ["executed", "failed"].includes(entry.outcome))
    .map((entry) => ({ at: Date.parse(entry.at), type: entry.type, outcome: entry.outcome, text: `${entry.description}: ${entry.message ?? entry.outcome}` }));
  chart.show(points, marks, from, to);
  if (byID("numbers").open) showNumbers(know.cycles);
}

function drawDecisions() {
  const wanted = byID("outcome").value;
  const found = know.decisions.filter((entry) => !wanted || wanted.split(" ").includes(entry.outcome));
  showDecisions(found, know.cycles, most.decisions, showMore("decisions", drawDecisions));
}

function drawTraces() {
  showTraces(know.traces, most.traces, showMore("traces", drawTraces));
}

/** One message above everything, or none. */
function notice(text, kind = "bad") {
  const now = byID("notice").textContent;
  if (now !== text) byID("notice").replaceChildren(...(text ? [h("p", { className: `banner ${kind}` }, text)] : []));
}

/** For those who hear the page. */
const say = (text) => { byID("said").textContent = text; };

let state = null;
function heardStatus(data) {
  showStatus(data);
  showAgents(data.agents ?? []);
  know.cluster = (data.evidence ?? []).some(({ source }) => source === "cluster");
  drawSimulator();
  if (state !== null && state !== data.health_state) say(`Health is ${data.health_state ?? "unknown"}, ${number(data.status.health_score)}`);
  state = data.health_state;
}

/** The way to the simulator's page, where there is something to see on it. */
function drawSimulator() {
  byID("sim").hidden = !know.cluster && !know.files;
  byID("sim").textContent = know.cluster ? "simulated cluster" : "trainings";
}
function heardFiles(data) {
  if (data.groups?.length || data.file) know.files = true;
  drawSimulator();
}

// MARK: following

const heard = {
  status: heardStatus,
  cycle(cycle) {
    know.cycles = [...know.cycles.filter((other) => other.id !== cycle.id), cycle];
    drawChart();
    refresh.plan();
    refresh.work();
    refresh.traces();
  },
  decision(entry) {
    const others = know.decisions.filter((other) => other.id !== entry.id);
    know.decisions = [entry, ...others].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 200);
    drawDecisions();
  },
  approval: () => { refresh.approvals(); refresh.status(); },
  pause: () => refresh.status(),
  pace: () => refresh.status(),
  training: heardFiles,
  study: heardFiles,
  incidents: (data) => showIncidents(data.incidents),
  gap: everything,
  health() {},
};

function linked(word, reason) {
  if (word === "live") {
    byID("link").replaceWith(Object.assign(chip("live", "ok"), { id: "link", role: "status" }));
    everything();
    return;
  }
  byID("link").replaceWith(Object.assign(chip("not connected", "bad", reason), { id: "link", role: "status" }));
  if (reason === "token") askToken();
}

// MARK: people

const field = (name, label, value = "", more = {}) => h("label", {}, label, h("input", { name, value, required: true, autocomplete: "off", ...more }));

/** Asks in a dialog; `act(values)` runs when it is confirmed, and what it throws is shown there. */
function askFor(title, why, confirm, fields, act) {
  const dialog = byID("ask");
  if (dialog.open) return Promise.resolve();
  byID("ask-h").textContent = title;
  byID("ask-why").textContent = why;
  byID("ask-yes").textContent = confirm;
  byID("ask-error").textContent = "";
  byID("ask-fields").replaceChildren(...fields);
  const form = dialog.querySelector("form");
  return new Promise((done) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await act(Object.fromEntries(new FormData(form)));
        dialog.close();
      } catch (error) {
        if (error.status === 401) dropToken();
        byID("ask-error").textContent = error.message;
      }
    };
    byID("ask-no").onclick = () => dialog.close();
    dialog.onclose = () => done();
    dialog.showModal();
  });
}

let refused = 0;
function askToken() {
  // Whoever says no is not asked again at once.
  if (Date.now() - refused < 60000) return notice("This server wants its token for reading. Reload the page to enter it.");
  return askFor("This server wants its token", "It stays in this tab until the tab is closed.", "Continue", [field("token", "Token", "", { type: "password" })], ({ token }) => {
    setToken(token);
    everything();
  }).then(() => { if (!hasToken()) refused = Date.now(); });
}

/** Fields of every change: who, and the token where it is not known yet. */
const person = () => [field("by", "Your name, for the record", sessionStorage.getItem("dsl-by") ?? ""), ...(hasToken() ? [] : [field("token", "The server's token", "", { type: "password" })])];

async function change(path, { token, ...body }) {
  if (token) setToken(token);
  sessionStorage.setItem("dsl-by", body.by);
  await post(path, body);
  everything();
}

function answer(approval, verb) {
  const comment = field("comment", "Comment (may be empty)", "", { required: false });
  askFor(verb === "approve" ? "Approve this?" : "Reject this?", approval.description, verb === "approve" ? "Approve" : "Reject", [...person(), comment],
    ({ comment, ...rest }) => change(`/approvals/${encodeURIComponent(approval.id)}/${verb}`, comment ? { comment, ...rest } : rest));
}

byID("pause").addEventListener("click", () => {
  if (byID("pause").dataset.paused) {
    return askFor("Let the loop act again?", "It decides and acts from its next cycle on.", "Resume", person(), (values) => change("/resume", values));
  }
  return askFor("Pause the loop?", "It goes on looking and deciding, but does nothing until the time is over or somebody resumes it.", "Pause", [
    field("for", "For how long", "30m", { pattern: "[1-9][0-9]{0,5}[smh]", title: "30m, 2h, 90s" }), field("reason", "Why"), ...person(),
  ], (values) => change("/pause", values));
});

const themes = ["auto", "light", "dark"];
function theme(word) {
  if (word === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = word;
  byID("theme").textContent = `Theme: ${word}`;
  localStorage.setItem("dsl-theme", word);
}
byID("theme").addEventListener("click", () => theme(themes[(themes.indexOf(localStorage.getItem("dsl-theme") ?? "auto") + 1) % 3]));
theme(themes.includes(localStorage.getItem("dsl-theme")) ? localStorage.getItem("dsl-theme") : "auto");

byID("span").addEventListener("change", refresh.cycles);
byID("outcome").addEventListener("change", drawDecisions);
byID("trace-kind").addEventListener("change", refresh.traces);
byID("state").addEventListener("change", refresh.work);
byID("numbers").addEventListener("toggle", () => showNumbers(know.cycles));
document.addEventListener("visibilitychange", () => { if (!document.hidden) everything(); });
setInterval(() => { if (!document.hidden && know.cycles.length) drawChart(); }, 10000);

everything();
follow((name, data) => heard[name]?.(data), linked);
