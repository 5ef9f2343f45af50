// A client of the service that `penstock serve` starts: contexts for programs in JavaScript. Needs nothing but `fetch`.

const DEFAULT_URL = "http://127.0.0.1:7878";

/** The service refused a call, or could not be reached. The message is the service's own. */
export class ServiceError extends Error {
  constructor(message, type, version = null) {
    super(message);
    this.name = "ServiceError";
    this.type = type;
    this.version = version;
  }
}

/** A client. Every method rejects with `ServiceError`. */
export class Client {
  constructor({ url, token, workspace = "default", by = "owner" } = {}) {
    const environment = globalThis.process?.env ?? {};
    this.url = (url ?? environment.PENSTOCK_SERVICE ?? DEFAULT_URL).replace(/\/+$/, "");
    token ??= environment.PENSTOCK_TOKEN;
    if (!token) throw new ServiceError("name the token, or PENSTOCK_TOKEN: `penstock serve` prints its file", "unauthenticated");
    this.headers = {
      authorization: `Bearer ${token}`,
      "x-penstock-by": by,
    };
    // A key has a workspace of its own, and may name no other.
    if (workspace !== "default") this.headers["x-penstock-workspace"] = workspace;
  }

  /** Keep a value. `marks`: ttl (seconds, 0: no end), tags, session, agent, seal; `expected`: the version it must have. */
  async put(key, data, { expected, ...marks } = {}) {
    return this.#call("PUT", path("contexts", key), { body: { ...marks, data }, expected });
  }

  /** The newest version, or an older one; its value is in `data`. */
  async get(key, version) {
    return this.#call("GET", path("contexts", key), { query: { version } });
  }

  /** Change a value by a JSON Merge Patch (RFC 7396). */
  async patch(key, patch, { expected, ...marks } = {}) {
    return this.#call("PATCH", path("contexts", key), { body: { ...marks, data: patch }, expected });
  }

  /** Add a list of items to the end of a value that is a list. */
  async append(key, items, { expected } = {}) {
    return this.#call("PATCH", path("contexts", key), { body: { append: items }, expected });
  }

  /** Take a context away; `purge`: for good, with all its versions. */
  async delete(key, { purge = false, expected } = {}) {
    return this.#call("DELETE", path("contexts", key), { query: { purge: purge || undefined }, expected });
  }

  /** Bring back what was deleted within the last 30 days. What is deleted has version 0 for `expected`. */
  async undelete(key, { expected } = {}) {
    return this.#call("POST", path("undelete", key), { expected });
  }

  /** Make the value of an older version the newest. */
  async rollback(key, to, { expected } = {}) {
    return this.#call("POST", path("rollback", key), { body: { to }, expected });
  }

  /** The history, the newest first. */
  async versions(key) {
    return (await this.#call("GET", path("versions", key))).items;
  }

  /** Contexts that hold any of the words, the best first. */
  async search(query, options = {}) {
    return (await this.#call("POST", "/v1/search", { body: { query, ...options } })).hits;
  }

  /** What serves a purpose, the best first. `options`: token_budget, thread_id, project. */
  recall(purpose, options = {}) {
    return this.#call("POST", "/v1/recall", { body: { purpose, ...options } });
  }

  /** What is needed at hand to go on with a task, in sections. `options` as for `recall`. */
  workingSet(purpose, options = {}) {
    return this.#call("POST", "/v1/workingset", { body: { purpose, ...options } });
  }

  /** Remember materials of a thread: chat, diffs, logs, documents. `options`: project, tags; `wait` false: as a job, `{job, accepted}`. */
  ingest(threadId, materials, options = {}) {
    return this.#call("POST", "/v1/ingest", { body: { thread_id: threadId, materials, wait: true, ...options } });
  }

  /** Say of an item that it was `helpful`, or is `wrong`, `outdated` or a `duplicate`. `options`: value (from -1 to 1), comment, project. */
  feedback(itemId, feedbackType, options = {}) {
    return this.#call("POST", "/v1/feedback", { body: { item_id: itemId, feedback_type: feedbackType, ...options } });
  }

  /** Contexts by key, without their values. `wanted`: prefix, tag, session, agent. */
  async *list(wanted = {}) {
    let after;
    do {
      const page = await this.#call("GET", "/v1/contexts", { query: { ...wanted, after, limit: 200 } });
      yield* page.items;
      after = page.next;
    } while (after != null);
  }

  /** Changes as they happen, from the cursor `after` on, or from now; until the caller stops or `signal` aborts. The first is of the kind `gap` where some after `after` are not kept any more. */
  async *changes({ prefix, after, signal } = {}) {
    const answer = await this.#send("GET", "/v1/changes", { query: { prefix, after }, signal });
    let kind;
    for await (const line of this.#lines(answer, signal)) {
      if (line.startsWith("event: ")) kind = line.slice(7);
      if (line.startsWith("data: {")) yield { ...JSON.parse(line.slice(6)), kind };
    }
  }

  async *#lines(answer, signal) {
    let text = "";
    const decoder = new TextDecoder();
    try {
      for await (const bytes of answer.body) {
        text += decoder.decode(bytes, { stream: true });
        const lines = text.split("\n");
        text = lines.pop();
        yield* lines;
      }
    } catch (error) {
      throw this.#unreachable(error, signal);
    }
  }

  async #call(method, where, options) {
    const answer = await this.#send(method, where, options);
    if (answer.status === 204) return undefined;
    try {
      return await answer.json();
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error, signal) {
    if (signal?.aborted) return error;
    const why = error.cause?.message ?? error.message;
    return new ServiceError(`the service does not answer at ${this.url} (${why}): \`penstock serve\` starts it; if it listens elsewhere, \`url\` or PENSTOCK_SERVICE names its address`, "unreachable");
  }

  async #send(method, where, { body, query = {}, expected, signal } = {}) {
    const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const headers = { ...this.headers };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (expected !== undefined) headers["if-match"] = `"${expected}"`;
    const url = `${this.url}${where}${wanted.length ? `?${new URLSearchParams(wanted)}` : ""}`;
    let answer;
    try {
      answer = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
    } catch (error) {
      throw this.#unreachable(error, signal);
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }
}

function path(what, key) {
  const segments = key.split("/");
  // `fetch` takes dots for steps between folders, and would make another call of it.
  if (segments.some((one) => ["", ".", ".."].includes(one))) {
    throw new ServiceError(`${JSON.stringify(key)} is no key: none of its segments may be empty, a dot or two`, "invalid");
  }
  return `/v1/${what}/${segments.map(encodeURIComponent).join("/")}`;
}

async function refusal(answer) {
  const text = await answer.text().catch((error) => error.message);
  try {
    const { message, type, version } = JSON.parse(text).error;
    return new ServiceError(message, type, version);
  } catch {
    return new ServiceError(`${answer.url} answered ${answer.status}: ${text.slice(0, 200)}`, "internal");
  }
}
