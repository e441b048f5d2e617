// search.js - what a cue brings back, why, how long it took, and what of it a prompt would get within its budget.
import {ask} from "./api.js";
import {el, field, number, plain, table, time, values} from "./dom.js";
import {card} from "./step.js";

function form(context) {
  const of = context.values;
  return el("form", {class: "ask", role: "search", onsubmit: (event) => {
    event.preventDefault();
    context.go(values(event.target));
  }},
  field("Cue", "text", {type: "search", value: of.text ?? "", wide: true, required: true}),
  field("Hits", "limit", {type: "number", min: 1, max: 100, value: of.limit ?? 10}),
  field("Tokens", "budget", {type: "number", min: 16, max: 200000, value: of.budget ?? 2000}),
  field("From", "from", {value: of.from ?? "", placeholder: "2023-05"}),
  field("To", "to", {value: of.to ?? ""}),
  field("Who", "role", {value: of.role ?? ""}),
  el("button", {}, "Search"));
}

/** One bar a hit, as long as its score is of the best; a piece a signal. What was taken off is told beside. */
function evidence(hit, best, signals) {
  const given = hit.evidence.filter((one) => one.contribution > 0);
  const taken = hit.evidence.filter((one) => one.contribution < 0);
  const bar = el("div", {class: "bar", "aria-hidden": "true"});
  for (const one of given) {
    const piece = el("span", {class: `series-${signals.indexOf(one.signal) % 12}`,
      title: `${one.signal}: ${number(one.value)} x ${number(one.weight)} = ${number(one.contribution)}`});
    piece.style.width = `${100 * one.contribution / best}%`;
    bar.append(piece);
  }
  return el("div", {class: "evidence"}, bar,
    el("details", {}, el("summary", {}, `score ${number(hit.score)}`,
      taken.length ? `, ${taken.map((one) => `${one.signal} ${number(one.contribution)}`).join(", ")}` : ""),
    table("Evidence", ["signal", "value", "weight", "adds"],
      hit.evidence.map((one) => [one.signal, one.value, one.weight, one.contribution]))));
}

function legend(signals) {
  return el("ul", {class: "legend", "aria-label": "Signals"}, signals.map((signal, i) =>
    el("li", {}, el("span", {class: `key series-${i % 12}`}), signal)));
}

/** The lines that a prompt would get: each hit with what stands around it, once. */
function prompt(found) {
  const seen = new Set();
  const lines = found.memories.flatMap((hit) => [...(hit.around ?? []), hit].sort((a, b) => a.step - b.step))
    .filter((step) => !seen.has(step.step) && seen.add(step.step))
    .map((step) => `- [step ${step.step}, ${time(step.time)}] ${plain(step.role ?? "")}: ${plain(step.text ?? "")}`);
  const size = new TextEncoder().encode(lines.join("\n")).length;
  return el("details", {class: "prompt"},
    el("summary", {}, `What a prompt would get: ${lines.length} lines, about ${number(Math.ceil(size / 4))} tokens`),
    el("pre", {}, lines.join("\n")));
}

async function results(context) {
  const {text, limit, budget, from, to, role} = context.values;
  const began = performance.now();
  const found = await ask("recall", {space: context.space.name, text, from, to, role, explain: true,
    limit: Number(limit ?? 10), budget: Number(budget ?? 2000)});
  const ms = performance.now() - began;
  const hits = found.memories;
  const best = Math.max(...hits.map((hit) => hit.evidence.reduce((sum, one) => sum + Math.max(0, one.contribution), 0)), 1e-9);
  const signals = [...new Set(hits.flatMap((hit) => hit.evidence.filter((one) => one.contribution > 0).map((one) => one.signal)))];
  context.say(hits.length === 0 ? "Nothing found." : `${hits.length} found in ${number(ms)} ms, there and back`
    + (found.milliseconds === undefined ? "" : `, ${number(found.milliseconds)} ms of it recalling`));
  if (hits.length === 0) return [];
  return [legend(signals), prompt(found), el("ol", {class: "hits"}, hits.map((hit) =>
    el("li", {}, card(hit, context.space.name, evidence(hit, best, signals)))))];
}

export async function search(context) {
  context.head("Search", form(context));
  if (!context.values.text) {
    context.say("A question, a name, any words. The key / comes back here.");
    context.main.querySelector("input").focus();
    return;
  }
  context.main.append(...await results(context));
}
