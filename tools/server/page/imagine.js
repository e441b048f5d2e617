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
  field("or from observation", "observation", {value: of.observation ?? "", placeholder: "0.5, 1"}),
  field("Goal", "goal", {value: of.goal ?? "", placeholder: "best return"}),
  field("Goal within", "tolerance", {type: "number", min: 0, step: "any", value: of.tolerance ?? ""}),
  field("Rollouts", "count", {type: "number", min: 1, max: 64, value: of.count ?? 4}),
  field("Steps", "steps_max", {type: "number", min: 1, max: 100000, value: of.steps_max ?? 200}),
  el("button", {}, "Imagine"));
}

function join(of) {
  const where = of.from_step === undefined ? `begins beside step ${of.to_step}` : `goes over from step ${of.from_step} to ${of.to_step}`;
  return el("details", {}, el("summary", {}, `${where}, plausibility ${number(of.plausibility, 2)}`),
    list(Object.entries(of).map(([name, value]) => [name.replaceAll("_", " "), number(value)])));
}

function branch(node, children) {
  const below = children.get(node.node) ?? [];
  return el("li", {}, node.join ? join(node.join) : null,
    el("p", {}, `${number(node.steps)} steps from step ${node.first_step} of episode ${node.episode}, reward ${number(node.reward)}`), below.length ? el("ul", {}, below.map((one) => branch(one, children))) : null);
}

function tree(nodes) {
  const children = new Map();
  for (const node of nodes) {
    const parent = node.parent ?? -1;
    children.set(parent, [...(children.get(parent) ?? []), node]);
  }
  return el("ul", {class: "tree"}, (children.get(-1) ?? []).map((node) => branch(node, children)));
}

/** Ways over a plane, when observations have two numbers; where they are the same, the best lies on the others, which are
 *  wider. */
function ways(rollouts) {
  if (rollouts.length === 0 || rollouts[0].path[0]?.observation.length !== 2) return null;
  return chart({type: "scatter", tall: true, label: "Imagined ways over the plane of observations",
    x: "first number", y: "second number", xScale: {grace: "3%"}, yScale: {grace: "3%"},
    datasets: () => rollouts.map((one, i) => ({label: `rollout ${i + 1}`, showLine: true, pointRadius: 2, pointBorderWidth: 0, borderWidth: 2 + 3 * Math.min(i, 4),
      data: one.path.map((step) => ({x: step.observation[0], y: step.observation[1]})),
      borderColor: colour(i), backgroundColor: colour(i), clip: 12}))});
}

export async function imagine(context) {
  const of = context.values;
  context.head("Imagine", form(context));
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
