"use strict";

(() => {
  const TOKEN = "spiral.token";
  const endpoint = window.location.pathname;
  const field = document.getElementById("token");
  const forget = document.getElementById("forget");
  const state = document.getElementById("token-state");

  const FIRST_QUERY = `# Spiral's GraphQL endpoint.
#
# 1. Paste an access token above: an API client
#    gets one from POST /oauth/token, a person
#    from their own identity provider.
# 2. Ctrl-Enter (or the play button) runs the
#    query.
# 3. Ctrl-Space suggests fields; the book on the
#    left is the whole schema.
#
# Answers hold what your role and the owners'
# sharing let you see. Lists are Relay
# connections.

{
  me {
    principal {
      id
    }
    tenant {
      slug
    }
  }
}
`;

  /** The token lives as long as the tab: not in the URL, a cookie or localStorage. */
  const token = () => window.sessionStorage.getItem(TOKEN) ?? "";

  function tell(text, refused = false) {
    state.textContent = text;
    state.classList.toggle("refused", refused);
  }

  function tellToken() {
    forget.disabled = token() === "";
    tell(token() ? "In use until this tab closes" : "No token yet");
  }

  function request(url, params, options, accept, signal) {
    const headers = new Headers({ "Content-Type": "application/json", Accept: accept });
    if (token()) headers.set("Authorization", `Bearer ${token()}`);
    for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, value);
    const body = JSON.stringify(params);
    return fetch(url, { method: "POST", headers, body, signal, credentials: "omit", redirect: "error" });
  }

  /** Any answer as an object that GraphiQL can show, whatever its content type. */
  async function answer(response) {
    if (response.status === 401) tell(token() ? "Token refused or expired" : "A token is needed", true);
    else tellToken();
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: `HTTP ${response.status} ${text.slice(0, 2000)}`.trim() }] };
    }
  }

  /** Calls `onEvent(name, data)` for each server-sent event; comments keep the line open and are skipped. */
  async function readEvents(stream, onEvent) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let name = "";
    let data = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split(/\r\n|\n/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (name || data.length) onEvent(name || "message", data.join("\n"));
          name = "";
          data = [];
        } else if (line.startsWith("event:")) {
          name = line.slice(6).trim();
        } else if (line.startsWith("data:")) {
          data.push(line.slice(5).replace(/^ /, ""));
        }
      }
    }
  }

  /** Subscriptions come as server-sent events: unlike a browser's WebSocket, they can carry the token in a header. */
  function subscribe(params, options) {
    return {
      subscribe(observer) {
        const stop = new AbortController();
        const run = async () => {
          const url = `${endpoint}/stream`;
          const response = await request(url, params, options, "text/event-stream", stop.signal);
          if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
            observer.next(await answer(response));
            return;
          }
          await readEvents(response.body, (name, data) => {
            if (name === "next") observer.next(JSON.parse(data));
          });
        };
        run().then(
          () => observer.complete(),
          (error) => {
            if (!stop.signal.aborted) observer.error(error);
          },
        );
        return { unsubscribe: () => stop.abort() };
      },
    };
  }

  function isSubscription(params, options) {
    const operations = (options?.documentAST?.definitions ?? []).filter(
      (definition) => definition.kind === "OperationDefinition",
    );
    const chosen = operations.find((operation) => operation.name?.value === params.operationName);
    return (chosen ?? operations[0])?.operation === "subscription";
  }

  async function query(params, options) {
    return answer(
      await request(endpoint, params, options, "application/graphql-response+json, application/json;q=0.9"),
    );
  }

  // A new function each time: GraphiQL asks for the schema again when its fetcher changes.
  const newFetcher = () => (params, options) =>
    isSubscription(params, options) ? subscribe(params, options) : query(params, options);

  const root = ReactDOM.createRoot(document.getElementById("graphiql"));

  function render() {
    root.render(
      React.createElement(
        GraphiQL,
        { fetcher: newFetcher(), defaultQuery: FIRST_QUERY, shouldPersistHeaders: false },
        React.createElement(GraphiQL.Logo, null, " "),
      ),
    );
  }

  function setToken(value) {
    const pasted = value.trim().replace(/^Bearer\s+/i, "");
    if (pasted === token()) return;
    if (pasted) window.sessionStorage.setItem(TOKEN, pasted);
    else window.sessionStorage.removeItem(TOKEN);
    field.value = pasted;
    tellToken();
    render();
  }

  field.value = token();
  field.addEventListener("change", () => setToken(field.value));
  field.addEventListener("paste", () => setTimeout(() => setToken(field.value)));
  forget.addEventListener("click", () => setToken(""));
  tellToken();
  render();
})();
