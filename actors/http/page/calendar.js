// Draws the calendar of one day: a column for each column of the portal, times downwards. Pure: state in, elements out.

import { h } from "./draw.js";

/** Minutes of one row of the grid. */
const STEP = 5;

/** Lines of text of one row: as day.css has it. */
const LINES_OF_STEP = 0.6 / (0.85 * 1.25);

/** By how many times and columns a key moves. */
const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [-1e4, 0],
  End: [1e4, 0],
};

/** What is shown if nothing is known of the day. Minutes. */
const FROM = 8 * 60, TO = 18 * 60;

/** The number of colours for types. */
const COLOURS = 8;

/** The id of the column for what has none. */
export const NO_COLUMN = "";

export const clockOf = (minute) => `${Math.floor(minute / 60) % 24}:${String(minute % 60).padStart(2, "0")}`;
const padded = (minute) => clockOf(minute).padStart(5, "0");
const unseen = (text) => h("span", { class: "unseen" }, text);

const nameOf = ({ id, name }) => name ?? id;

/** The columns to draw: those of the portal, then those that entries name, then one for what has none. */
export function columnsOf({ columns, entries }) {
  const known = new Set(columns.map(({ id }) => id));
  const others = [...new Set(entries.map(({ column }) => column))].filter((id) => id !== null && !known.has(id)).sort();
  const loose = entries.filter((entry) => entry.column === null && entry.kind !== "block");
  const name = loose.length && loose.every(({ kind }) => kind !== "appointment") ? "By telephone" : "No column yet";
  return [
    ...columns.map((column) => ({ ...column, name: nameOf(column) })),
    ...others.map((id) => ({ id, name: `Column ${id}`, counts: false })),
    ...(loose.length || !(columns.length + others.length) ? [{ id: NO_COLUMN, name, counts: true }] : []),
  ];
}

/** The first and the last minute that are drawn: whole hours around opening, entries and free starts. */
export function rangeOf({ opening, entries, free }) {
  const parts = [...opening, ...entries, ...free.map((start) => ({ ...start, to_minute: start.from_minute }))];
  if (!parts.length) return [FROM, TO];
  const first = Math.min(...parts.map((part) => part.from_minute));
  const last = Math.max(...parts.map((part) => part.to_minute));
  return [Math.floor(first / 60) * 60, Math.min(1440, Math.ceil(last / 60) * 60)];
}

/** The colour of each type of appointment, in alphabetical order. */
export function coloursOf({ entries }) {
  const types = [...new Set(entries.map(({ type }) => type).filter(Boolean))].sort((a, b) => a.localeCompare(b));
  return new Map(types.map((type, index) => [type, `t${index % COLOURS}`]));
}

/** The times that can be asked about: one for each time of the grid and each column. */
export function slotsOf(day) {
  const [first, last] = rangeOf(day);
  return day.starts.filter(({ minute }) => minute >= first && minute < last);
}

export function calendar(day, { picked, focus, now }) {
  const [first, last] = rangeOf(day);
  const columns = columnsOf(day);
  const frame = { first, last, columns, row: (minute) => 2 + Math.round((minute - first) / STEP) };
  return h("div", { class: "calendar", "data-rows": (last - first) / STEP, "data-columns": columns.length },
    h("div", { role: "grid", class: "plain", "aria-label": "Times and columns; Enter says why a time is free or not" },
      h("div", { role: "row", class: "plain" },
        h("div", { role: "columnheader", class: "corner", "data-area": "1/1/2/2" }, unseen("Time")),
        columns.map((column, index) => head(column, index))),
      slotsOf(day).map((start) => slotRow(day, start, frame, picked, focus))),
    h("ul", { class: "plain", "aria-label": "Appointments, blocks and bookings" },
      wholeClinic(day, frame), columns.flatMap((column, index) => lane(day, column, index, frame))),
    day.doubt && h("div", { class: "hatched", "data-area": `2/2/-1/-1` }),
    now >= first && now < last && nowLine(frame.row(now)));
}

const nowLine = (row) => h("div", { class: "now", "data-area": `${row}/1/${row + 1}/-1` });

function head({ id, name, counts }, index) {
  const kind = counts ? "head" : "head uncounted";
  return h("div", { key: `head ${id}`, role: "columnheader", class: kind, "data-area": `1/${index + 2}/2/${index + 3}` },
    name, !counts && h("small", {}, "does not count"));
}

function slotRow(day, { minute }, { row, last, columns }, picked, focus) {
  const until = Math.min(last, minute + day.grid_minutes);
  const rows = `${row(minute)}/{}/${row(until)}/{}`;
  const area = (column) => rows.replace("{}", column).replace("{}", column + 1);
  const isFull = minute % 60 === 0;
  return h("div", { key: `row ${minute}`, role: "row", class: "plain" },
    h("div", { role: "rowheader", class: isFull ? "time full" : "time", "data-area": area(1) }, padded(minute)),
    columns.map(({ id, name }, index) => {
      const state = stateOf(day, minute, id);
      const isPicked = picked && picked.minute === minute && picked.column === id;
      const isFocus = focus.minute === minute && focus.column === id;
      return h("div", {
        key: `slot ${minute} ${id}`, role: "gridcell", class: `slot ${state.replaceAll(" ", "-")}`,
        "data-area": area(index + 2), "data-minute": minute, "data-column": id, tabindex: isFocus ? 0 : -1,
        "aria-selected": String(Boolean(isPicked)), "aria-label": `${padded(minute)}, ${name}: ${state}`,
      }, state === "free" && h("span", { "aria-hidden": "true" }, padded(minute)));
    }));
}

/** "free" in the column, "free elsewhere" (what has no column may take any), "closed" (outside of opening hours, or
 * never offered) or "not offered". */
export function stateOf({ free, opening, closed }, minute, column) {
  const start = free.find(({ from_minute: from }) => from === minute);
  if (start && column === NO_COLUMN) return start.columns.length ? "free elsewhere" : "free";
  if (start?.columns.includes(column)) return "free";
  const within = (part) => minute >= part.from_minute && minute < part.to_minute;
  return opening.some(within) && !closed.some(within) ? "not offered" : "closed";
}

/** The entries of one column; those that overlap share its width. */
function lane(day, column, index, frame) {
  const isLoose = (entry) => entry.column === null && entry.kind !== "block";
  const isHere = (entry) => (column.id === NO_COLUMN ? isLoose(entry) : entry.column === column.id);
  let group = [];
  const placed = [];
  for (const entry of day.entries.filter(isHere)) {
    if (group.every((until) => until <= entry.from_minute)) group = [];
    const free = group.findIndex((until) => until <= entry.from_minute);
    const place = free < 0 ? group.length : free;
    group[place] = Math.max(entry.to_minute, entry.from_minute + STEP);
    placed.push({ entry, place, group });
  }
  const colours = coloursOf(day);
  return placed.map(({ entry, place, group: { length } }) =>
    box(entry, column.name, `${index + 2}/{}/${index + 3}`, frame, { "data-lane": place, "data-lanes": length }, colours));
}

const wholeClinic = (day, frame) => day.entries
  .filter((entry) => entry.column === null && entry.kind === "block")
  .map((entry) => box(entry, "the whole clinic", "2/{}/-1", frame, {}, new Map()));

function box(entry, where, columns, { row }, lanes, colours) {
  const [from, to] = columns.split("/{}/");
  const length = entry.to_minute - entry.from_minute;
  const end = Math.max(row(entry.to_minute), row(entry.from_minute) + 1);
  const area = `${row(entry.from_minute)}/${from}/${end}/${to}`;
  const lines = Math.max(1, Math.floor((length / STEP) * LINES_OF_STEP - 0.2));
  const kind = `${entry.kind} ${entry.takes_column ? "" : "faint"} ${colours.get(entry.type) ?? ""}`;
  const { name, more } = said(entry);
  return h("li", { key: `entry ${entry.id}`, class: kind, "data-area": area, "data-lines": lines, ...lanes },
    h("p", {}, h("b", {}, padded(entry.from_minute), unseen(`–${padded(entry.to_minute)}, ${where}: `)), ` ${name}`,
      more && h("small", {}, ` ${more}`)));
}

/** What an entry shows: who comes and for what, or, without names, only that the time is taken. */
function said({ kind, status, type, patient, client, title, provider, takes_column: takes }) {
  const person = [patient, client && `(${client})`].filter(Boolean).join(" ");
  const plain = { appointment: "taken", block: "blocked", booking: "booked by telephone", hold: "held for a caller" };
  const state = !takes && (["cancelled", "no_show"].includes(status) ? status.replaceAll("_", " ") : "takes no column");
  const name = title || person || state || plain[kind];
  const telephone = person && plain[kind] !== "taken" && plain[kind];
  return { name, more: [type, provider, telephone, state].filter((part) => part && part !== name).join(", ") };
}

/** The time that takes the focus first: the first free one. */
export function firstFocus(day) {
  const slots = slotsOf(day), columns = columnsOf(day);
  const free = slots.flatMap(({ minute }) => columns.map(({ id }) => ({ minute, column: id })))
    .find(({ minute, column }) => stateOf(day, minute, column) === "free");
  return free ?? { minute: slots[0]?.minute, column: columns[0].id };
}

/** The time to which a key moves from another one; null: the key moves nothing. */
export function moved(day, key, { minute, column }) {
  const minutes = slotsOf(day).map((slot) => slot.minute), ids = columnsOf(day).map(({ id }) => id);
  const by = STEPS[key];
  if (!by) return null;
  const within = (index, list) => list[Math.max(0, Math.min(list.length - 1, index))];
  return { minute: within(minutes.indexOf(minute) + by[0], minutes), column: within(ids.indexOf(column) + by[1], ids) };
}
