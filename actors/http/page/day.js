// One day of a clinic's calendar: reads it, draws it, and asks why a time is free or not. Read-only.

import { ask, described, mayHeal } from "./api.js";
import { calendar, clockOf, columnsOf, coloursOf, firstFocus, moved } from "./calendar.js";
import { draw, h } from "./draw.js";
import { hasKey, keepKey } from "./key.js";
import { toClinic, toDate } from "./parts.js";
import { hint, panel } from "./why.js";
import * as words from "./words.js";

/** How often the day is read again while the page is visible. Milliseconds. */
const AGAIN = 15_000;

const DAY = 86_400_000;

const DOUBTS = {
  never_read: "it was never read",
  failed: "it could not be read the last time",
  open_days_empty: "it is an open day, and was empty when it was read",
  records_left_out: "records of it could not be used",
  calendar_contradicted: "its calendar lacked appointments that the portal has",
};

const KINDS = [["free", "free"], ["block", "blocked"], ["booking", "booked by telephone, not in the portal yet"],
  ["hold", "held for a caller"], ["closed", "closed"], ["stale", "too uncertain to be offered"]];

const place = (selector) => document.querySelector(selector);
const state = { day: null, trouble: "", keyTrouble: null, wantsKey: false, picked: null, why: null, focus: null };
let reading = new AbortController();

const clinic = () => new URLSearchParams(location.search).get("clinic") ?? "";
const wanted = () => new URLSearchParams(location.search).get("date");
const linkTo = (date) => `day?${new URLSearchParams({ clinic: clinic(), ...(date && { date }) })}`;
const plusDays = (date, days) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);

async function read() {
  reading.abort();
  reading = new AbortController();
  const { signal } = reading;
  try {
    state.day = await ask("day", { clinicId: clinic(), ...(wanted() && { date: wanted() }) }, { signal });
    state.received = performance.now();
    state.isOver = false;
    state.trouble = "";
    state.keyTrouble = null;
  } catch (error) {
    if (signal.aborted) return;
    state.keyTrouble = error.code !== 401 ? null : hasKey() ? "The gateway does not accept this key." : "";
    state.isOver = !mayHeal(error);
    state.trouble = state.isOver ? described(error) : `${described(error)}; trying again`;
  }
  show();
}

/** Asks about a time. The column is that of the portal, or empty for any. */
async function explain(picked) {
  const { starts_at: at } = state.day.starts.find(({ minute }) => minute === picked.minute);
  Object.assign(state, { picked, why: null, focus: picked });
  show();
  try {
    const query = { clinicId: clinic(), at, ...(picked.column && { column: picked.column }) };
    const why = await ask("why", query, { signal: reading.signal });
    if (state.picked === picked) state.why = why;
  } catch (error) {
    if (state.picked === picked) state.why = { trouble: described(error) };
  }
  show();
}

function go(date) {
  history.pushState(null, "", linkTo(date));
  changeDay();
}

function changeDay() {
  Object.assign(state, { day: null, picked: null, why: null, focus: null });
  read();
}

// Drawing.

function show() {
  const { day } = state;
  const asksKey = state.keyTrouble !== null || state.wantsKey;
  place("#key-form").hidden = !asksKey;
  draw(place("#key-title"), state.wantsKey ? "A key that may see names" : "This gateway requires a key");
  draw(place("#key-trouble"), state.keyTrouble ?? "");
  draw(place("#notice"), ...notices());
  place("#board").hidden = asksKey || !day;
  place("#legend").hidden = asksKey || !day;
  if (!day) return;
  document.title = `${words.day(day.date)}, ${day.clinic.name} · idexx-sync`;
  draw(place("#clinic"), h("a", { href: toClinic(day.clinic.slug) }, day.clinic.name), " ", h("small", {}, words.weekday(day.date)));
  showDays(day);
  draw(place("#clock"), day.read_at ? `read ${words.ago(day.read_at, now())}` : "never read");
  state.focus ??= firstFocus(day);
  draw(place("#calendar"), calendar(day, { picked: state.picked, focus: state.focus, now: minuteNow(day) }));
  arrange();
  draw(place("#why"), ...why(day));
  place("#why").classList.toggle("open", Boolean(state.picked));
  draw(place("#legend"), ...legend(day));
}

const now = () => Date.parse(state.day.at) + performance.now() - state.received;

/** The minute of the day at the clinic, -1 if it is another day there. */
function minuteNow({ date, clinic: { timezone } }) {
  const form = { timeZone: timezone, hourCycle: "h23", dateStyle: "short", timeStyle: "short" };
  const [today, clock] = new Intl.DateTimeFormat("sv-SE", form).format(now()).split(" ");
  return today === date ? Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3)) : -1;
}

function showDays({ date }) {
  const link = (to, label, text, key) => h("a", { key, href: linkTo(to), "data-date": to, "aria-label": label }, text);
  place("#days").hidden = false;
  draw(place("#days"),
    link(plusDays(date, -1), `The day before: ${words.weekday(plusDays(date, -1))}`, "‹", "before"),
    link("", "Today at the clinic", "today", "today"),
    link(plusDays(date, 1), `The day after: ${words.weekday(plusDays(date, 1))}`, "›", "after"),
    h("a", { key: "history", href: toDate(clinic(), date), "aria-label": "Syncs and changes of this day" }, "history"));
}

function notices() {
  const { day, trouble } = state;
  const found = [];
  if (trouble && state.keyTrouble === null) found.push(h("p", { key: "trouble" }, trouble));
  if (day?.doubt) {
    const limit = `the limit is ${words.span(day.max_age_seconds * 1000)}`;
    const doubt = DOUBTS[day.doubt] ?? `it was read ${words.ago(day.read_at, now())}, and ${limit}`;
    found.push(h("p", { key: "doubt" }, h("b", {}, "Nothing of this day is offered: "), doubt));
  }
  if (day && !day.columns_chosen) {
    found.push(h("p", { key: "columns" }, h("b", {}, "No person has chosen which columns count: "),
      "the clinic's operator does so with ",
      h("code", {}, `idexx-sync clinic rules set ${day.clinic.slug} --columns ID…`)));
  }
  return found;
}

function why(day) {
  const { picked } = state;
  if (!picked) return hint();
  const names = new Map(columnsOf(day).map(({ id, name }) => [id, name]));
  const at = clockOf(picked.minute).padStart(5, "0");
  const history = toDate(day.clinic.slug, day.date, { at, ...(picked.column && { column: picked.column }) });
  const close = h("button", { class: "close", "aria-label": "Close" }, "×");
  return panel(picked, names, state.why, close, { zone: day.clinic.timezone, history });
}

function legend(day) {
  const types = [...coloursOf(day)].map(([type, colour]) => [colour, type]);
  const has = (wanted) => day.entries.some(({ kind }) => kind === wanted);
  const kinds = KINDS.filter(([kind]) => ["free", "closed"].includes(kind) || (kind === "stale" ? day.doubt : has(kind)));
  const taken = !types.length && has("appointment") ? [["appointment", "taken"]] : [];
  const samples = [...kinds, ...taken, ...types].map(([kind, text]) =>
    h("li", { key: kind + text }, h("span", { class: `sample ${kind}`, "aria-hidden": "true" }), text));
  return [h("ul", {}, samples, !day.has_names && hiddenNames())];
}

const hiddenNames = () => h("li", { key: "names" }, "Names are hidden. ",
  h("button", { class: "plain-button", id: "ask-key" }, "Enter a key that may see names"));

/** Sets what the page's policy forbids as markup: where each element lies in the grid. */
function arrange() {
  const grid = place(".calendar");
  for (const name of ["rows", "columns"]) grid.style.setProperty(`--${name}`, grid.dataset[name]);
  for (const element of grid.querySelectorAll("[data-area]")) element.style.gridArea = element.dataset.area;
  for (const element of grid.querySelectorAll("li")) {
    for (const name of ["lane", "lanes", "lines"]) element.style.setProperty(`--${name}`, element.dataset[name] ?? "");
  }
}

// The keyboard: one time takes the focus, and arrow keys move it.

const slotOf = (element) => element && { minute: Number(element.dataset.minute), column: element.dataset.column };
const elementOf = ({ minute, column }) => place(`.slot[data-minute="${minute}"][data-column="${CSS.escape(column)}"]`);

place("#calendar").addEventListener("keydown", (event) => {
  const slot = slotOf(event.target.closest(".slot"));
  if (!slot || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" || event.key === " ") explain(slot);
  else if ((state.focus = moved(state.day, event.key, slot) ?? slot) !== slot) {
    show();
    elementOf(state.focus).focus();
  } else return;
  event.preventDefault();
});

place("#calendar").addEventListener("click", (event) => {
  const slot = slotOf(event.target.closest(".slot"));
  if (slot) explain(slot).then(() => elementOf(slot)?.focus());
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});

function close() {
  const { picked } = state;
  Object.assign(state, { picked: null, why: null, wantsKey: false });
  show();
  if (picked) elementOf(picked)?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest(".close")) return close();
  if (event.target.closest("#ask-key")) {
    state.wantsKey = true;
    show();
    return place("#key").focus();
  }
  const link = event.target.closest("#days a[data-date]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.dataset.date);
});

place("#key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepKey(place("#key").value);
  state.wantsKey = false;
  read().then(() => place(state.keyTrouble === null ? "#main" : "#key").focus());
});

addEventListener("popstate", changeDay);
document.addEventListener("visibilitychange", () => !document.hidden && read());
setInterval(() => !document.hidden && !state.isOver && state.keyTrouble === null && !state.wantsKey && read(), AGAIN);
read();
