// Says why a time is free or not: what decided, in order. Pure.

import { clockOf } from "./calendar.js";
import { h } from "./draw.js";
import * as words from "./words.js";

/** What each rule is about; other rules have their own name. */
const RULES = {
  columns_not_chosen: "columns that count",
  type_columns: "columns of the type",
  past: "now",
  notice: "minimum notice",
  stale: "age of the data",
  closed_day: "closed day",
  column_taken: "columns",
  booking: "bookings by telephone",
};

const SOURCES = {
  portal: "the portal",
  setting: "a setting",
  default: "the default",
  appointment: "the calendar",
  booking: "bookings",
  request: "the question",
  clock: "the clock",
};

/** The panel; `why` is null while it is loaded, or has `trouble`. `zone` is the clinic's. */
export function panel({ minute, column }, names, why, close, { zone, history }) {
  const where = column ? names.get(column) : "any column";
  const title = h("h2", { id: "why-title" }, `${clockOf(minute)}, ${where}`);
  return [
    h("div", { class: "title" }, title, close),
    !why ? h("p", { class: "empty" }, "Loading…")
      : why.trouble ? h("p", { class: "note bad" }, why.trouble)
      : [verdict(why, column), h("ol", { class: "reasons" }, why.reasons.map((one) => reason(one, zone))), columns(why, names)],
    h("p", { class: "more" }, h("a", { href: history }, "History of this time")),
  ];
}

export const hint = () => [
  h("h2", { id: "why-title" }, "Why this time?"),
  h("p", { class: "empty" }, "Choose a time in the calendar: click it, or use the arrow keys and Enter."),
];

const nameOf = (rule) => RULES[rule] ?? words.plain(rule);

function verdict({ free, reasons, column_count: count }, column) {
  if (!free) {
    const why = reasons.filter(({ allows }) => !allows).map(({ rule }) => words.plain(rule));
    return h("p", {}, h("span", { class: "note bad" }, `not offered: ${why.join(", ")}`));
  }
  return h("p", {}, h("span", { class: "note good" }, column ? "free" : `free: ${words.plural(count, "column")}`));
}

function reason({ rule, allows, value, source, change }, zone) {
  return h("li", { class: allows ? "allows" : "forbids" },
    h("span", { class: allows ? "good" : "bad", "aria-hidden": "true" }, allows ? "✓ " : "✗ "),
    h("b", {}, nameOf(rule)), h("span", { class: "unseen" }, allows ? " allows it: " : " forbids it: "),
    h("span", { class: "value" }, value ?? ""),
    h("small", {}, from(source, zone)),
    !allows && change && h("small", { class: "change" }, change.startsWith("idexx-sync ") ? h("code", {}, change) : change));
}

/** Where a value comes from, at the time of the clinic's clock. */
function from(source, zone) {
  if (!source) return "";
  const { kind, read_at: read, set_at: at } = source;
  const when = read ? `, read ${words.local(read, zone)}` : at ? `, set ${words.local(at, zone)}` : "";
  return `${SOURCES[kind] ?? kind}${when}`;
}

/** What has no column takes one of those that are free, and not surely this one. */
const taker = ({ kind, in_column: here }) => here ? kind : `${kind} without a column takes one`;

function columns({ columns: all }, names) {
  if (!all?.length) return null;
  return h("ul", { class: "columns", "aria-label": "Columns at this time" }, all.map(({ id, free, taken_by: by }) =>
    h("li", { key: id }, h("span", { class: free ? "note good" : "note warn" }, names.get(id) ?? id),
      h("small", {}, ` ${free ? "free" : by.map(taker).join(", ") || "not free"}`))));
}
