// What the memory holds: its spaces, with what is in each.
const state = document.getElementById("state");
const form = document.getElementById("token-form");
const table = document.getElementById("spaces");

async function ask(path) {
  const token = sessionStorage.getItem("token");
  const answer = await fetch(path, {headers: token ? {Authorization: `Bearer ${token}`} : {}});
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.detail), {status: answer.status});
  return body;
}

function row(space) {
  const line = document.createElement("tr");
  for (const text of [space.name, space.preset, space.steps, space.episodes]) {
    line.append(Object.assign(document.createElement("td"), {textContent: text}));
  }
  return line;
}

async function show() {
  try {
    const {spaces} = await ask("/v1/spaces");
    table.tBodies[0].replaceChildren(...spaces.map(row));
    table.hidden = false;
    form.hidden = true;
    state.textContent = `${spaces.length} spaces`;
  } catch (error) {
    form.hidden = error.status !== 401;
    state.textContent = error.message;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", document.getElementById("token").value);
  show();
});
show();
