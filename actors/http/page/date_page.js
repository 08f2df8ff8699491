// The page of a clinic's date, or of one slot of it: what syncs did with it, and what changed. Pure.

import { h } from "./draw.js";
import {
  cell,
  commands,
  counted,
  empty,
  facts,
  link,
  noted,
  row,
  rowHead,
  section,
  table,
  time,
  toClinic,
  toDate,
  toDay,
  toSync,
} from "./parts.js";
import { evidence } from "./records.js";
import * as words from "./words.js";

const DAY = 86_400_000;
const CAUSES = { sync: "a sync", rule: "a rule", booking: "a booking by telephone", hold: "the end of a hold" };

export const path = "date";
export const query = ({ clinic, date, at, column }) => ({
  clinicId: clinic ?? "",
  ...(date && { date }),
  ...(at && { at }),
  ...(column && { column }),
});
export const title = ({ clinic, date }, { at }) => `${clinic.name}: ${words.weekday(date)}${at ? `, ${at}` : ""}`;
export const isBusy = ({ attempts }) => attempts.some(({ sync_status: status }) => status === "in_progress");

export function trail({ clinic, date }) {
  const other = (days) => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10);
  return [
    link(toClinic(clinic.slug), clinic.name),
    link(toDay(clinic.slug, date), "Calendar"),
    h("a", { href: toDate(clinic.slug, other(-1)), "aria-label": "The day before" }, "‹"),
    h("a", { href: toDate(clinic.slug, other(1)), "aria-label": "The day after" }, "›"),
  ];
}

export function parts(data, { now, given, evidence: opened }) {
  const { clinic, date } = data;
  const { at, column } = given;
  return [
    section("state", "State", state(data, now)),
    at && section("offers", "Offered to callers", offers(data)),
    section("changes", at ? "History of this time" : "History of this date", changes(data, given)),
    section("attempts", "Syncs that read this date", attempts(data, now)),
    section("evidence", "Evidence", evidence(data.evidence, clinic.timezone, opened)),
    section(
      "commands",
      "In a terminal",
      commands([
        [`idexx-sync appointments ${clinic.slug} ${date}`, "who comes, with names"],
        at && [
          `idexx-sync why ${clinic.slug} '${date} ${at}'${column ? ` --column ${column}` : ""}`,
          "why this time is offered or not",
        ],
        ["idexx-sync history APPOINTMENT", "every change of one appointment"],
      ]),
    ),
  ];
}

function state({ read_at: read, doubt, clinic, date }, now) {
  return facts([
    ["Read", read ? time(read, words.ago(read, now), clinic.timezone) : "never"],
    ["Offered to callers", doubt ? h("span", { class: "bad" }, `nothing: ${words.plain(doubt)}`) : "what is free"],
    ["Calendar", link(toDay(clinic.slug, date), "appointments, free times, and why")],
  ]);
}

function offers({ offers: list, clinic: { timezone: zone, slug } }) {
  if (!list.length) return empty("No change of what is offered is recorded. Such changes are kept for 30 days.");
  return h(
    "ul",
    { class: "log" },
    list.map((one, index) =>
      h(
        "li",
        { key: `${one.at} ${index}`, class: one.column_count ? "good" : "warn" },
        h("time", { datetime: one.at }, words.local(one.at, zone)),
        ` ${one.column_count ? `free in ${words.plural(one.column_count, "column")}` : "not offered any more"}, by `,
        one.sync_id
          ? link(toSync(slug, one.sync_id), CAUSES[one.cause] ?? one.cause)
          : (CAUSES[one.cause] ?? one.cause),
        one.rule && ` (${words.plain(one.rule)})`,
      ),
    ),
  );
}

function changes({ changes: list, clinic, date }, { at }) {
  const note = at && h("p", {}, link(toDate(clinic.slug, date), "The whole date"));
  if (!list.length) return [note, empty("No change is recorded. Changes are kept for one year.")];
  const hasNames = list.some(({ before, after }) => (after ?? before).patient !== null);
  const rows = list.map((one) =>
    row(
      one.id,
      rowHead("when", time(one.at, words.local(one.at, clinic.timezone), clinic.timezone)),
      cell(
        "what",
        noted([
          { removed: "bad", moved: "warn", updated: "warn" }[one.kind] ?? "good",
          `${one.is_undo ? "undo: " : ""}${one.kind === "updated" ? "changed" : one.kind}`,
        ]),
      ),
      cell("place", places(one, date, clinic.slug), one.fields.map(differs)),
      cell("who", hasNames ? who(one) : h("code", {}, one.neo_appointment_id)),
      cell("by", link(toSync(clinic.slug, one.sync_id), one.sync_id.slice(0, 8))),
    ),
  );
  return [
    note,
    table(
      { "aria-labelledby": "changes-title" },
      "listed",
      ["At", "What", "Where", hasNames ? "Who" : "Appointment", "Sync"],
      rows,
    ),
  ];
}

function places({ before, after }, date, slug) {
  const sides = [before, after].filter(Boolean).map((side) => {
    const from = side.start_time.slice(0, 5);
    const day = side.date === date ? "" : `${words.day(side.date)}, `;
    return [`${day}${from}–${side.end_time.slice(0, 5)}`, side, from];
  });
  const shown = sides.length === 2 && sides[0][0] === sides[1][0] ? [sides[1]] : sides;
  return shown.map(([text, side, from], index) => [
    index ? " → " : "",
    link(toDate(slug, side.date, { at: from }), text),
    (side.column_name ?? side.column) && h("small", {}, ` ${side.column_name ?? side.column}`),
  ]);
}

const differs = ({ name, before, after }) => {
  const values = before ?? after ? `: ${before ?? "nothing"} → ${after ?? "nothing"}` : "";
  return h("small", { key: name, class: "field" }, words.plain(name), values);
};

const who = ({ before, after }) => {
  const { patient, client, type } = after ?? before;
  return [[patient, client && `(${client})`].filter(Boolean).join(" "), type && h("small", {}, ` ${type}`)];
};

function attempts({ attempts: list, clinic }, now) {
  if (!list.length) return empty("No sync has covered this date.");
  const rows = list.map((one) => {
    const kind = { reconciled: "good", failed: "bad" }[one.status] ?? "busy";
    const tries = words.plural(one.attempts, "attempt");
    return row(
      one.sync_id,
      rowHead(
        "when",
        link(toSync(clinic.slug, one.sync_id), words.local(one.created_at, clinic.timezone)),
        one.dry_run && h("small", {}, " dry run"),
      ),
      cell("state", noted([kind, `${words.stateOf(one)}, ${tries}`])),
      cell(
        "why",
        one.status !== "reconciled" && (one.message ?? ""),
        one.next_try_at && one.status === "pending" && `, next try ${words.until(one.next_try_at, now)}`,
      ),
      cell("changes", counted({ added: one.added, changed: one.updated, removed: one.removed })),
    );
  });
  return table({ "aria-labelledby": "attempts-title" }, "listed", ["Sync", "State", "Why", "Changes"], rows);
}
