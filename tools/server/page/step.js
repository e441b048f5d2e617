// step.js - a step as a card, and all about one in a dialog: its parts, times, facts, corrections, neighbours, and
// forgetting it, which can be undone.
import {ask} from "./api.js";
import {el, list, number, plain, span, time} from "./dom.js";
import {notice} from "./notice.js";

const dialog = document.getElementById("detail");

/** Who, when, and where it is from. */
function heading(step, ...links) {
  return el("p", {class: "who"}, el("strong", {}, plain(step.role ?? "")), " ", el("time", {}, time(step.time)),
    step.superseded_by ? el("mark", {}, `corrected by ${step.superseded_by}`) : null,
    step.forgotten ? el("mark", {}, "forgotten") : null, step.imagined ? el("mark", {}, "imagined") : null,
    links.length ? el("span", {class: "links"}, links) : null);
}

/** All texts of a step, the main one first. */
function texts(step) {
  const more = Object.entries(step.parts ?? {}).filter(([role]) => role !== "session");
  return [step.text ? el("p", {class: "text"}, plain(step.text), step.cut ? " ..." : "") : null,
    ...more.map(([role, value]) => el("p", {class: "part"}, el("span", {}, `${role}: `),
      plain(typeof value === "string" ? value : JSON.stringify(value))))];
}

/** A card that opens the step; `more` stands at its foot. */
export function card(step, space, more) {
  return el("article", {class: "step"},
    heading(step, el("button", {type: "button", class: "link", onclick: () => open(step.step, space)}, `step ${step.step}`),
      el("a", {href: `#timeline?${new URLSearchParams({space, episode: step.episode})}`}, `episode ${step.episode}`)),
    ...texts(step), more);
}

async function restore(steps, space, done) {
  await ask("restore", {space, steps});
  notice(steps.length === 1 ? `Step ${steps[0]} is back` : `${steps.length} steps are back`);
  done?.();
}

/** Asks how much would go, and takes the reader's word for it. */
async function forget(steps, space, done) {
  const dry = await ask("forget", {space, steps});
  if (dry.steps === 0) return notice("There was nothing to forget");
  if (!confirm(`Forget ${dry.steps} step${dry.steps === 1 ? "" : "s"}? It can be undone for ${dry.restorable_days ?? 30} days.`)) return;
  await ask("forget", {space, steps, confirm: dry.confirm ?? dry.steps});
  notice(steps.length === 1 ? `Step ${steps[0]} is forgotten` : `${steps.length} steps are forgotten`,
    () => restore(steps, space, done));
  done?.();
}

function moments(step) {
  return (step.times ?? []).map((of) => el("li", {}, el("q", {}, plain(words(step, of))),
    ` ${span(of.from, of.to)}`));
}

/** The bytes of a part that tell a time. */
function words(step, of) {
  const value = of.role === "text" ? step.text : step.parts?.[of.role];
  const encoded = new TextEncoder().encode(value ?? "");
  return new TextDecoder().decode(encoded.slice(of.text_from, of.text_to));
}

function facts(step) {
  return (step.facts ?? []).map((fact) => el("li", {}, plain(`${fact.subject} · ${fact.attribute} · ${fact.value}`)));
}

function section(title, items) {
  return items.length > 0 ? [el("h3", {}, title), el("ul", {}, items)] : [];
}

function neighbour(of, space) {
  return el("li", {class: "near"}, el("span", {class: "quiet"}, of.similarity.toFixed(2)),
    el("button", {type: "button", class: "link", onclick: () => open(of.step, space)},
      `${plain(of.role ?? "")}: ${plain((of.text ?? "").slice(0, 160))}`));
}

function about(step) {
  return list([["space", step.space], ["episode", step.episode], ["place in it", step.index], ["title", step.title],
    ["happened", time(step.time)], ["until", time(step.until)], ["stored", time(step.stored)], ["id", step.id],
    ["tags", (step.tags ?? []).join(", ")], ["session", step.parts?.session], ["reward", step.reward],
    ["corrects", step.supersedes], ["corrected by", step.superseded_by]]);
}

/** Shows all about a step. */
export async function open(id, space) {
  const found = await ask("step", {space, step: id});
  const step = {...found.steps.find((one) => one.step === id) ?? found.steps[0], space};
  const others = found.steps.filter((one) => one.step !== step.step);
  const again = () => open(id, space);
  dialog.replaceChildren(
    el("header", {}, el("h2", {id: "detail-title"}, `Step ${step.step}`),
      el("button", {type: "button", "aria-label": "Close", onclick: () => dialog.close()}, "\u00d7")),
    heading(step), ...texts(step), about(step),
    ...section("Times that it tells", moments(step)), ...section("Facts", facts(step)),
    ...section("Before and after its corrections", others.map((other) => el("li", {}, card(other, space)))),
    ...section("Nearest by vector", (found.neighbours ?? []).map((of) => neighbour(of, space))),
    el("details", {}, el("summary", {}, "As stored"), el("pre", {}, plain(JSON.stringify(found.steps, null, 2)))),
    el("footer", {},
      el("a", {href: `#timeline?${new URLSearchParams({space, episode: step.episode})}`, onclick: () => dialog.close()},
        `Episode ${step.episode}`),
      step.forgotten
        ? el("button", {type: "button", onclick: () => restore([id], space, again)}, "Restore")
        : el("button", {type: "button", class: "danger", onclick: () => forget([id], space, again)}, "Forget")));
  if (!dialog.open) dialog.showModal();
}
