// What needs a person: grouped by kind, the most serious first. Pure.

import { h } from "./draw.js";
import { code, link, time, toClinic, toSync } from "./parts.js";
import * as words from "./words.js";

const KINDS = {
  credentials: "Credentials refused",
  no_company_id: "Without a company id",
  no_credentials: "Without credentials",
  time_zone: "Time zone not known",
  held_removals: "Removals held",
  booking_to_settle: "Bookings to settle",
  failing_dates: "Dates that fail",
  goal_missed: "Freshness goal missed",
};

/** Reasons that are groups of their own: the portal has refused nothing. */
const OWN = new Set(["no_credentials", "no_company_id"]);

/** The kind of an item, as groups and filters have it: a new clinic without credentials is not a broken one. */
export const kindOf = ({ kind, details }) =>
  kind === "credentials" && OWN.has(details?.reason) ? details.reason : kind;

export const titleOf = (kind) => KINDS[kind] ?? words.sentence(kind);

/** Groups in the order of their first item; in each the oldest item first, then by the clinic's name. */
export function groupsOf(items, names = new Map()) {
  const groups = new Map();
  for (const item of items) groups.set(kindOf(item), [...(groups.get(kindOf(item)) ?? []), item]);
  const nameOf = ({ clinic }) => names.get(clinic) ?? clinic ?? "";
  for (const found of groups.values()) {
    found.sort((one, other) => one.since.localeCompare(other.since) || words.inOrder(nameOf(one), nameOf(other)));
  }
  return groups;
}

/** The groups as a list. `names` are the clinics' names by slug; `more` links a text to all clinics of a group. */
export function attention(items, names, now, more) {
  const groups = groupsOf(items, names);
  if (!groups.size) return [h("p", { class: "empty" }, "Nothing needs a person.")];
  const shown = groups.size > 4 ? 1 : groups.size > 2 ? 2 : 4;
  const drawn = [...groups].map(([kind, found]) => group(kind, found, names, now, shown, more));
  return [h("ul", { class: groups.size > 6 ? "groups many" : "groups" }, drawn)];
}

function group(kind, found, names, now, shown, more) {
  const clinics = new Set(found.map(({ clinic }) => clinic).filter(Boolean));
  const oldest = found.map(({ since }) => since).sort()[0];
  const lines = clinics.size ? found.slice(0, shown) : found;
  const all = clinics.size > 1 ? words.plural(clinics.size, "clinic") : found.length > 1 && `${found.length} of them`;
  return h(
    "li",
    { key: kind, class: kind === "no_credentials" ? "warn" : "bad" },
    h(
      "h3",
      {},
      titleOf(kind),
      " ",
      h("small", {}, all && [lines.length < found.length ? more(kind, all) : all, ", "], since(oldest, now)),
    ),
    h(
      "ul",
      { class: "items" },
      lines.map((item) => line(item, names)),
    ),
    remedy(found[0]),
  );
}

const since = (at, now) => at && time(at, `for ${words.span(now - Date.parse(at))}`);

function line(item, names) {
  const { key, clinic, sync_id: sync } = item;
  if (!clinic) return h("li", { key }, said(item));
  const target = sync ? toSync(clinic, sync) : `${toClinic(clinic)}#attention`;
  return h("li", { key }, link(target, names.get(clinic) ?? clinic), `: ${said(item)}`);
}

/** The message, without the slug, which the name replaces. */
export const said = ({ clinic, message }) =>
  clinic && message.startsWith(`${clinic}: `) ? message.slice(clinic.length + 2) : message;

const remedy = ({ remedy: text, command }) => h("p", { class: "remedy" }, "→ ", text, command && [" ", code(command)]);

/** The items of one clinic, each with its remedy. */
export function ownAttention(items, now) {
  return h(
    "ul",
    { class: "groups" },
    items.map((item) =>
      h(
        "li",
        { key: item.key, class: kindOf(item) === "no_credentials" ? "warn" : "bad" },
        h("h3", {}, titleOf(kindOf(item)), " ", h("small", {}, since(item.since, now))),
        h("p", {}, item.sync_id ? link(toSync(item.clinic, item.sync_id), said(item)) : said(item)),
        remedy(item),
      ),
    ),
  );
}
