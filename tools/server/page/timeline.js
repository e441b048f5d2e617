// timeline.js - the episodes of a space in order of time, or what one speaker said, and an episode with its steps. A
// space can be taken away as JSONL from here.
import {ask} from "./api.js";
import {chart, colour} from "./charts.js";
import {el, field, number, plain, time, values} from "./dom.js";
import {card} from "./step.js";

const PAGE = 200;

function filters(context) {
  const of = context.values;
  return el("form", {class: "ask", onsubmit: (event) => {
    event.preventDefault();
    context.go(values(event.target));
  }},
  field("From", "from", {value: of.from ?? "", placeholder: "2023-05"}),
  field("To", "to", {value: of.to ?? ""}),
  field("Who", "role", {value: of.role ?? "", placeholder: "any speaker"}),
  field("Title has", "title", {value: of.title ?? ""}),
  el("button", {}, "Filter"),
  el("button", {type: "button", onclick: () => save(context)}, "Export the space"));
}

function line(episode, context) {
  const address = `#timeline?${new URLSearchParams({space: context.space.name, episode: episode.episode})}`;
  const about = [`${number(episode.steps)} step${episode.steps === 1 ? "" : "s"}`, plain(episode.outcome ?? ""),
    episode.reward === undefined ? "" : `reward ${number(episode.reward)}`].filter(Boolean);
  return el("li", {}, el("time", {}, time(episode.from)),
    el("a", {href: address}, plain(episode.title ?? `Episode ${episode.episode}`)), el("span", {class: "quiet"}, about.join(" · ")));
}

/** How many steps there were in each month (or day, when it is all within two months). */
function density(episodes) {
  const days = new Set(episodes.map((one) => one.from?.slice(0, 7))).size <= 2;
  const counts = new Map();
  for (const one of episodes) {
    const when = one.from?.slice(0, days ? 10 : 7);
    if (when) counts.set(when, (counts.get(when) ?? 0) + one.steps);
  }
  const labels = [...counts.keys()].sort();
  return chart({type: "bar", label: `Steps of these episodes by ${days ? "day" : "month"}`, labels, legend: false,
    datasets: () => [{data: labels.map((when) => counts.get(when)), backgroundColor: colour(0)}]});
}

async function episodes(context) {
  const {from, to, title} = context.values;
  const all = el("ul", {class: "episodes"});
  const place = el("div");
  const shown = [];
  const more = el("button", {type: "button", hidden: true}, "More");
  let cursor;
  const next = async () => {
    const found = await ask("timeline", {space: context.space.name, from, to, limit: PAGE, cursor});
    const fitting = found.episodes.filter((one) => !title || (one.title ?? "").toLowerCase().includes(title.toLowerCase()));
    shown.push(...fitting);
    all.append(...fitting.map((episode) => line(episode, context)));
    cursor = found.next_cursor;
    more.hidden = !cursor;
    place.replaceChildren(...(shown.length ? [density(shown)] : []));
    context.say(`${number(shown.length)} episodes${cursor ? ", and more" : ""}`);
  };
  more.addEventListener("click", next);
  context.head("Timeline", filters(context));
  context.main.append(place, all, more);
  await next();
}

/** What one speaker said, the newest first. */
async function spoken(context) {
  const {from, to, role} = context.values;
  const name = context.space.name;
  const list = el("ol", {class: "hits"});
  const more = el("button", {type: "button", hidden: true}, "More");
  let cursor;
  const next = async () => {
    const found = await ask("recall", {space: name, role, from, to, limit: 100, margin: 0, budget: 100000, cursor});
    list.append(...found.memories.map((step) => el("li", {}, card(step, name))));
    cursor = found.next_cursor;
    more.hidden = !cursor;
    context.say(list.children.length === 0 ? `Nothing by “${plain(role)}”.`
      : `${number(list.children.length)} steps by “${plain(role)}”, the newest first${cursor ? ", and more" : ""}`);
  };
  more.addEventListener("click", next);
  context.head("Timeline", filters(context));
  context.main.append(list, more);
  await next();
}

async function episode(context, id) {
  const name = context.space.name;
  const list = el("ol", {class: "hits"});
  const more = el("button", {type: "button", hidden: true}, "More");
  const head = el("h2", {}, `Episode ${id}`);
  let first = 0;
  const next = async () => {
    const found = await ask("episode", {space: name, episode: id, first, limit: 100, budget: 100000});
    if (found.title) head.textContent = plain(found.title);
    list.append(...found.steps.map((step) => el("li", {}, card(step, name))));
    const days = [...list.querySelectorAll("time")].map((one) => one.textContent);
    context.say(`${number(list.children.length)} steps, ${days[0] ?? ""} to ${days.at(-1) ?? ""}${found.next === undefined ? "" : ", and more"}`);
    first = found.next;
    more.hidden = first === undefined;
  };
  more.addEventListener("click", next);
  context.main.prepend(el("p", {}, el("a", {href: `#timeline?${new URLSearchParams({space: name})}`}, "← All episodes")), head);
  context.main.append(list, more);
  await next();
}

/** Every step of the space, a line of JSON each, as a file. */
async function save(context) {
  const lines = [];
  let cursor;
  do {
    const page = await ask("timeline", {space: context.space.name, limit: PAGE, cursor});
    for (const one of page.episodes) {
      for (let first = 0; first !== undefined;) {
        const found = await ask("episode", {space: context.space.name, episode: one.episode, first, limit: 1000,
          budget: 200000});
        lines.push(...found.steps.map((step) => JSON.stringify(step)));
        first = found.next;
      }
      context.say(`${number(lines.length)} steps read`);
    }
    cursor = page.next_cursor;
  } while (cursor);
  const address = URL.createObjectURL(new Blob([lines.join("\n"), "\n"], {type: "application/x-ndjson"}));
  el("a", {href: address, download: `${context.space.name}.jsonl`}).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

export async function timeline(context) {
  if (context.values.episode) await episode(context, Number(context.values.episode));
  else if (context.values.role) await spoken(context);
  else await episodes(context);
}
