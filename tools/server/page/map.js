// map.js - vectors of a space on a plane, coloured by a field of their steps.
import {ask} from "./api.js";
import {chart, colour} from "./charts.js";
import {el, field, number, plain, table, time, values} from "./dom.js";
import {open} from "./step.js";

const GROUPS = 8; /* with colours of their own; the others are grey */

const fields = {
  role: (step) => step.role ?? "",
  episode: (step) => `episode ${step.episode}`,
  month: (step) => (step.time ?? "").slice(0, 7),
  session: (step) => String(step.parts?.session ?? ""),
  tag: (step) => (step.tags ?? [""])[0],
};

/** Points by their field's value, the most frequent ones apart. */
function grouped(points, by) {
  const groups = new Map();
  for (const point of points) {
    const value = fields[by](point) || "none";
    if (!groups.has(value)) groups.set(value, []);
    groups.get(value).push(point);
  }
  const sorted = [...groups].sort((a, b) => b[1].length - a[1].length);
  const kept = sorted.slice(0, GROUPS);
  const rest = sorted.slice(GROUPS).flatMap(([, of]) => of);
  return rest.length ? [...kept, ["others", rest]] : kept;
}

function line(step) {
  return `${plain(step.role ?? "")} ${time(step.time).slice(0, 10)}: ${plain((step.text ?? "").slice(0, 90))}`;
}

export async function map(context) {
  const {by = "role", limit = "1000"} = context.values;
  const name = context.space.name;
  context.head("Map", el("form", {class: "ask", onsubmit: (event) => {
    event.preventDefault();
    context.go(values(event.target));
  }},
  field("Coloured by", "by", {options: Object.keys(fields).map((one) => [one, one]), value: by}),
  field("Points", "limit", {type: "number", min: 2, max: 5000, value: limit}),
  el("button", {}, "Draw")));
  const found = await ask("map", {space: name, limit: Number(limit)});
  if (found.points.length === 0) return context.say("No step of this space has a vector yet.");
  const groups = grouped(found.points, fields[by] ? by : "role");
  context.say(`${number(found.points.length)} of ${number(found.vectors)} vectors; the plane shows `
    + `${number(100 * found.kept)} % of how they vary. Near points have similar vectors; a click opens a step.`);
  context.main.append(chart({type: "scatter", tall: true, label: `Vectors of steps, coloured by ${by}`,
    xScale: {ticks: {display: false}, grace: "3%"}, yScale: {ticks: {display: false}, grace: "3%"},
    datasets: () => groups.map(([label, of], i) => ({label: plain(label).slice(0, 24), data: of, pointRadius: 3,
      backgroundColor: colour(i), borderColor: colour(i), order: i === GROUPS ? 1 : 0, clip: 8})),
    tip: (set, index) => line(groups[set][1][index]),
    pick: (set, index) => open(groups[set][1][index].step, name)}),
  el("details", {}, el("summary", {}, "The same as a table"),
    table("Points", ["step", by, "x", "y", "text"], found.points.slice(0, 500).map((point) => [
      el("button", {type: "button", class: "link", onclick: () => open(point.step, name)}, String(point.step)),
      fields[by]?.(point) ?? "", number(point.x), number(point.y), (point.text ?? "").slice(0, 120)]))));
}
