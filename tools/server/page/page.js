// page.js - which view of which space is shown. Both stand in the address (#search?space=home&text=...), so that a view
// can be kept, sent and gone back to.
import {ask, setToken} from "./api.js";
import {redraw} from "./charts.js";
import {el, number} from "./dom.js";
import {imagine} from "./imagine.js";
import {map} from "./map.js";
import {replay} from "./replay.js";
import {search} from "./search.js";
import {server} from "./server.js";
import {timeline} from "./timeline.js";

/** Name, title, what shows it, and the kind of space that it is for. */
const views = [
  {name: "search", title: "Search", show: search, rows: true},
  {name: "timeline", title: "Timeline", show: timeline, rows: true},
  {name: "map", title: "Map", show: map, rows: true},
  {name: "replay", title: "Replay", show: replay, rows: false},
  {name: "imagine", title: "Imagine", show: imagine, rows: false},
  {name: "server", title: "Server", show: server},
];

const main = document.getElementById("main");
const state = document.getElementById("state");
const chosen = document.getElementById("space");
const tokenForm = document.getElementById("token-form");
let spaces = [];
let leave;

function where() {
  const [name, query] = location.hash.slice(1).split("?");
  return {name, values: Object.fromEntries(new URLSearchParams(query ?? ""))};
}

/** Goes to a view; values that are empty are left out of the address. */
function go(name, values) {
  const kept = Object.entries({space: chosen.value, ...values}).filter(([, value]) => value !== "" && value !== undefined);
  const hash = `#${name}?${new URLSearchParams(kept)}`;
  if (hash === location.hash) show();
  else location.hash = hash;
}

function fits(view, space) {
  return view.rows === undefined || !space || view.rows === (space.preset !== "transitions");
}

function choose(wanted) {
  const space = spaces.find((one) => one.name === wanted) ?? spaces[0];
  chosen.value = space?.name ?? "";
  return space;
}

function putViews(current, space) {
  const nav = document.getElementById("views");
  const had = nav.contains(document.activeElement);
  nav.replaceChildren(...views.filter((view) => fits(view, space)).map((view) =>
    el("a", {href: `#${view.name}?${new URLSearchParams({space: space?.name ?? ""})}`,
      "aria-current": view === current ? "page" : undefined}, view.title)));
  if (had) nav.querySelector("[aria-current]").focus();
}

/** The top of a view: title, form, and the line that says how it went. */
function head(title, form) {
  main.append(el("h2", {}, title), ...(form ? [form] : []), state);
}

async function show() {
  const {name, values} = where();
  const space = choose(values.space);
  const possible = views.filter((view) => fits(view, space));
  const view = possible.find((one) => one.name === name) ?? possible[0];
  putViews(view, space);
  const focused = main.contains(document.activeElement) ? document.activeElement.name || "main" : "";
  document.title = `${view.title} - episodic`;
  leave?.();
  state.textContent = "";
  main.replaceChildren(state);
  if (!space && view.name !== "server") {
    state.textContent = "There is no space yet.";
    return;
  }
  leave = await view.show({main, head, space, values, go: (more) => go(view.name, more), say}) ?? undefined;
  if (focused) (main.querySelector(`[name="${CSS.escape(focused)}"]`) ?? main).focus({preventScroll: true});
}

function say(text) {
  state.textContent = text;
}

function lost(error) {
  tokenForm.hidden = error.status !== 401;
  state.textContent = error.message;
}

async function start() {
  try {
    const answer = await ask("spaces");
    spaces = answer.spaces;
    tokenForm.hidden = true;
    chosen.replaceChildren(...spaces.map((space) =>
      el("option", {value: space.name}, `${space.name} (${number(space.steps ?? 0)} steps)`)));
    if (!where().values.space && answer.default) chosen.value = answer.default;
    await show();
  } catch (error) {
    lost(error);
  }
}

function dark() {
  const set = document.documentElement.dataset.theme;
  return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function setTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  redraw();
}

document.getElementById("theme").addEventListener("click", () => {
  localStorage.setItem("episodic-theme", dark() ? "light" : "dark");
  setTheme(localStorage.getItem("episodic-theme"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
tokenForm.addEventListener("submit", (event) => {
  event.preventDefault();
  setToken(document.getElementById("token").value);
  start();
});
chosen.addEventListener("change", () => go(where().name || "search"));
addEventListener("hashchange", () => show().catch(lost));
addEventListener("keydown", (event) => {
  const writing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
  if (event.key !== "/" || writing || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  main.querySelector("input")?.focus();
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  lost(event.reason);
});
setTheme(localStorage.getItem("episodic-theme"));
start();
