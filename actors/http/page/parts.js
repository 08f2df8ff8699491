// Elements that several pages draw. Pure.

import { h } from "./draw.js";
import * as words from "./words.js";

const MARKS = { waiting: "·", running: "●", retrying: "↻", "confirming removals": "↻", done: "✓", failed: "✗" };

export const unseen = (text) => h("span", { class: "unseen" }, text);
export const empty = (...content) => h("p", { class: "empty" }, content);
export const noted = ([kind, text]) => h("span", { class: `note ${kind}` }, text);
export const time = (at, text, zone) => h("time", { datetime: at, title: words.moment(at, zone) }, text);
export const code = (text) => h("code", {}, text);
export const link = (href, ...content) => h("a", { href }, content);
export const mark = (state) => MARKS[state];

/** The addresses of the pages. They can be shared: each says all that its page shows. */
export const toClinic = (slug) => `clinic?${new URLSearchParams({ clinic: slug })}`;
export const toSync = (slug, id) => `sync?${new URLSearchParams({ clinic: slug, sync: id })}`;
export const toDate = (slug, date, slot = {}) => `date?${new URLSearchParams({ clinic: slug, date, ...slot })}`;
export const toDay = (slug, date) => `day?${new URLSearchParams({ clinic: slug, ...(date && { date }) })}`;

export function table(label, name, columns, rows) {
  const head = columns.map((column) => h("th", { role: "columnheader", scope: "col" }, column));
  return h(
    "table",
    { role: "table", ...label, class: name },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, rows),
  );
}

export const row = (key, ...cells) => h("tr", { role: "row", key }, cells);
export const cell = (name, ...content) => h("td", { role: "cell", class: name }, content);
export const rowHead = (name, ...content) => h("th", { role: "rowheader", scope: "row", class: name }, content);

/** A part of a page, with its heading. */
export const section = (id, title, ...content) =>
  h("section", { key: id, id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), content);

export const facts = (pairs) =>
  h(
    "dl",
    {},
    pairs.filter(Boolean).map(([name, ...value]) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, value))),
  );

/** Commands to type, each with what it does. */
export const commands = (pairs) =>
  h(
    "ul",
    { class: "commands" },
    pairs.filter(Boolean).map(([command, what]) => h("li", { key: command }, code(command), h("small", {}, what))),
  );

/** What a sync changed, or would change. */
export function changes({ stats, changes_planned: planned }) {
  if (planned !== null && planned !== undefined) return words.plural(planned, "change") + " planned";
  const { appointments_added: added, appointments_updated: changed, appointments_removed: removed } = stats;
  return counted({ added, changed, removed });
}

/** Numbers of appointments that were added, changed (moved ones as well) and removed. */
export function counted(numbers) {
  const counts = Object.entries(numbers).map(([what, count]) => [what, count ?? 0]);
  const signs = { added: "+", changed: "~", removed: "−" };
  const sign = ([what, count]) => h("span", { class: count ? what : "none" }, signs[what], count, " ");
  return [
    h("span", { class: "counts", "aria-hidden": "true" }, counts.map(sign)),
    unseen(counts.map(([what, count]) => `${count} ${what}`).join(", ")),
  ];
}
