"use strict";

// Asks for the state once a second and draws it. What is drawn anew keeps its elements, so that focus,
// selection and open lists stay. Text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const PACE = 1000;
const $ = (id) => document.getElementById(id);

/// A description of an element: name, attributes, children.
const h = (name, attributes, ...children) => ({
  name,
  attributes: attributes || {},
  children: children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
});

function made(node, inSvg) {
  if (typeof node !== "object") return document.createTextNode(String(node));
  const svg = inSvg || node.name === "svg";
  const element = svg ? document.createElementNS(SVG, node.name) : document.createElement(node.name);
  for (const [key, value] of Object.entries(node.attributes)) element.setAttribute(key, value);
  for (const child of node.children) element.append(made(child, svg));
  return element;
}

/// Makes the children of an element those that are described.
function draw(element, children) {
  children.forEach((child, at) => {
    const old = element.childNodes[at];
    if (!old) {
      element.append(made(child, element.namespaceURI === SVG));
    } else if (typeof child !== "object") {
      if (old.nodeType !== Node.TEXT_NODE) old.replaceWith(made(child));
      else if (old.data !== String(child)) old.data = String(child);
    } else if (old.nodeType !== Node.ELEMENT_NODE || old.localName !== child.name ||
        (old.dataset.key || "") !== (child.attributes["data-key"] || "")) {
      old.replaceWith(made(child, element.namespaceURI === SVG));
    } else {
      for (const [key, value] of Object.entries(child.attributes)) {
        // Whether a list is open is up to the reader.
        if (key !== "open" && old.getAttribute(key) !== String(value)) old.setAttribute(key, value);
      }
      for (const { name } of [...old.attributes]) {
        if (!(name in child.attributes) && name !== "open") old.removeAttribute(name);
      }
      draw(old, child.children);
    }
  });
  while (element.childNodes.length > children.length) element.lastChild.remove();
}

function seconds(value) {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${String(Math.floor(value % 60)).padStart(2, "0")} s`;
  return `${Math.floor(value / 3600)} h ${String(Math.floor((value % 3600) / 60)).padStart(2, "0")} min`;
}

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let at = 0;
  while (value >= 999.5 && at + 1 < units.length) {
    value /= 1000;
    at += 1;
  }
  return `${at === 0 ? value : value.toPrecision(3)} ${units[at]}`;
}

const WORDS = { out_of_date: "out of date", initial_conditions: "initial conditions" };
const words = (name) => WORDS[name] || name;
const chip = (name) => h("span", { class: `chip ${name}` }, words(name));
const percent = (share) => `${Math.floor(share * 100)} %`;

function day(text) {
  if (!text) return "";
  const when = new Date(text);
  const today = when.toDateString() === new Date().toDateString();
  const two = (number) => String(number).padStart(2, "0");
  const time = [when.getHours(), when.getMinutes(), when.getSeconds()].map(two).join(":");
  const date = [when.getFullYear(), when.getMonth() + 1, when.getDate()].map(two).join("-");
  return today ? time : `${date} ${time}`;
}

function stage(build) {
  switch (build.stage.name) {
    case "starting": return "starting";
    case "stopping": return "stopping after the jobs at hand";
    case "copying": return "copying the data set";
    case "assembling": {
      const { done, total } = build.stage;
      return `assembling the data set, ${bytes(done)} of ${bytes(total)}`;
    }
    default: return "computing";
  }
}

/// Work per second between samples, over windows wide enough to be smooth.
function chart(build) {
  const samples = [{ t: 0, gflop: 0 }, ...build.timeline];
  // What is in the making counts when it is made.
  const end = Math.max(samples[samples.length - 1].t, 1);
  const count = Math.min(60, Math.max(8, Math.floor(samples.length / 2)));
  const done = (t) => {
    let at = samples.findIndex((sample) => sample.t > t);
    if (at < 0) return samples[samples.length - 1].gflop;
    const [a, b] = [samples[Math.max(at - 1, 0)], samples[at]];
    return b.t > a.t ? a.gflop + (b.gflop - a.gflop) * (t - a.t) / (b.t - a.t) : a.gflop;
  };
  const rates = [];
  for (let i = 0; i < count; i += 1) {
    const [from, to] = [end * i / count, end * (i + 1) / count];
    rates.push((done(to) - done(from)) / (to - from));
  }
  const most = Math.max(...rates, 1e-9);
  const points = rates.map((rate, i) => `${(100 * (i + 0.5) / count).toFixed(2)},${(39 - 37 * rate / most).toFixed(2)}`);
  const label = `rate of work over time, at most ${Math.round(most)} GFLOP per second`;
  return [
    h("h4", null, "Rate of work"),
    h("svg", { class: "chart", viewBox: "0 0 100 40", preserveAspectRatio: "none", role: "img", "aria-label": label },
      h("path", { class: "area", d: `M${points[0].split(",")[0]},39 L${points.join(" L")} L${points[count - 1].split(",")[0]},39 Z` }),
      h("line", { class: "base", x1: 0, y1: 39.5, x2: 100, y2: 39.5 }),
      h("polyline", { class: "curve", points: points.join(" ") })),
    h("div", { class: "scale" }, h("span", null, "start"), h("span", null, `at most ${Math.round(most)} GFLOP/s`),
      h("span", null, seconds(end))),
  ];
}

const figure = (name, value) => h("div", null, h("dt", null, name), h("dd", null, value));

function messages(kind, title, list, count, key, attributes) {
  if (!count) return null;
  const more = count - list.length;
  return h("details", { "data-key": key, ...attributes },
    h("summary", { class: kind }, `${title} (${count})`),
    h("ul", { class: `messages ${kind}` },
      list.map((one) => (typeof one === "string" ? h("li", null, one) :
        h("li", null, h("b", null, one.label), `\n${one.error}`))),
      more > 0 ? h("li", null, `and ${more} more`) : null));
}

function worker(one) {
  const work = one.work;
  const more = work && work.more > 0 ? ` and ${work.more} more` : "";
  return h("li", null,
    h("span", { class: "who" }, one.worker),
    work ? h("span", { class: "what", title: work.label }, work.label + more) :
      h("span", { class: "what idle" }, "waits for work"),
    h("span", { class: "time" }, work ? seconds(one.seconds) : ""));
}

function running(build) {
  const assembling = build.stage.name === "assembling";
  const share = assembling ? build.stage.done / Math.max(build.stage.total, 1) : build.share;
  return h("article", { class: "card", "data-key": build.id },
    h("div", { class: "head" },
      h("h3", null, build.experiment),
      h("span", { class: "chip running" }, stage(build)),
      h("span", { class: "quiet" }, `since ${day(build.started)}, process ${build.pid} on ${build.host}`)),
    h("progress", { class: "whole", max: 1, value: share.toFixed(4), "aria-label": `${build.experiment}: ${percent(share)}` }),
    h("dl", { class: "figures" },
      figure(assembling ? "assembled" : "done", percent(share)),
      figure("time", seconds(build.elapsed_s)),
      figure("left", build.left_s === null ? "–" : `about ${seconds(build.left_s)}`),
      figure("artifacts", `${build.made} of ${build.to_make}`),
      figure("cached", build.cached),
      figure("rate", build.gflop_per_s === null ? "–" : `${Math.round(build.gflop_per_s)} GFLOP/s`),
      figure("written", bytes(build.bytes))),
    h("div", { class: "panes" },
      h("div", null,
        h("h4", null, "Artifacts"),
        h("div", { class: "kinds" }, build.kinds.filter((kind) => kind.to_make > 0).map((kind) => [
          h("span", null, words(kind.kind)),
          h("progress", { max: kind.to_make, value: kind.made, "aria-label": `${words(kind.kind)}: ${kind.made} of ${kind.to_make}` }),
          h("span", null, `${kind.made}/${kind.to_make}`)]))),
      build.workers.length > 0 && h("div", { "data-key": "workers" }, h("h4", null, "Workers"),
        h("ul", { class: "plain workers" }, build.workers.map(worker))),
      build.timeline.length > 1 && h("div", { "data-key": "chart" }, chart(build))),
    messages("bad", "Failures", build.failures, build.failed, "failures", { open: "" }),
    messages("warn", "Warnings", [...build.warnings].reverse(), build.warnings.length, "warnings"));
}

function output(one, busy) {
  const building = busy.has(one.experiment);
  const left = one.state !== "current" && one.state !== "broken" && one.stale > 0 ?
    `: ${one.stale} of ${one.artifacts} artifacts to make` : "";
  const why = one.reason ? one.reason + left : null;
  return h("li", null,
    h("span", null, building ? h("span", { class: "chip running" }, "in the making") : chip(one.state)),
    h("span", { class: "name" }, one.path || one.experiment),
    h("span", { class: "aside" }, one.path ? one.experiment : ""),
    why && !building ? h("span", { class: "note" }, why) : null);
}

function past(build) {
  const made = build.state === "done" ? `built ${build.made}` : `built ${build.made} of ${build.to_make}`;
  const count = build.failed + (build.error ? 1 : 0);
  const failures = build.error ? [build.error, ...build.failures] : build.failures;
  return h("li", { "data-key": build.id },
    h("span", null, chip(build.state)),
    h("span", { class: "name" }, build.experiment),
    h("span", { class: "aside" }, `${made} in ${seconds(build.elapsed_s)} · ${day(build.started)}`),
    messages("bad", "Failures", failures, count, "failures", { class: "note" }));
}

const quiet = (text) => [h("p", { class: "quiet" }, text)];
const rows = (items) => [h("ul", { class: "plain card rows" }, items)];

let before = null;

/// What somebody who does not look should hear.
function news(state) {
  const now = new Set(state.running.map((build) => build.id));
  if (before) {
    const said = state.past.filter((build) => before.has(build.id))
      .map((build) => `${build.experiment} ${build.state}`)
      .concat(state.running.filter((build) => !before.has(build.id))
        .map((build) => `${build.experiment} running`));
    if (said.length > 0) $("news").textContent = said.join(", ");
  }
  before = now;
}

function show(state) {
  const busy = new Set(state.running.map((build) => build.experiment));
  const first = state.running[0];
  document.title = first ? `${percent(first.share)} ${first.experiment} – spinlock` : "spinlock";
  $("project").textContent = state.project;
  draw($("running"), state.running.length > 0 ? state.running.map(running) :
    quiet("No build is running. One that starts appears here."));
  draw($("outputs"), state.outputs === null ? quiet("planning …") :
    state.outputs.length > 0 ? rows(state.outputs.map((one) => output(one, busy))) :
    quiet("Nothing was built yet."));
  draw($("past"), state.past.length > 0 ? rows(state.past.map(past)) : quiet("None yet."));
  news(state);
}

let paused = false;
let asking = false;

async function ask() {
  if (asking || paused || document.hidden) return;
  asking = true;
  try {
    const answer = await fetch("/state.json", { cache: "no-store", signal: AbortSignal.timeout(8000) });
    const state = await answer.json();
    if (!answer.ok) throw new Error(state.error);
    show(state);
    $("link").textContent = "live";
    $("link").className = "";
  } catch (error) {
    $("link").textContent = error instanceof TypeError ? "spinlock serve has ended" : `no answer: ${error.message}`;
    $("link").className = "lost";
  } finally {
    asking = false;
  }
}

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", paused);
  $("pause").textContent = paused ? "Go on" : "Pause";
  if (paused) $("link").textContent = "paused";
  ask();
});
document.addEventListener("visibilitychange", ask);
setInterval(ask, PACE);
ask();
