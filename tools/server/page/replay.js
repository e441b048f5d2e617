// replay.js - a sampler over a space of transitions: priorities, what was drawn of which age, and counts.
import {ask} from "./api.js";
import {chart, colour} from "./charts.js";
import {bytes, el, field, list, number, table, values} from "./dom.js";

export async function replay(context) {
  const {name = "", alpha = "0.6"} = context.values;
  context.main.append(el("h2", {}, "Replay"), el("form", {class: "ask", onsubmit: (event) => {
    event.preventDefault();
    context.go(values(event.target));
  }},
  field("Sampler", "name", {value: name, placeholder: "its name, as the trainer opened it"}),
  field("Exponent", "alpha", {type: "number", min: 0, max: 16, step: "any", value: alpha}),
  el("button", {}, "Look")));
  const found = await ask("replay_view", {space: context.space.name, name, alpha: Number(alpha)});
  const ages = found.ages;
  context.say(`${number(found.steps)} steps`);
  context.main.append(
    list([["drawn in all", number(found.sampled)], ["priorities updated", number(found.updated)],
      ["greatest priority", number(found.greatest_priority)], ["drawn by this server", number(found.draws)],
      ["memory", found.memory_bytes === undefined ? undefined : bytes(found.memory_bytes)]]),
    chart({type: "bar", label: "How many steps have which priority", labels: found.priorities.map((one) =>
      number(one.from)), x: "priority, from", y: "steps", legend: false,
    datasets: () => [{data: found.priorities.map((one) => one.steps), backgroundColor: colour(0)}]}),
    chart({type: "bar", label: "Mean priority by age", labels: ages.map((one) => one.first), x: "from step, the oldest first",
      y: "mean priority", legend: false,
      datasets: () => [{data: ages.map((one) => one.priority_mean), backgroundColor: colour(1)}]}),
    el("details", {}, el("summary", {}, "As a table"), table("By age", ["first step", "last step", "looked at",
      "mean priority", "expected share", "drawn"], ages.map((one) => [one.first, one.last, one.sampled_steps,
      one.priority_mean, one.share_expected, one.drawn]))));
}
