// server.js - the memory's size, and what the server was asked and how long that took.
import {ask, metrics} from "./api.js";
import {chart, colour} from "./charts.js";
import {bytes, el, list, number, table} from "./dom.js";

const SECONDS = "episodic_operation_seconds";

/** Of one operation: how many calls and failures, mean and the bounds that half and 99 % of them stayed below. */
function row(name, all) {
  const of = (metric, labels) => all.find((one) => one.name === metric && one.labels.operation === name
    && Object.entries(labels ?? {}).every(([key, value]) => one.labels[key] === value))?.value ?? 0;
  const buckets = all.filter((one) => one.name === `${SECONDS}_bucket` && one.labels.operation === name)
    .map((one) => [one.labels.le === "+Inf" ? Infinity : Number(one.labels.le), one.value]);
  const count = of(`${SECONDS}_count`);
  const below = (share) => buckets.find(([, value]) => value >= share * count)?.[0] ?? 0;
  return {name, done: of("episodic_operations_total", {outcome: "done"}),
    failed: of("episodic_operations_total", {outcome: "failed"}), mean: count ? of(`${SECONDS}_sum`) / count : 0,
    half: count ? below(0.5) : 0, most: count ? below(0.99) : 0};
}

function ms(seconds) {
  return seconds === Infinity ? "more" : 1000 * seconds;
}

export async function server(context) {
  const [stats, all] = await Promise.all([ask("stats", {space: context.space?.name}), metrics()]);
  const names = [...new Set(all.filter((one) => one.name === "episodic_operations_total").map((one) => one.labels.operation))];
  const rows = names.map((name) => row(name, all)).filter((one) => one.done + one.failed > 0);
  const sized = (of) => Object.entries(of ?? {}).filter(([, value]) => typeof value !== "object").map(([name, value]) =>
    [name.replace(/_bytes$/, "").replaceAll("_", " "), name.endsWith("_bytes") ? bytes(value) : typeof value === "number" ? number(value) : typeof value === "boolean" ? (value ? "yes" : "no") : value]);
  context.head("Server");
  context.main.append(el("div", {class: "columns"},
    el("section", {}, el("h3", {}, "Memory"), list(sized(stats.memory))),
    el("section", {}, el("h3", {}, "Space"), list(sized(stats.space)))),
  el("h3", {}, "Requests since the server began"),
  rows.length === 0 ? el("p", {}, "None yet.")
    : table("Operations", ["operation", "done", "failed", "mean ms", "half below ms", "99 % below ms"],
      rows.map((one) => [one.name, one.done, one.failed, ms(one.mean), ms(one.half), ms(one.most)])),
  ...(rows.length ? [chart({type: "bar", label: "Mean time of operations, ms", labels: rows.map((one) => one.name),
    legend: false, yScale: {type: "logarithmic"}, datasets: () => [{data: rows.map((one) => 1000 * one.mean), backgroundColor: colour(0)}]})] : []));
}
