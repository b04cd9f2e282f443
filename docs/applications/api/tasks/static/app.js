import { SessionToken } from "/sessiontoken.js";

const find = (selector) => document.querySelector(selector);
const session = new SessionToken({ url: "/token", warnBefore: 60 });

function show(message = "") {
  find("#sign-in").hidden = session.signedIn;
  find("section").hidden = !session.signedIn;
  find("dialog").close();
  find("[role=status]").textContent = message;
}

/** Ask the API; a session that ended shows the form to sign in. */
async function ask(path, method = "GET", body = undefined) {
  const response = await session.fetch(path, {
    method,
    body: body && JSON.stringify(body),
    headers: body ? { "Content-Type": "application/json" } : {},
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.status === 204 ? null : response.json();
}

function item(task) {
  const line = document.createElement("li");
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = task.done;
  box.onchange = () =>
    attempt(() => ask(`/tasks/${task.id}`, "PATCH", { done: box.checked }));
  label.append(box, ` ${task.title}`);
  line.append(label);
  return line;
}

async function load() {
  find("ul").replaceChildren(...(await ask("/tasks")).map(item));
  show();
}

async function attempt(f) {
  try {
    await f();
  } catch (error) {
    show(error.message);
  }
}

find("#sign-in").onsubmit = (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(async () => {
    await session.signIn(Object.fromEntries(new FormData(form)));
    form.reset();
    await load();
  });
};

find("#add").onsubmit = (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(async () => {
    await ask("/tasks", "POST", { title: form.title.value });
    form.reset();
    await load();
  });
};

find("#sign-out").onclick = () => attempt(() => session.signOut());
find("#stay").onclick = () => attempt(() => session.renew());

session.on("ending", () => find("dialog").showModal());
session.on("renewed", () => show());
session.on("ended", () => {
  find("ul").replaceChildren();
  show("You are signed out.");
});
