// dom.js - elements, and how values look. Whatever was stored becomes text, never markup.

/** An element; members of `of` become properties (dataset, aria-* and class as attributes), children are appended. */
export function el(name, of = {}, ...children) {
  const made = document.createElement(name);
  for (const [member, value] of Object.entries(of)) {
    if (value === undefined || value === null) continue;
    if (member.startsWith("on")) made.addEventListener(member.slice(2), value);
    else if (member in made && !member.startsWith("aria")) made[member] = value;
    else made.setAttribute(member, value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return made;
}

/** Characters that would change how the line around them reads are shown by their names. */
export function plain(text) {
  return String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (c) => `\u27e8${c.codePointAt(0).toString(16).padStart(4, "0")}\u27e9`);
}

export function number(value, digits = 3) {
  if (value === undefined || value === null) return "";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Number(value.toPrecision(digits)).toString();
}

/** An interval; of one that is a day, the day. */
export function span(from, to) {
  const day = /T00:00:00(Z|[+-]00:00)?$/;
  const whole = from && to && day.test(from) && day.test(to) && Date.parse(to) - Date.parse(from) === 86400000;
  return whole ? from.slice(0, 10) : `${time(from)} to ${time(to)}`;
}

/** "2023-05-08 13:56", of a time as the server writes it. */
export function time(text) {
  return text ? text.replace("T", " ").replace(/(:\d\d)(:\d\d)?(\.\d+)?Z$/, "$1") : "";
}

export function bytes(size) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000;
  return `${number(size)} ${units[unit]}`;
}

/** A table with a caption; rows are lists of texts or elements. Columns of numbers are set to the right. */
export function table(caption, heads, rows) {
  const isNumber = heads.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"));
  const cell = (value) => value instanceof Node ? el("td", {}, value)
    : el("td", {class: typeof value === "number" ? "number" : undefined},
      typeof value === "number" ? number(value) : plain(value ?? ""));
  return el("div", {class: "scroll", tabIndex: 0, role: "region", "aria-label": caption},
    el("table", {}, el("caption", {}, caption),
      el("thead", {}, el("tr", {}, heads.map((head, i) =>
        el("th", {scope: "col", class: isNumber[i] ? "number" : undefined}, head)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell))))));
}

/** Names and values, one below the other. */
export function list(pairs) {
  return el("dl", {}, pairs.filter(([, value]) => value !== "" && value !== undefined && value !== null)
    .flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value instanceof Node ? value : plain(value))]));
}

/** A labelled input of a form. */
export function field(label, name, of = {}) {
  const input = of.options
    ? el("select", {name}, of.options.map(([value, text]) => el("option", {value, selected: value === of.value}, text)))
    : el("input", {name, type: "text", autocomplete: "off", ...of});
  return el("label", {class: of.wide ? "wide" : undefined}, label, " ", input);
}

/** What a form says, as an object: numbers where its inputs are numeric. */
export function values(form) {
  const found = {};
  for (const input of form.elements) {
    if (!input.name || input.value === "") continue;
    found[input.name] = input.type === "checkbox" ? input.checked
      : input.type === "number" ? Number(input.value) : input.value;
  }
  return found;
}
