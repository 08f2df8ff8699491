// The pages of one clinic, one sync and one date: reads what the page is about, draws it, and acts for keys that may.

import { actOf } from "./acting.js";
import { ask, described, mayHeal, picture } from "./api.js";
import * as clinic from "./clinic_page.js";
import * as date from "./date_page.js";
import { draw, h } from "./draw.js";
import { dropKey, hasKey, keepKey } from "./key.js";
import * as sync from "./sync_page.js";
import * as words from "./words.js";

/** How often a page is read again while it is visible, and while something on it is going on. Milliseconds. */
const AGAIN = 10_000,
  SOON = 2_000;

const page = { clinic, date, sync }[location.pathname.split("/").pop()];
const place = (selector) => document.querySelector(selector);
const given = () => Object.fromEntries(new URLSearchParams(location.search));
const state = {
  data: null,
  received: 0,
  trouble: "",
  keyTrouble: null,
  wantsKey: false,
  said: "",
  evidence: new Map(),
};
let reading = new AbortController();
let next;

const now = () => Date.parse(state.data.at) + performance.now() - state.received;

async function read() {
  clearTimeout(next);
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  let again = true;
  try {
    state.data = await ask(page.path, page.query(given()), { signal });
    Object.assign(state, { received: performance.now(), trouble: "", keyTrouble: null });
  } catch (error) {
    if (signal.aborted) return;
    state.keyTrouble = error.code !== 401 ? null : hasKey() ? "The gateway does not accept this key." : "";
    again = mayHeal(error);
    state.trouble = again ? `${described(error)}; trying again` : described(error);
    if (!again && !state.data) draw(place("#title"), error.code === 403 ? "Not allowed" : `No such ${page.path}`);
  }
  show();
  if (again) next = setTimeout(() => document.hidden || read(), state.data && page.isBusy(state.data) ? SOON : AGAIN);
}

function show() {
  const { data } = state;
  const asksKey = state.keyTrouble !== null || state.wantsKey;
  const wasHidden = place("#key-form").hidden;
  place("#key-form").hidden = !asksKey;
  place("#key-cancel").hidden = state.keyTrouble !== null;
  draw(place("#key-title"), state.wantsKey ? (hasKey() ? "Another key" : "A key") : "This gateway requires a key");
  draw(place("#key-trouble"), state.keyTrouble ?? "");
  if (asksKey && wasHidden) place("#key").focus();
  const trouble = state.trouble && state.keyTrouble === null;
  draw(
    place("#notice"),
    ...(trouble ? [h("p", { key: "trouble" }, state.trouble)] : []),
    ...(state.said ? [h("p", { key: "said", class: "said" }, state.said)] : []),
  );
  place("#board").hidden = place("#access").hidden = asksKey || !data;
  if (!data || asksKey) return;
  const title = page.title(data, given());
  document.title = `${title} · idexx-sync`;
  draw(place("#title"), title);
  draw(place("#trail"), ...page.trail(data));
  draw(place("#clock"), `times of ${data.clinic.timezone || "UTC"}`);
  draw(place("#board"), ...page.parts(data, { now: now(), given: given(), evidence: state.evidence }).filter(Boolean));
  draw(place("#access"), ...access(data.caller));
  if (location.hash && !show.hasJumped) place(location.hash.replace(/[^#\w-]/g, ""))?.scrollIntoView();
  show.hasJumped = true;
}

function access({ name, rights }) {
  const may = rights.filter((right) => right !== "sync").join(", ");
  return [
    h(
      "p",
      {},
      name ? ["Key ", h("b", {}, name), `: may ${may}. `] : "Without a key: read-only, without names. ",
      h("button", { type: "button", class: "plain-button ask-key" }, name ? "Enter another key" : "Enter a key"),
      hasKey() && [" · ", h("button", { type: "button", class: "plain-button", id: "drop-key" }, "Forget this key")],
    ),
  ];
}

// Acting: a dialog says what happens, and its button does it.

const dialog = place("#confirm");
let asked = null;

function confirm(act) {
  asked = act;
  draw(place("#confirm-title"), act.title);
  draw(place("#confirm-text"), act.text);
  draw(place("#confirm-trouble"));
  draw(place("#confirm-yes"), act.confirm);
  place("#confirm-yes").classList.toggle("grave", Boolean(act.isGrave));
  place("#confirm-yes").disabled = false;
  dialog.showModal();
  place("#confirm-no").focus();
}

place("#confirm-no").addEventListener("click", () => dialog.close());
place("#confirm-yes").addEventListener("click", async () => {
  place("#confirm-yes").disabled = true;
  try {
    await ask(asked.path, {}, asked);
    dialog.close();
    state.said = `Done: ${asked.label.toLowerCase()}.`;
    place("#main").focus();
    await read();
  } catch (error) {
    draw(place("#confirm-trouble"), described(error));
    place("#confirm-yes").disabled = false;
  }
});

// Evidence is read when it is opened.

async function openEvidence(id) {
  if (state.evidence.has(id)) return;
  state.evidence.set(id, null);
  const query = { clinicId: given().clinic, evidenceId: id };
  try {
    const { evidence } = await ask("evidence", query);
    state.evidence.set(id, { ...evidence, picture: evidence.has_screenshot && (await picture("screenshot", query)) });
  } catch (error) {
    state.evidence.delete(id);
    state.trouble = described(error);
  }
  show();
}

document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.open && event.target.dataset.evidence) openEvidence(Number(event.target.dataset.evidence));
  },
  true,
);

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.act) confirm(actOf(button));
  if (button.matches(".ask-key")) wantKey(true);
  if (button.id === "key-cancel") wantKey(false);
  if (button.id === "drop-key") {
    dropKey();
    read();
  }
});

function wantKey(wants) {
  state.wantsKey = wants;
  show();
  place(wants ? "#key" : "#main").focus();
}

place("#key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepKey(place("#key").value);
  place("#key").value = "";
  state.wantsKey = false;
  read().then(() => place(state.keyTrouble === null ? "#main" : "#key").focus());
});

document.addEventListener("visibilitychange", () => !document.hidden && read());
read();
