"use strict";

// The page of the playground: GraphiQL, a fetcher that can also subscribe, and one button per persona.

const root = ReactDOM.createRoot(document.getElementById("graphiql"));
const assets = document.currentScript.src;

/** Tells whether the operation that is about to run is a subscription. */
function subscribes({ operationName }, document) {
  return Boolean(document?.definitions.some((definition) =>
    definition.operation === "subscription" && (!operationName || definition.name?.value === operationName)));
}

function post(parameters, headers, accept, signal) {
  return fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", accept, ...headers },
    body: JSON.stringify(parameters),
    credentials: "same-origin",
    signal,
  });
}

/** Reads an answer, which is no JSON only when something in between has failed. */
async function answer(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `The server answered ${response.status} ${response.statusText}: ${text}` }] };
  }
}

/** Yields what an event stream of the GraphQL over SSE protocol delivers, until it is complete or called off. */
async function* events(request) {
  try {
    const response = await request;
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      yield await answer(response);
      return;
    }
    let rest = "";
    for await (const chunk of chunks(response.body.pipeThrough(new TextDecoderStream()))) {
      const blocks = (rest + chunk).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const lines = block.split("\n");
        const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
        if (lines.some((line) => /^event: ?complete$/.test(line))) return;
        if (data.trim()) yield JSON.parse(data);
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

/** Yields the pieces of a stream; not every browser iterates over one. */
async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function fetcher(parameters, { headers, documentAST } = {}) {
  if (!subscribes(parameters, documentAST)) {
    return post(parameters, headers, "application/graphql-response+json, application/json").then(answer);
  }
  const call = new AbortController();
  const stream = events(post(parameters, headers, "text/event-stream", call.signal));
  return {
    [Symbol.asyncIterator]() { return this; },
    next: () => stream.next(),
    // A generator cannot be ended while it waits, so the request is called off first.
    return: () => { call.abort(); return stream.return(); },
  };
}

/** The browser's storage, without the headers that GraphiQL's history would keep: tokens do not stay behind. */
const storage = {
  get length() { return localStorage.length; },
  getItem: (key) => localStorage.getItem(key),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  setItem(key, value) {
    let kept = value;
    try {
      kept = JSON.stringify(JSON.parse(value, (name, part) => (name === "headers" ? undefined : part)));
    } catch {
      // Not every value is JSON; one that is not holds no headers.
    }
    localStorage.setItem(key, kept);
  },
};

function render(defaultQuery, headers) {
  root.render(React.createElement(GraphiQL, {
    fetcher, storage, defaultQuery, headers, defaultEditorToolsVisibility: "headers", shouldPersistHeaders: false,
  }));
}

/** Shows a button for each of `[{name, description, token}]`, and one for nobody. */
function showPersonas(personas, choose) {
  const nav = document.getElementById("personas");
  for (const { name, description, token } of [{ name: "Nobody", description: "Not signed in" }, ...personas]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.title = description ?? "";
    button.setAttribute("aria-pressed", String(!token));
    button.addEventListener("click", () => {
      for (const other of nav.children) other.setAttribute("aria-pressed", String(other === button));
      choose(token);
    });
    nav.append(button);
  }
  nav.hidden = false;
}

async function start() {
  const [welcome, personas] = await Promise.all([
    fetch(new URL("welcome.graphql", assets)).then((response) => response.text()),
    fetch("/personas.json").then((response) => (response.ok ? response.json() : [])).catch(() => []),
  ]);
  let clicks = 0;
  render(welcome);
  if (personas.length === 0) return;
  showPersonas(personas, (token) => {
    // GraphiQL replaces the editor's text whenever the value differs from the last one, hence the spaces.
    const headers = token ? JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2) : "{}";
    clicks += 1;
    render(welcome, headers + " ".repeat(clicks % 2));
  });
}

start();
