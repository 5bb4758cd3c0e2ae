// Verdicts as they come: counts, a chart, and a table of the last ones.

import { at, count, drawing, element } from "./dom.js";

/** How many verdicts the table shows. */
const ROWS = 200;
/** How many are kept, so that a filter finds as many as that. */
const KEPT = 2_000;
/** The chart has so many bars, of so many milliseconds each. */
const BARS = 60;
const BAR = 5_000;
/** How often at most the page is drawn, and the summary is told, in milliseconds. */
const DRAWN = 250;
const TOLD = 15_000;
/** How many entries of a tally are shown. */
const TALLY = 6;
/** How many devices are told apart, beside which nobody counts. */
const DEVICES = 10_000;

const FILTERS = ["verdict", "application", "platform", "mode", "reason"];
const MARKS = { allowed: "✓", refused: "✕", locked: "⚿" };

const kept = [];
const totals = { allowed: 0, refused: 0, locked: 0 };
const tallies = { reason: new Map(), application: new Map(), platform: new Map(), mode: new Map() };
const offered = Object.fromEntries(FILTERS.map((name) => [name, new Set()]));
const devices = new Set();
/** By the number of the bar since 1970. */
const bars = new Map();
let lost = 0;
let paused = false;
let missed = 0;
let due = null;
let told = "";

/** Takes a line of the stream. */
export function take(line) {
  if (line.kind === "lost") {
    lost += line.events;
    draw();
  }
  if (line.kind !== "verdict" || !(line.verdict in totals)) {
    return;
  }
  kept.push(line);
  if (kept.length > KEPT) {
    kept.shift();
  }
  totals[line.verdict] += 1;
  if (line.device !== null && devices.size < DEVICES) {
    devices.add(line.device);
  }
  for (const name of ["application", "platform", "mode"]) {
    add(tallies[name], line[name] ?? "none");
  }
  if (line.verdict === "refused") {
    add(tallies.reason, line.reason ?? "none");
  }
  for (const name of FILTERS) {
    if (line[name] !== null) {
      offered[name].add(line[name]);
    }
  }
  const number = Math.floor(Date.parse(line.at) / BAR);
  const bar = bars.get(number) ?? { allowed: 0, refused: 0 };
  bar[line.verdict === "allowed" ? "allowed" : "refused"] += 1;
  bars.set(number, bar);
  missed += paused ? 1 : 0;
  draw();
}

/** Listens to the controls of this view. */
export function begin() {
  at("pause").addEventListener("click", () => {
    paused = !paused;
    missed = 0;
    at("pause").dataset.paused = String(paused);
    if (!paused) {
      rows();
    }
    draw();
  });
  at("filters").addEventListener("input", rows);
  setInterval(() => chart(), 1_000);
  setInterval(() => summary(), TOLD);
}

function add(tally, name) {
  tally.set(name, (tally.get(name) ?? 0) + 1);
}

function draw() {
  due ??= setTimeout(() => {
    due = null;
    for (const [name, total] of Object.entries(totals)) {
      at(`count-${name}`).textContent = count(total);
    }
    at("count-devices").textContent = devices.size < DEVICES ? count(devices.size) : `${count(DEVICES)} or more`;
    at("pause").textContent = paused ? `Resume (${count(missed)} new)` : "Pause";
    at("lost").hidden = lost === 0;
    at("lost").textContent = `${count(lost)} verdicts were lost: they came faster than this page reads.`;
    for (const [name, tally] of Object.entries(tallies)) {
      list(at(`tally-${name}`), tally);
    }
    choices();
    chart();
    if (!paused) {
      rows();
    }
    if (told === "") {
      summary();
    }
  }, DRAWN);
}

function list(place, tally) {
  const sorted = [...tally].sort((one, other) => other[1] - one[1]);
  const most = sorted[0]?.[1] ?? 1;
  const entries = sorted.slice(0, TALLY).map(([name, number]) => {
    const bar = element("span", { class: "fill", "aria-hidden": "true" });
    bar.style.inlineSize = `${(100 * number) / most}%`;
    return element("li", {}, bar, element("span", { class: "name" }, name), element("span", { class: "number" }, count(number)));
  });
  if (sorted.length > TALLY) {
    entries.push(element("li", { class: "muted" }, `and ${count(sorted.length - TALLY)} more`));
  }
  if (sorted.length === 0) {
    entries.push(element("li", { class: "muted" }, "none yet"));
  }
  place.replaceChildren(...entries);
}

/** Adds to the filters what was not seen before. */
function choices() {
  for (const name of FILTERS) {
    const select = at(`filter-${name}`);
    const there = new Set([...select.options].map((option) => option.value));
    for (const value of offered[name]) {
      if (!there.has(value)) {
        select.append(element("option", { value }, value));
      }
    }
  }
}

function rows() {
  const wanted = FILTERS.map((name) => [name, at(`filter-${name}`).value]).filter(([, value]) => value !== "");
  const device = at("filter-device").value.trim();
  const shown = [];
  for (let place = kept.length - 1; place >= 0 && shown.length < ROWS; place -= 1) {
    const line = kept[place];
    if (wanted.every(([name, value]) => line[name] === value) && (line.device ?? "").includes(device)) {
      shown.push(line);
    }
  }
  at("rows").replaceChildren(...shown.map(row));
  const filtered = wanted.length > 0 || device !== "";
  at("shown").textContent = filtered
    ? `The last ${count(shown.length)} that the filters let through.`
    : `The last ${count(shown.length)}, newest first.`;
  at("shown").hidden = kept.length === 0;
  at("nothing").hidden = shown.length > 0;
  at("nothing").textContent = kept.length > 0
    ? "None of the last verdicts is one that the filters let through."
    : "No verdict yet. They appear here as devices register and send requests.";
}

function row(line) {
  const cell = (attributes, ...children) => element("td", { role: "cell", ...attributes }, ...children);
  const absent = (value) => value ?? element("span", { class: "muted" }, "–");
  const mark = element("span", { class: `mark ${line.verdict}`, "aria-hidden": "true" }, MARKS[line.verdict]);
  const why = [line.reason, line.outcome].filter((text) => text !== null);
  const time = element("time", { datetime: line.at, title: line.at }, new Date(line.at).toLocaleTimeString("en-GB"));
  return element(
    "tr",
    { role: "row", class: line.verdict },
    cell({ class: "number" }, time),
    cell({ class: "verdict" }, mark, ` ${line.verdict}`),
    cell({}, line.what),
    cell({ class: "why" }, line.reason === null ? absent(line.outcome) : why[0], why.length > 1 ? element("span", { class: "muted" }, ` ${why[1]}`) : null),
    cell({}, absent(line.application)),
    cell({}, absent(line.platform)),
    cell({}, absent(line.mode)),
    cell({ class: "code" }, line.route, element("span", { class: "muted" }, ` ${line.status}`)),
    cell({ class: "code" }, absent(line.device)),
  );
}

function chart() {
  const now = Math.floor(Date.now() / BAR);
  for (const number of bars.keys()) {
    if (number <= now - BARS) {
      bars.delete(number);
    }
  }
  const most = Math.max(1, ...[...bars.values()].map((bar) => bar.allowed + bar.refused));
  const [width, height] = [600 / BARS, 140];
  const drawn = [drawing("line", { class: "base", x1: 0, x2: 600, y1: height, y2: height })];
  for (const [number, bar] of bars) {
    const x = 600 - (now - number + 1) * width;
    const tall = { allowed: (bar.allowed * height) / most, refused: (bar.refused * height) / most };
    const place = { x: x + 1, width: width - 2 };
    drawn.push(drawing("rect", { class: "allowed", ...place, y: height - tall.allowed, height: tall.allowed }));
    drawn.push(
      drawing("rect", { class: "refused", ...place, y: height - tall.allowed - tall.refused, height: tall.refused }),
    );
  }
  const title = at("chart-title");
  title.textContent = `Verdicts of the last five minutes. ${sentence()}`;
  if (kept.length > 0) {
    at("summary").textContent = sentence();
  }
  at("chart").replaceChildren(title, ...drawn);
  at("chart-most").textContent = bars.size === 0 ? "" : `highest: ${count(most)} in 5 s`;
}

function sentence() {
  let [allowed, refused] = [0, 0];
  for (const bar of bars.values()) {
    allowed += bar.allowed;
    refused += bar.refused;
  }
  return `In the last five minutes ${count(allowed)} allowed, ${count(refused)} refused or locked.`;
}

/** For whoever hears the page: seldom, and only if it is another one. */
function summary() {
  const text = sentence();
  if (kept.length > 0 && text !== told) {
    told = text;
    at("told").textContent = text;
  }
}
