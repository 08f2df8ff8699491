// Follows the gateway's live overview: the whole state first, then changes. Reads the stream with fetch, because
// EventSource cannot send a key.

import { hasKey, keepKey, keyHeader } from "./key.js";

/** A stream without a message for this time is closed and reopened; the gateway sends one every 2 s. Milliseconds. */
const DEAD_AFTER = 15_000;

/** Pauses before the stream is reopened: doubled after each failure, up to the longest. Milliseconds. */
const FIRST_PAUSE = 1_000, LONGEST_PAUSE = 15_000;

/** A hidden tab closes its stream after this time, because browsers limit connections per server. Milliseconds. */
const HIDDEN_FOR = 30_000;

export class Feed {
  /** Clinics by slug, syncs by id, and the other fields of the overview; null before the first message. */
  state = null;
  /** Why there is no newer data; empty if there is no problem. */
  trouble = "";
  /** Null unless a key is required; then the error of the last key, or an empty text. */
  keyTrouble = null;

  #changed;
  #latest = { at: 0, received: -Infinity };
  #shown = performance.now();
  #failures = 0;
  #stream = new AbortController();
  #hiding;
  #wake = () => {};

  constructor(changed) {
    this.#changed = changed;
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    addEventListener("online", () => this.#wake());
    this.#onVisibility();
  }

  /** The database's time, because this machine's clock may be wrong. Milliseconds. */
  get now() {
    return this.#latest.at + performance.now() - this.#latest.received;
  }

  /** The age of the state. Milliseconds. */
  get age() {
    return performance.now() - this.#latest.received;
  }

  /** How long the page has been visible without a message. Milliseconds. */
  get silence() {
    return performance.now() - Math.max(this.#latest.received, this.#shown);
  }

  useKey(key) {
    keepKey(key);
    this.#wake();
  }

  #onVisibility() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => this.#stream.abort(), HIDDEN_FOR);
    } else {
      this.#shown = performance.now();
      this.#wake();
    }
  }

  /** Reads the stream, and reopens it whenever it ends. */
  async run() {
    for (;;) {
      try {
        await this.#read();
        this.trouble = "the stream has ended";
      } catch (error) {
        // Browsers describe a failed connection differently, and none of them helpfully.
        this.trouble = error instanceof Refused ? error.message : "the gateway does not respond";
      }
      this.#changed();
      await this.#pause();
    }
  }

  async #read() {
    this.#stream = new AbortController();
    let dying;
    const alive = () => {
      clearTimeout(dying);
      dying = setTimeout(() => this.#stream.abort(), DEAD_AFTER);
    };
    alive();
    try {
      const reader = (await this.#open()).body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        alive();
        const messages = (text + piece.value).split("\n\n");
        text = messages.pop();
        messages.forEach((message) => this.#receive(message));
      }
    } finally {
      clearTimeout(dying);
    }
  }

  async #open() {
    const response = await fetch("api/idexx/live", {
      headers: keyHeader(),
      cache: "no-store",
      signal: this.#stream.signal,
    });
    this.keyTrouble = response.status !== 401 ? null : hasKey() ? "The gateway does not accept this key." : "";
    if (!response.ok) throw new Refused((await response.json()).error.message);
    return response;
  }

  #receive(message) {
    const fields = Object.fromEntries(message.split("\n").map((line) => line.split(/: (.*)/s, 2)));
    if (!fields.data) return; // a heartbeat
    const data = JSON.parse(fields.data);
    if (fields.event === "away") this.trouble = data.message;
    else this.#apply(data, fields.event === "state");
    this.#changed();
  }

  #apply({ clinics = [], syncs = [], gone = {}, ...rest }, isWhole) {
    if (isWhole) this.state = { clinics: new Map(), syncs: new Map() };
    for (const clinic of clinics) this.state.clinics.set(clinic.slug, clinic);
    for (const sync of syncs) this.state.syncs.set(sync.sync_id, sync);
    for (const slug of gone.clinics ?? []) this.state.clinics.delete(slug);
    for (const id of gone.syncs ?? []) this.state.syncs.delete(id);
    Object.assign(this.state, rest);
    if (!rest.at) return;
    this.#latest = { at: Date.parse(rest.at), received: performance.now() };
    this.#failures = 0;
    this.trouble = "";
  }

  /** Waits until a retry makes sense: after a pause, or when the page becomes visible or gets a key. */
  async #pause() {
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures++);
    const waits = this.keyTrouble !== null || document.hidden;
    await new Promise((resolve) => {
      this.#wake = resolve;
      if (!waits) setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    });
    this.#wake = () => {};
  }
}

/** The gateway has refused the request; the message is its reason. */
class Refused extends Error {}
