// Requests to the API, with the key of this tab.

import { keyHeader } from "./key.js";

/** A request without a response for this time is given up. Milliseconds. */
const GIVE_UP = 15_000;

/** The JSON of a response; null if there is none. With `body` the request acts. Raises an error with its status in `code`
 * if the gateway refuses. */
export async function ask(path, query = {}, { signal, body, headers } = {}) {
  const response = await send(path, query, { signal, body, headers });
  return response.status === 204 ? null : response.json();
}

/** A picture, as an address for this tab; null if there is none. */
export async function picture(path, query) {
  const response = await send(path, query, {});
  return response.status === 204 ? null : URL.createObjectURL(await response.blob());
}

async function send(path, query, { signal, body, headers }) {
  const json = body && { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`api/idexx/${path}?${new URLSearchParams(query)}`, {
    ...json,
    headers: { ...keyHeader(), ...(body && { "Content-Type": "application/json" }), ...headers },
    cache: "no-store",
    signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(GIVE_UP)]) : AbortSignal.timeout(GIVE_UP),
  });
  if (response.ok) return response;
  throw Object.assign(new Error((await response.json()).error.message), { code: response.status });
}

/** Says why a request failed; browsers describe a failed connection differently, and none of them helpfully. */
export const described = (error) => (error.code ? error.message : "the gateway does not respond");

/** Whether the same request may succeed later: a refusal of what it asks for stays one. */
export const mayHeal = ({ code }) => !code || code >= 500 || [401, 408, 429].includes(code);
