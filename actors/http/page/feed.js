// What the gateway tells, kept up to date: the whole state first, then its changes. EventSource could send no key,
// so the stream is read with fetch.

const KEY = "idexx-sync.key";

/** Without a word for so long the stream is taken for dead, in milliseconds; it tells something every 2 s. */
const DEAD_AFTER = 15_000;

/** Pauses before it is tried again, in milliseconds: doubled each time, up to the longest. */
const FIRST_PAUSE = 1_000, LONGEST_PAUSE = 15_000;

/** A tab that nobody looks at lets go of its stream after so long: a browser has few connections for one server. */
const HIDDEN_FOR = 30_000;

export class Feed {
  /** Clinics by slug, syncs by id, and the other fields of the overview; null before the first word. */
  state = null;
  /** Why there is nothing newer, in words; empty while all is well. */
  trouble = "";
  /** Null, or that a key is needed: what was wrong with the last one. */
  keyTrouble = null;

  #changed;
  #told = { at: 0, heard: -Infinity };
  #shown = performance.now();
  #failures = 0;
  #stream = new AbortController();
  #hiding;
  #wake = () => {};

  constructor(changed) {
    this.#changed = changed;
    document.addEventListener("visibilitychange", () => this.#seeWhetherShown());
    addEventListener("online", () => this.#wake());
    this.#seeWhetherShown();
  }

  /** The database's time, in milliseconds: this machine's clock may be wrong. */
  get now() {
    return this.#told.at + performance.now() - this.#told.heard;
  }

  /** How old the state is, in milliseconds. */
  get age() {
    return performance.now() - this.#told.heard;
  }

  /** For how long somebody has been looking and nothing came, in milliseconds. */
  get silence() {
    return performance.now() - Math.max(this.#told.heard, this.#shown);
  }

  useKey(key) {
    // A header takes ASCII only, and so are keys: what is not will not be known.
    sessionStorage.setItem(KEY, key.trim().replace(/[^\x20-\x7e]/g, "?"));
    this.#wake();
  }

  #seeWhetherShown() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => this.#stream.abort(), HIDDEN_FOR);
    } else {
      this.#shown = performance.now();
      this.#wake();
    }
  }

  /** Reads, again and again, for as long as the page is open. */
  async run() {
    for (;;) {
      try {
        await this.#read();
        this.trouble = "the stream has ended";
      } catch (error) {
        // What a browser says of a connection that failed differs, and helps nobody.
        this.trouble = error instanceof Refused ? error.message : "the gateway does not answer";
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
        messages.forEach((message) => this.#hear(message));
      }
    } finally {
      clearTimeout(dying);
    }
  }

  async #open() {
    const key = sessionStorage.getItem(KEY);
    const response = await fetch("api/idexx/live", {
      headers: key ? { Authorization: `Bearer ${key}` } : {},
      cache: "no-store",
      signal: this.#stream.signal,
    });
    this.keyTrouble = response.status !== 401 ? null : key ? "The gateway does not know this key." : "";
    if (!response.ok) throw new Refused((await response.json()).error.message);
    return response;
  }

  #hear(message) {
    const fields = Object.fromEntries(message.split("\n").map((line) => line.split(/: (.*)/s, 2)));
    if (!fields.data) return; // only a sign of life
    const told = JSON.parse(fields.data);
    if (fields.event === "away") this.trouble = told.message;
    else this.#take(told, fields.event === "state");
    this.#changed();
  }

  #take({ clinics = [], syncs = [], gone = {}, ...rest }, isWhole) {
    if (isWhole) this.state = { clinics: new Map(), syncs: new Map() };
    for (const clinic of clinics) this.state.clinics.set(clinic.slug, clinic);
    for (const sync of syncs) this.state.syncs.set(sync.sync_id, sync);
    for (const slug of gone.clinics ?? []) this.state.clinics.delete(slug);
    for (const id of gone.syncs ?? []) this.state.syncs.delete(id);
    Object.assign(this.state, rest);
    if (!rest.at) return;
    this.#told = { at: Date.parse(rest.at), heard: performance.now() };
    this.#failures = 0;
    this.trouble = "";
  }

  /** Until it is worth a try: after a pause, when somebody looks again, or when there is a key. */
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

/** The gateway has answered, and said why not. */
class Refused extends Error {}
