// replay.js - a sampler over a space of transitions: priorities, what was drawn of which age, and counts.
import {ask} from "./api.js";
import {chart, colour} from "./charts.js";
import {bytes, el, field, list, number, table, values} from "./dom.js";

/** Without the empty bins at both ends. */
function filled(bins) {
  const first = bins.findIndex((one) => one.steps > 0);
  const last = bins.findLastIndex((one) => one.steps > 0);
  return first < 0 ? [] : bins.slice(first, last + 1);
}

/** Which ages were drawn, beside what their priorities ask for. */
function shares(ages, draws) {
  return chart({type: "bar", label: "Share of the draws by age, the oldest first", labels: ages.map((one) => number(one.first)),
    x: "from step", datasets: () => [
      {label: "expected", data: ages.map((one) => one.share_expected), backgroundColor: colour(8)},
      {label: "drawn by this server", data: ages.map((one) => one.drawn / draws), backgroundColor: colour(2)}]});
}

export async function replay(context) {
  const {name = "", alpha = "0.6"} = context.values;
  context.head("Replay", el("form", {class: "ask", onsubmit: (event) => {
    event.preventDefault();
    context.go(values(event.target));
  }},
  field("Sampler", "name", {value: name, placeholder: "its name"}),
  field("Exponent", "alpha", {type: "number", min: 0, max: 16, step: "any", value: alpha}),
  el("button", {}, "Look")));
  const found = await ask("replay_view", {space: context.space.name, name, alpha: Number(alpha)});
  const ages = found.ages;
  const bins = filled(found.priorities);
  context.say(`${number(found.steps)} steps${bins.length === 1 ? `; all that were looked at have priority ${number(bins[0].from)}` : ""}`);
  context.main.append(
    list([["drawn in all", number(found.sampled)], ["priorities updated", number(found.updated)],
      ["greatest priority", number(found.greatest_priority)], ["drawn by this server", number(found.draws)],
      ["memory", found.memory_bytes === undefined ? undefined : bytes(found.memory_bytes)]]),
    ...(bins.length > 1 ? [chart({type: "bar", label: "How many steps have which priority", labels: bins.map((one) =>
      number(one.from)), x: "priority, from", legend: false,
    datasets: () => [{data: bins.map((one) => one.steps), backgroundColor: colour(0)}]})] : []),
    chart({type: "bar", label: "Mean priority by age, the oldest first", labels: ages.map((one) => number(one.first)),
      x: "from step", legend: false,
      datasets: () => [{data: ages.map((one) => one.priority_mean), backgroundColor: colour(1)}]}),
    ...(found.draws > 0 ? [shares(ages, found.draws)] : []),
    el("details", {}, el("summary", {}, "As a table"), table("By age", ["first step", "last step", "looked at",
      "mean priority", "expected share", "drawn"], ages.map((one) => [one.first, one.last, one.sampled_steps,
      one.priority_mean, one.share_expected, one.drawn]))));
}
