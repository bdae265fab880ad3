// The simulator's page: what the server shows, and what people do with the player. An engine's server has it at /sim, for the
// cluster that its loop runs on: there it watches, and says when the cluster is to stand still.
import { byID, chip, facts, h, number, replace } from "./dom.js";
import { cellAt, channels, paint, paintRamp, words } from "./heat.js";
import { dropToken, follow, get, hasToken, post, setToken } from "./live.js";
import { drawStudy, drawTraining, EpisodePlot } from "./plots.js";

const names = ["move up", "move down", "move left", "move right", "clean", "scale", "memory clean", "throttle"];
const know = { player: null, frame: null, tape: 0, points: [], actions: [], incidents: [], groups: [], studies: [] };
/** Whether a loop makes the steps; and what of it is looked at: its episode or a recorded one, at the last step or another. */
const watching = location.pathname === "/sim";
const watch = { recording: null, known: null, step: null, looks: false, wanted: false, leader: null };
const nameKey = "dsl-by";
document.body.classList.toggle("watch", watching);

/** One message above everything, or none. */
function notice(text) {
  if (byID("notice").textContent !== text) byID("notice").replaceChildren(...(text ? [h("p", { className: "banner bad" }, text)] : []));
}
const say = (text) => { byID("said").textContent = text; };

// MARK: the token

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  setToken(given);
  history.replaceState(null, "", location.pathname);
}

/** Asks for the token, or for the name of whoever asks for a change, or both; true when they were entered. */
function askToken(wantsToken = true, wantsName = false) {
  const dialog = byID("ask");
  if (dialog.open) return Promise.resolve(false);
  for (const [id, isWanted] of [["token", wantsToken], ["by", wantsName]]) {
    byID(`ask-${id}`).hidden = !isWanted;
    byID(id).required = isWanted;
  }
  byID("ask-h").textContent = wantsToken ? "This server wants its token" : "Who asks for it?";
  byID("ask-why").hidden = !wantsToken;
  return new Promise((done) => {
    let entered = false;
    dialog.querySelector("form").onsubmit = () => {
      if (wantsToken) setToken(byID("token").value);
      if (wantsName) sessionStorage.setItem(nameKey, byID("by").value.trim().replace(/\s+/g, " "));
      entered = true;
    };
    byID("ask-no").onclick = () => dialog.close();
    dialog.onclose = () => { byID("token").value = ""; done(entered); };
    dialog.showModal();
  });
}

/** Asks the server for a change; what it refuses is told. */
async function change(path, body = {}) {
  const isNameless = watching && !sessionStorage.getItem(nameKey);
  if ((isNameless || !hasToken()) && !(await askToken(!hasToken(), isNameless))) return;
  try {
    const answer = await post(`/sim${path}`, watching ? { ...body, by: sessionStorage.getItem(nameKey) } : body);
    if (watching) look();
    else heardPlayer(answer);
    notice("");
  } catch (error) {
    if (error.status !== 401) return notice(error.message);
    dropToken();
    if (await askToken()) await change(path, body);
  }
}

// MARK: what is heard

function begin(tape) {
  Object.assign(know, { tape, points: [], actions: [], incidents: [] });
}

/** Takes in a frame and the steps that come with it; false when steps are missing. */
function take(shown) {
  if (shown.tape !== know.tape) begin(shown.tape);
  const from = shown.since;
  if (from > know.points.length) return false;
  know.points.length = from;
  know.actions.length = Math.min(know.actions.length, Math.max(0, from - 1));
  know.points.push(...shown.points);
  know.actions.push(...shown.actions);
  know.incidents = [...know.incidents.filter((incident) => incident.step < from), ...shown.incidents];
  return know.points.length === shown.steps_done + 1;
}

let filling = false;
async function heardFrame(shown) {
  know.frame = shown.frame;
  know.over = shown.over;
  const isWhole = take(shown);
  drawFrame();
  if (isWhole || filling) return;
  filling = true;
  try {
    for (let tries = 0; tries < 1000; tries += 1) {
      const answer = await get(`/sim/frame?since=${know.points.length}`);
      know.over = answer.over;
      if (take(answer)) break;
    }
    drawFrame();
    notice("");
  } catch (error) {
    notice(error.message);
  }
  filling = false;
}

function heardPlayer(player) {
  const before = know.player;
  know.player = player;
  drawPlayer();
  if (player.problem) notice(player.problem);
  if (!watching && before && before.running !== player.running) say(player.running ? "Running" : `Paused at step ${player.position}`);
  if (!before || before.tape !== player.tape) loadRecordings();
  if (!before && !watching) {
    if (player.shows.training) get("/sim/training").then(heardTraining, (error) => notice(error.message));
    if (player.shows.study) get("/sim/study").then(heardStudy, (error) => notice(error.message));
    drawTrainings();
    drawStudies();
  }
}

function heardTraining(data) {
  know.groups = data.groups;
  byID("training").hidden = watching && !know.groups.length;
  drawTrainings();
}

function heardStudy(data) {
  know.studies = data.studies;
  know.study = data;
  byID("study").hidden = watching && data.file === null;
  drawStudies();
}

function linked(word, reason) {
  const isLive = word === "live";
  if (isLive && watching) lookAtFiles().then(look);
  byID("link").replaceWith(Object.assign(chip(isLive ? "live" : "not connected", isLive ? "ok" : "bad", reason || null), { id: "link", role: "status" }));
  if (reason === "token") askToken();
}

// MARK: watching

/** Asks for the curves and studies that the engine's server was given to show. */
async function lookAtFiles() {
  try {
    heardTraining(await get("/sim/training"));
    heardStudy(await get("/sim/study"));
  } catch (error) {
    if (error.status !== 401) notice(error.message);
  }
}

/** Only what there is: without a cluster, trainings and studies alone. */
function arrange(hasCluster) {
  for (const id of ["player", "curves", "cluster", "actions", "recordings"]) byID(id).hidden = !hasCluster;
  document.body.classList.toggle("files", !hasCluster);
}

/** What is asked of the cluster's time, and what comes of it. */
function drawPace() {
  const { pace, leader, shows, recorded } = know.player;
  byID("pace").hidden = recorded || !pace || (!shows.controls && pace.state === "running");
  if (byID("pace").hidden) return;
  const isStill = pace.state === "still";
  for (const id of ["pace-run", "pace-step"]) byID(id).hidden = !shows.controls;
  byID("pace-count").parentElement.hidden = !shows.controls;
  const idle = leader === "leading" ? null : "No loop runs: nothing moves until one does.";
  byID("pace-run").textContent = pace.state === "running" ? "Pause" : "Start";
  for (const [id, title] of [["pace-run", pace.state === "running" ? "Have the cluster stand still" : "Have the cluster go on"], ["pace-step", "Have the loop make so many steps, and stand still"]]) byID(id).title = idle ? `${title}. ${idle}` : title;
  const words = { running: "the cluster goes on", stepping: `${pace.steps_left} ${pace.steps_left === 1 ? "step" : "steps"} to be made`, still: "the cluster stands still" };
  const said = `${words[pace.state]}${pace.by && pace.state !== "running" ? `, as ${pace.by} asked` : ""}${pace.problem ? `: ${pace.problem}` : ""}. ${idle ?? ""}`.trim();
  if (byID("pace-said").textContent !== said) byID("pace-said").textContent = said;
  byID("pace-said").className = isStill || idle ? "warn" : "quiet";
}

/** Asks what there is to see, one question at a time. */
async function look() {
  watch.wanted = true;
  if (watch.looks) return;
  watch.looks = true;
  while (watch.wanted) {
    watch.wanted = false;
    try {
      // What is known of one episode is nothing of another, whatever their numbers.
      if (watch.known !== watch.recording) Object.assign(know, { tape: 0 });
      watch.known = watch.recording;
      const which = watch.recording === null ? "" : `recording=${encodeURIComponent(watch.recording)}&`;
      const player = await get(`/sim/state?${which}`);
      // Some steps are asked for again: what was undone may have gone another way.
      let since = player.tape === know.tape ? Math.max(0, know.points.length - 20) : 0;
      for (let tries = 0; tries < 1000; tries += 1) {
        const shown = await get(`/sim/frame?${which}since=${since}${watch.step === null ? "" : `&step=${watch.step}`}`);
        Object.assign(know, { frame: shown.frame, over: shown.over });
        if (take(shown)) break;
        since = know.points.length;
      }
      watch.leader = player.leader;
      arrange(true);
      heardPlayer(player);
      drawFrame();
      notice("");
    } catch (error) {
      if (error.status === 404 && watch.recording === null && (know.groups.length || know.study?.file)) {
        arrange(false);
        notice("");
        continue;
      }
      if (error.status !== 401) {
        notice(error.message);
        continue;
      }
      dropToken();
      if (await askToken()) watch.wanted = true;
    }
  }
  watch.looks = false;
}

/** Turns to the episode in progress, or to a recorded one. */
function watchEpisode(recording) {
  Object.assign(watch, { recording, step: null });
  byID("following").checked = recording === null;
  look();
}

/** Stays at a step, while the loop may go on. */
function watchStep(step) {
  watch.step = Math.min(Math.max(0, step), Math.max(0, know.points.length - 1));
  byID("following").checked = false;
  look();
}

// MARK: drawing

const plot = new EpisodePlot(byID("curve"), byID("curve-read"), (step) => seek(step));

function drawPlayer() {
  const player = know.player;
  byID("run").textContent = player.running ? "Pause" : "Start";
  byID("place").textContent = player.recorded ? player.recording.replace(/\.blackbox\.json$/, "") : `key ${player.key}`;
  byID("mode").replaceChildren(
    chip(player.recorded ? "recorded" : watching ? `episode ${player.episode}` : "simulated", ""), chip(`${player.configuration.height}×${player.configuration.width} cells`, ""),
    chip(player.policy, ""),
    ...(watching ? (player.recorded ? [] : [chip(player.leader === "leading" ? "a loop leads" : "no loop leads", player.leader === "leading" ? "ok" : ""),
      ...(player.pace.state === "running" ? [] : [chip(player.pace.state === "still" ? "stands still" : "stepping", "warn")])])
      : [chip(player.running ? "running" : "paused", player.running ? "ok" : "")]),
    ...(player.over && player.cause !== "none" ? [chip(player.cause.replaceAll("_", " "), player.cause === "time_limit" ? "ok" : "bad")] : []));
  document.title = `${player.running ? "▶ " : ""}dsl sim · ${player.policy}`;
  if (watching) return drawPace();
  const options = [...(player.recorded ? [h("option", { value: "" }, `${player.policy} (recorded)`)] : []), ...player.policies.map((name) => h("option", { value: name }, name.split("/").at(-1)))];
  byID("policy").replaceChildren(...options);
  byID("policy").value = player.recorded ? "" : player.policy;
  const speeds = [...byID("speed").options].map((option) => Number(option.value));
  if (!speeds.includes(player.speed_steps_per_s)) byID("speed").append(h("option", { value: player.speed_steps_per_s }, `${player.speed_steps_per_s} steps/s`));
  byID("speed").value = String(player.speed_steps_per_s);
  byID("continues").checked = player.continues;
  byID("back").disabled = player.position === 0;
  byID("ahead").disabled = player.over && player.position >= player.steps_done;
}

let sliding = false;
function drawFrame() {
  const frame = know.frame;
  const last = Math.max(frame.step, know.points.length - 1);
  byID("at").max = String(last);
  if (!sliding) byID("at").value = String(frame.step);
  byID("at").setAttribute("aria-valuetext", `step ${frame.step} of ${last}`);
  byID("where").textContent = `step ${frame.step} of ${last}`;
  byID("back").disabled = frame.step === 0;
  byID("ahead").disabled = (watching || Boolean(know.over)) && frame.step >= last;
  paint(byID("heat"), frame, byID("channel").value);
  byID("heat").setAttribute("aria-label", words(frame));
  tiles(frame.point);
  const player = know.player;
  if (player) {
    plot.show(know.points, know.incidents, frame.step, {
      max: player.configuration.max_steps, budget: player.configuration.budget, collapse: player.configuration.collapse_load,
      recorded: player.recorded, over: know.over,
    });
  }
  bars(frame);
  if (byID("cells").open) table(frame);
}

function tiles(point) {
  const load = (point.mean_cpu + point.mean_memory) / 2;
  const rows = [["step", number(point.step)], ["reward", number(point.reward)], ["budget", number(point.budget)], ["load", number(load)],
    ["hot cells", `${number(point.hot_share * 100)} %`], ["critical memory", number(point.risk)], ["out of memory", number(point.ooms)]];
  byID("tiles").replaceChildren(...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function bars(frame) {
  const counts = names.map(() => 0);
  const done = Math.min(frame.step, know.actions.length);
  for (let step = 0; step < done; step += 1) counts[know.actions[step]] += 1;
  const most = Math.max(1, ...counts);
  byID("last-action").textContent = frame.action === null ? "" : `last: ${names[frame.action]}`;
  byID("action-bars").replaceChildren(...names.map((name, action) => {
    const fill = h("div", { className: "fill" });
    fill.style.width = `${(counts[action] / most) * 100}%`;
    return h("div", { className: `bar-row ${frame.action === action ? "now" : ""}` }, h("span", { className: "name" }, name),
      h("div", { className: "track" }, fill), h("span", { className: "num" }, `${counts[action]} · ${number(done ? (counts[action] / done) * 100 : 0)} %`));
  }));
}

function table(frame) {
  const rows = frame.memory_permille.map((memory, cell) => [cell, memory]).sort((a, b) => b[1] - a[1]).slice(0, 200);
  byID("cells").querySelector(".scroll").replaceChildren(h("table", {},
    h("thead", {}, h("tr", {}, ["cell", "memory", "CPU", "priority"].map((name, index) => h("th", { className: index ? "n" : "" }, name)))),
    h("tbody", {}, rows.map(([cell, memory]) => h("tr", {}, h("td", {}, `(${Math.floor(cell / frame.width)}, ${cell % frame.width})`),
      [memory, frame.cpu_permille[cell], frame.priority_permille[cell]].map((value) => h("td", { className: "n" }, (value / 1000).toFixed(3))))))));
}

function drawTrainings() {
  drawTraining(byID("training-plot"), byID("training-key"), know.groups, byID("measure").value);
  byID("training-problems").replaceChildren(...know.groups.flatMap((group) => group.problems).map((text) => h("li", {}, text)));
}

function drawStudies() {
  const choice = byID("study-name");
  const named = choice.value;
  choice.replaceChildren(...know.studies.map((study) => h("option", { value: study.name }, study.name)));
  if (know.studies.some((study) => study.name === named)) choice.value = named;
  byID("study-choice").hidden = know.studies.length < 2;
  const study = know.studies.find((other) => other.name === choice.value);
  drawStudy(byID("study-plot"), study);
  const tones = { complete: "ok", pruned: "", failed: "bad", running: "warn", waiting: "" };
  byID("study-counts").replaceChildren(...(study ? Object.entries(study.trials).filter(([name, count]) => count || name === "complete").map(([name, count]) => chip(`${count} ${name}`, count ? tones[name] : "")) : []),
    ...(know.study?.unreadable_lines ? [chip(`${know.study.unreadable_lines} unreadable lines`, "bad")] : []));
  byID("study-best").replaceChildren(...(study?.best ? [facts([
    [`best of ${study.name}`, `${number(study.best.value)} (trial ${study.best.trial}, ${study.direction})`],
    ...Object.entries(study.best.parameters_internal).map(([name, value]) => [name, String(Number(value.toPrecision(6)))]),
  ])] : []), ...(know.study?.problems ?? []).map((text) => h("p", { className: "bad" }, text)));
}

async function loadRecordings() {
  if (!know.player.shows.recordings) {
    byID("recording-list").replaceChildren(h("li", { className: "empty" }, "None: give a directory with --black-boxes, from dsl sim run --black-boxes DIR."));
    return;
  }
  try {
    const { recordings } = await get("/sim/recordings");
    replace(byID("recording-list"), recordings.length ? recordings.map((name) => {
      const button = h("button", { type: "button", "aria-current": String(name === know.player.recording) }, name.replace(/\.blackbox\.json$/, ""));
      button.dataset.key = name;
      button.addEventListener("click", () => (watching ? watchEpisode(name) : change("/recording", { name })));
      return h("li", {}, button);
    }) : [h("li", { className: "empty" }, "None in the directory.")]);
  } catch (error) {
    notice(error.message);
  }
}

// MARK: what people do

let asked = null;
let asking = false;
/** Shows a step: the last one that was wanted, one question at a time. */
async function seek(step) {
  if (watching) return watchStep(step);
  asked = step;
  if (asking) return;
  asking = true;
  while (asked !== null) {
    const wanted = asked;
    asked = null;
    await change("/seek", { step: wanted });
  }
  asking = false;
}

const toggle = () => (watching ? byID("following").click() : know.player?.running ? change("/pause") : change("/start"));
const step = (count) => (watching ? watchStep(know.frame.step + count) : change("/step", { count }));

byID("run").addEventListener("click", toggle);
byID("pace-run").addEventListener("click", () => change(know.player.pace.state === "running" ? "/pause" : "/start"));
byID("pace-step").addEventListener("click", () => { if (byID("pace-count").reportValidity()) change("/step", { count: Number(byID("pace-count").value) }); });
byID("back").addEventListener("click", () => step(-1));
byID("ahead").addEventListener("click", () => step(1));
byID("next").addEventListener("click", () => change("/episode", { episode: know.player.episode + 1 }));
byID("policy").addEventListener("change", () => { if (byID("policy").value) change("/episode", { policy: byID("policy").value }); });
byID("speed").addEventListener("change", () => change("/speed", { steps_per_s: Number(byID("speed").value) }));
byID("continues").addEventListener("change", () => change("/continues", { continues: byID("continues").checked }));
byID("following").addEventListener("change", () => (byID("following").checked ? watchEpisode(null) : watchStep(know.frame.step)));
byID("at").addEventListener("input", () => { sliding = true; seek(Number(byID("at").value)); });
byID("at").addEventListener("change", () => { sliding = false; });
byID("reload").addEventListener("click", loadRecordings);
byID("channel").addEventListener("change", () => { if (know.frame) drawFrame(); });
byID("measure").addEventListener("change", drawTrainings);
byID("study-name").addEventListener("change", drawStudies);
byID("cells").addEventListener("toggle", () => { if (know.frame) table(know.frame); });
byID("heat").addEventListener("pointermove", (event) => {
  const cell = know.frame ? cellAt(byID("heat"), know.frame, event) : null;
  byID("cell").textContent = cell === null ? "" : `(${Math.floor(cell / know.frame.width)}, ${cell % know.frame.width}): `
    + Object.entries(channels).map(([name, member]) => `${name} ${(know.frame[member][cell] / 1000).toFixed(2)}`).join(", ");
});
byID("heat").addEventListener("pointerleave", () => { byID("cell").textContent = ""; });

// Where a control has the focus its own keys come first.
document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || byID("ask").open || target.closest("select, input, summary, .scroll")) return;
  if (watching && !know.frame) return;
  if (event.key === " " && !target.closest("button, a")) {
    event.preventDefault();
    toggle();
  }
  const count = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
  if (count !== undefined && know.player) {
    event.preventDefault();
    step(count);
  }
  if (event.key === "Home") seek(0);
});

const themes = ["auto", "light", "dark"];
function redraw() {
  paintRamp(byID("ramp"));
  if (know.frame) drawFrame();
}
function theme(word) {
  if (word === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = word;
  byID("theme").textContent = `Theme: ${word}`;
  localStorage.setItem("dsl-theme", word);
  redraw();
}
byID("theme").addEventListener("click", () => theme(themes[(themes.indexOf(localStorage.getItem("dsl-theme") ?? "auto") + 1) % 3]));
theme(themes.includes(localStorage.getItem("dsl-theme")) ? localStorage.getItem("dsl-theme") : "auto");
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new ResizeObserver(() => { if (know.frame) drawFrame(); drawTrainings(); drawStudies(); }).observe(byID("training-plot"));

byID("curve-key").replaceChildren(h("span", { className: "line reward" }, "reward so far"), h("span", { className: "line load" }, "load"), h("span", { className: "line budget" }, "budget"));
if (watching) {
  addEventListener("resize", redraw);
  for (const id of ["training", "study"]) byID(id).hidden = true;
}
const heard = { player: heardPlayer, frame: heardFrame, training: heardTraining, study: heardStudy };
/** What the engine's server tells: that the cluster or what is asked of it has changed, and files as they change. */
const seen = {
  cycle: () => { if (byID("following").checked) look(); }, pace: look, gap: look, training: heardTraining, study: heardStudy,
  // A cycle that decided tells of itself: what is undone afterwards has none.
  decision: (data) => { if (data.undone && byID("following").checked) look(); },
  status: (data) => { if (know.player && data.leader.state !== watch.leader) look(); },
};
if (watching) follow((name, data) => seen[name]?.(data), linked, `/events?${["cycle", "decision", "pace", "status", "training", "study"].map((name) => `event=${name}`).join("&")}`);
else follow((name, data) => heard[name]?.(data), linked, "/sim/events");
