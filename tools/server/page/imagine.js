// imagine.js - ways that were never taken as a whole, as a tree of the stored pieces that they are made of.
import {ask} from "./api.js";
import {chart, colour} from "./charts.js";
import {el, field, list, number, table, values} from "./dom.js";

function numbers(text) {
  return text ? text.split(/[\s,]+/).filter(Boolean).map(Number) : undefined;
}

function form(context) {
  const of = context.values;
  return el("form", {class: "ask", onsubmit: (event) => {
    event.preventDefault();
    context.go({...values(event.target), ask: 1});
  }},
  field("From step", "step", {type: "number", min: 1, value: of.step ?? ""}),
  field("or observation", "observation", {value: of.observation ?? "", placeholder: "0.5, 1"}),
  field("To", "goal", {value: of.goal ?? "", placeholder: "left out: the greatest return"}),
  field("within", "tolerance", {type: "number", min: 0, step: "any", value: of.tolerance ?? ""}),
  field("Rollouts", "count", {type: "number", min: 1, max: 64, value: of.count ?? 4}),
  field("Steps", "steps_max", {type: "number", min: 1, max: 100000, value: of.steps_max ?? 200}),
  el("button", {}, "Imagine"));
}

function join(of) {
  return el("details", {}, el("summary", {}, `joined at step ${of.from_step} to ${of.to_step}, plausibility ${number(of.plausibility, 2)}`),
    list(Object.entries(of).map(([name, value]) => [name.replaceAll("_", " "), number(value)])));
}

function branch(node, children) {
  const below = children.get(node.node) ?? [];
  return el("li", {}, el("p", {}, `episode ${node.episode}, ${number(node.steps)} steps from step ${node.first_step}, reward ${number(node.reward)}`),
    node.join ? join(node.join) : null, below.length ? el("ul", {}, below.map((one) => branch(one, children))) : null);
}

function tree(nodes) {
  const children = new Map();
  for (const node of nodes) {
    const parent = node.parent ?? -1;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  return el("ul", {class: "tree"}, (children.get(-1) ?? []).map((node) => branch(node, children)));
}

/** Ways over a plane, when observations have two numbers. */
function ways(rollouts) {
  if (rollouts.length === 0 || rollouts[0].path[0]?.observation.length !== 2) return null;
  return chart({type: "scatter", tall: true, label: "Imagined ways over the plane of observations",
    datasets: () => rollouts.map((one, i) => ({label: `rollout ${i + 1}`, showLine: true, pointRadius: 2,
      data: one.path.map((step) => ({x: step.observation[0], y: step.observation[1]})),
      borderColor: colour(i), backgroundColor: colour(i), borderDash: i ? [6, 3 * i] : []}))});
}

export async function imagine(context) {
  const of = context.values;
  context.main.append(el("h2", {}, "Imagine"), form(context));
  if (!of.ask) return context.say("Start from a step that is stored, or from an observation.");
  const found = await ask("rollouts", {space: context.space.name, step: of.step && Number(of.step),
    observation: of.step ? undefined : numbers(of.observation), goal: numbers(of.goal),
    tolerance: of.tolerance && Number(of.tolerance), count: Number(of.count ?? 4), steps_max: Number(of.steps_max ?? 200)});
  context.say(`${found.rollouts.length} imagined in ${number(found.seconds)} s, ${number(found.expansions)} expansions; stopped by ${found.stop}`);
  if (found.rollouts.length === 0) return;
  context.main.append(
    table("Rollouts, imagined from stored steps", ["", "return", "spread", "low", "plausibility", "novelty", "steps", "joins", "stopped by"],
      found.rollouts.map((one, i) => [i + 1, one.return_mean, one.return_spread, one.return_low, one.plausibility,
        one.novelty, one.steps, one.joins, one.stop])),
    ...[ways(found.rollouts)].filter(Boolean), el("h3", {}, "The pieces that they are made of"), tree(found.nodes));
}
