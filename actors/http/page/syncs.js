// Running, queued and ended syncs. Pure.

import { h } from "./draw.js";
import {
  cell,
  changes,
  empty,
  link,
  mark,
  noted,
  row,
  rowHead,
  table,
  time,
  toClinic,
  toDate,
  toSync,
  unseen,
} from "./parts.js";
import * as words from "./words.js";

export function current(syncs, names, now) {
  if (!syncs.length) return empty("No sync is running.");
  return h(
    "ul",
    { class: "current" },
    syncs.map((sync) => running(sync, names.get(sync.clinic) ?? sync.clinic, now)),
  );
}

export function running(sync, name, now) {
  const label = `${name}: ${sync.dates_done} of ${words.plural(sync.dates_total, "date")}`;
  const waits = sync.status === "queued";
  return h(
    "li",
    { key: sync.sync_id },
    h(
      "h3",
      {},
      link(toSync(sync.clinic, sync.sync_id), name),
      " ",
      h("small", {}, words.dates(sync), sync.dry_run && ", dry run"),
    ),
    h("progress", { max: 100, value: sync.progress_percentage, "aria-label": label }),
    h("p", { class: "facts" }, waits ? waiting(sync, now) : facts(sync, now)),
    sync.dates &&
      h(
        "ol",
        { class: "dates", "aria-label": "Dates" },
        inOrder(sync.dates).map((one, index) => date(one, index, sync.clinic)),
      ),
    sync.dates && h("ul", { class: "reasons" }, reasons(sync.dates, now)),
  );
}

const waiting = ({ position, created_at: asked }, now) =>
  `queued, position ${position}, requested ${words.ago(asked, now)}`;

function facts(sync, now) {
  const failed = sync.failed_dates.length;
  return [
    `${sync.dates_done} of ${words.plural(sync.dates_total, "date")}`,
    failed ? h("span", { class: "bad" }, `, ${failed} failed`) : "",
    `, ${words.span(now - Date.parse(sync.started_at))}`,
  ];
}

export const inOrder = (dates) => [...dates].sort((one, other) => one.date.localeCompare(other.date));

function date(one, index, clinic) {
  const state = words.stateOf(one);
  const number = new Date(one.date).getUTCDate();
  const short = index && number > 1 ? number : words.day(one.date); // with the month where it begins
  const title = `${words.weekday(one.date)}: ${state}`;
  return h(
    "li",
    { key: one.date, class: state.replaceAll(" ", "-"), title },
    h(
      "a",
      { href: toDate(clinic, one.date) },
      h("span", { "aria-hidden": "true" }, h("b", {}, short), mark(state)),
      unseen(title),
    ),
  );
}

/** Why dates are retried or have failed: one line for each reason. */
function reasons(dates, now) {
  const groups = new Map();
  for (const one of inOrder(dates)) {
    const state = words.stateOf(one);
    if (state !== "retrying" && state !== "failed") continue;
    const key = `${state} ${one.message ?? one.reason}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups].map(([key, found]) => reason(key, found, now));
}

function reason(key, found, now) {
  const isOver = found[0].status === "failed";
  const which = found.length === 1 ? words.day(found[0].date) : words.plural(found.length, "date");
  const tries = Math.max(...found.map((one) => one.attempts));
  const next = found.map((one) => one.next_try_at).sort()[0];
  return h(
    "li",
    { key, class: isOver ? "bad" : "warn" },
    `${mark(isOver ? "failed" : "retrying")} ${which}: ${found[0].message ?? words.plain(found[0].reason)}`,
    tries > 1 && `, ${tries} attempts`,
    !isOver && `, next try ${words.until(next, now)}`,
  );
}

/** Ended syncs of all clinics. */
export function latest(syncs, clinics, now) {
  if (!syncs.length) return empty("No sync has ended yet.");
  const rows = syncs.map((sync) => {
    const clinic = clinics.get(sync.clinic);
    return ended(sync, h("b", {}, link(toClinic(sync.clinic), clinic?.name ?? sync.clinic)), now, clinic?.timezone);
  });
  return table(
    { "aria-labelledby": "latest-title" },
    "latest",
    ["Clinic", "Outcome", "Changes", "Took", "Ended"],
    rows,
  );
}

/** Ended syncs of one clinic. */
export function ownSyncs(syncs, zone, now) {
  if (!syncs.length) return empty("No sync yet.");
  const rows = syncs.map((sync) => ended(sync, h("b", {}, words.local(sync.created_at, zone)), now, zone));
  return table(
    { "aria-labelledby": "syncs-title" },
    "latest",
    ["Requested", "Outcome", "Changes", "Took", "Ended"],
    rows,
  );
}

function ended(sync, head, now, zone) {
  const { sync_id: id, clinic, duration_ms: took, completed_at: at } = sync;
  return row(
    id,
    rowHead(
      "name",
      head,
      h("small", {}, `${words.dates(sync)}, ${sync.dates_done} of ${sync.dates_total}`, unseen(" dates")),
    ),
    cell("outcome", link(toSync(clinic, id), noted(at ? words.outcome(sync) : ["busy", words.plain(sync.status)]))),
    cell("changes", changes(sync)),
    cell("took", took === null ? "" : `${(took / 1000).toFixed(1)} s`),
    cell("ended", at ? time(at, words.ago(at, now), zone) : ""),
  );
}
