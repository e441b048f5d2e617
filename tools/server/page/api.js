// api.js - what the server is asked: one operation, one object in, one object out; and its counters.

const key = "episodic-token";

export function setToken(token) {
  sessionStorage.setItem(key, token);
}

function headers() {
  const token = sessionStorage.getItem(key);
  return token ? {Authorization: `Bearer ${token}`} : {};
}

async function fail(answer) {
  const problem = await answer.json().catch(() => ({detail: answer.statusText}));
  throw Object.assign(new Error(problem.detail ?? problem.title), {status: answer.status});
}

/** Runs an operation. Members that are empty are left out. */
export async function ask(operation, values = {}) {
  const body = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== "" && value !== null && value !== undefined) body[name] = value;
  }
  const answer = await fetch(`v1/${operation}`, {
    method: "POST",
    headers: {"Content-Type": "application/json", ...headers()},
    body: JSON.stringify(body),
  });
  return answer.ok ? answer.json() : fail(answer);
}

/** The server's counters: a list of {name, labels, value}. */
export async function metrics() {
  const answer = await fetch("metrics", {headers: headers()});
  if (!answer.ok) return fail(answer);
  const found = [];
  for (const line of (await answer.text()).split("\n")) {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = Object.fromEntries([...(match[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)].map((l) => [l[1], l[2]]));
    found.push({name: match[1], labels, value: Number(match[3])});
  }
  return found;
}
