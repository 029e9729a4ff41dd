// What the page can do besides being read. Nothing is fetched, nothing is stored.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Light or dark: as the system is, until the button says otherwise.
{
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Show in light colours" : "Show in dark colours");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();
}

// Digests and keys to the clipboard; where there is none, they are selected for Ctrl+C.
for (const button of all("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    }
  });
}

// What a cell is compared by: a number where it is one, else its text; nothing if it is empty.
function valueOf(cell) {
  const text = cell.textContent.trim();
  const number = cell.dataset.v !== undefined ? Number(cell.dataset.v) : Number(text.replace("−", "-"));
  return text === "" ? null : Number.isNaN(number) ? text.toLowerCase() : number;
}

// Empty cells come last in either direction, numbers before texts.
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
}

// Tables sort by the column whose head is clicked, or chosen with Enter.
for (const table of all("table.sortable")) {
  const heads = all("thead th", table);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const body = table.tBodies[0];
      const rows = [...body.rows].map((row) => ({ row, value: valueOf(row.cells[column]) }));
      rows.sort((a, b) => compare(a.value, b.value, sign));
      body.append(...rows.map(({ row }) => row));
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    });
  });
}

// A filter as a function of a row. Every word must occur; `> 0.5` and the like compare the numbers of
// the chosen column.
function filter(text, column) {
  const cells = (row) => (column === "" ? [...row.cells] : [row.cells[Number(column)]]);
  const comparison = /^(<=|>=|<|>|=)\s*(-?[\d.]+(?:e-?\d+)?)$/i.exec(text.trim());
  if (comparison && column !== "") {
    const [, sign, digits] = comparison;
    const than = Number(digits);
    const holds = {
      "<": (v) => v < than, ">": (v) => v > than, "=": (v) => v === than,
      "<=": (v) => v <= than, ">=": (v) => v >= than,
    }[sign];
    return (row) => { const v = valueOf(cells(row)[0]); return typeof v === "number" && holds(v); };
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => {
    const own = cells(row).map((cell) => cell.textContent.toLowerCase()).join("\n");
    return words.every((word) => own.includes(word));
  };
}

for (const tools of all(".tools")) {
  const rows = [...document.getElementById(tools.dataset.for).tBodies[0].rows];
  const [input, select] = [tools.querySelector("input"), tools.querySelector("select")];
  const found = tools.querySelector(".found");
  const apply = () => {
    const keep = filter(input.value, select.value);
    for (const row of rows) row.hidden = !keep(row);
    const shown = rows.filter((row) => !row.hidden).length;
    found.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  };
  input.addEventListener("input", apply);
  select.addEventListener("change", apply);
  // A row that is linked to is shown, whatever is filtered.
  addEventListener("hashchange", () => {
    const row = document.getElementById(location.hash.slice(1));
    if (row?.hidden && rows.includes(row)) { input.value = ""; apply(); row.scrollIntoView(); }
  });
  tools.hidden = false;
  apply();
}

// Rollouts: one slider moves every picture.
for (const player of all(".player")) {
  const slider = player.querySelector("input[type=range]");
  if (!slider) continue;
  const [play, time] = [player.querySelector(".play"), player.querySelector("output")];
  const steps = player.dataset.steps.split(" ");
  let timer = null;
  const show = (frame) => {
    slider.value = frame;
    slider.setAttribute("aria-valuetext", `t = ${steps[frame]}`);
    time.textContent = `t = ${steps[frame]}`;
    player.style.setProperty("--frame", frame);
  };
  const move = (by) => show((Number(slider.value) + by + steps.length) % steps.length);
  const run = (on) => {
    clearInterval(timer);
    timer = on ? setInterval(() => move(1), 150) : null;
    play.textContent = on ? "Pause" : "Play";
  };
  slider.addEventListener("input", () => { run(false); show(Number(slider.value)); });
  play.addEventListener("click", () => run(timer === null));
  // Arrows also work while a picture's link or the button has the focus.
  player.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || event.target === slider) return;
    event.preventDefault();
    run(false);
    move(by);
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) run(false); });
  play.hidden = false;
  slider.closest("label").hidden = false;
  show(0);
}
