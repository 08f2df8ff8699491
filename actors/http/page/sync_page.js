// The page of a sync: its outcome, the removals that it holds, its dates, its timeline. Pure.

import { approve, buttons, cancelSync, reject } from "./acting.js";
import { h } from "./draw.js";
import { eventWords } from "./events.js";
import {
  cell,
  changes,
  commands,
  empty,
  facts,
  link,
  mark,
  noted,
  row,
  rowHead,
  section,
  table,
  time,
  toClinic,
  toDate,
  toDay,
  unseen,
} from "./parts.js";
import { actions, evidence } from "./records.js";
import { inOrder } from "./syncs.js";
import * as words from "./words.js";

export const path = "sync";
export const query = ({ clinic, sync }) => ({ clinicId: clinic ?? "", syncId: sync ?? "" });
export const title = ({ clinic, sync }) =>
  `${clinic.name}: ${sync.dry_run ? "dry run" : "sync"} of ${words.dates(sync)}`;
export const trail = ({ clinic }) => [link(toClinic(clinic.slug), clinic.name)];
export const isBusy = ({ sync }) => !sync.completed_at;

export function parts(data, { now, evidence: opened }) {
  const { sync, held, clinic } = data;
  const zone = clinic.timezone;
  return [
    held.length &&
      section("removals", `${words.plural(held.length, "removal")} held: a person must decide`, removals(data)),
    section("outcome", "Outcome", outcome(data, now)),
    section("dates", "Dates", dates(data, now)),
    section("timeline", "Timeline", timeline(data.events, zone)),
    section("evidence", "Evidence", evidence(data.evidence, zone, opened)),
    section("actions", "Actions", actions(data.actions, zone)),
    section("commands", "In a terminal", typed(sync, held)),
  ];
}

function outcome({ sync, clinic, caller }, now) {
  const { timezone: zone } = clinic;
  const { completed_at: at, created_at: asked, started_at: began, duration_ms: took } = sync;
  return [
    at
      ? noted(words.outcome(sync))
      : h("progress", { max: 100, value: sync.progress_percentage, "aria-label": "Progress" }),
    facts([
      [
        "Dates",
        `${sync.dates_done} of ${sync.dates_total} done`,
        sync.failed_dates.length > 0 && h("span", { class: "bad" }, `, ${sync.failed_dates.length} failed`),
      ],
      ["Changes", changes(sync)],
      ["Requested", time(asked, words.local(asked, zone), zone)],
      began && ["Started", time(began, words.local(began, zone), zone)],
      at
        ? ["Ended", time(at, `${words.local(at, zone)}, ${words.ago(at, now)}`, zone)]
        : ["State", sync.status === "queued" ? `queued, position ${sync.position}` : "running"],
      took !== null && ["Took", `${(took / 1000).toFixed(1)} s`],
      ["Id", h("code", {}, sync.sync_id)],
    ]),
    sync.warnings.length > 0 &&
      h(
        "ul",
        { class: "log" },
        sync.warnings.map((one) => h("li", { key: one.code, class: "warn" }, one.message)),
      ),
    !at && buttons(caller, cancelSync(sync, clinic.name)),
  ];
}

function removals({ sync, held, clinic, caller }) {
  const hasNames = caller.rights.includes("names");
  const rows = held.map((one) =>
    row(
      one.id,
      rowHead(
        "when",
        link(
          toDate(clinic.slug, one.date, { at: one.start_time.slice(0, 5) }),
          `${words.day(one.date)}, ${one.start_time.slice(0, 5)}`,
        ),
      ),
      cell(
        "who",
        hasNames
          ? [one.patient, one.client && `(${one.client})`].filter(Boolean).join(" ") || "(block)"
          : h("code", {}, one.neo_appointment_id),
      ),
      cell("type", [one.type, one.provider].filter(Boolean).join(", ")),
      cell("since", words.local(one.missing_since, clinic.timezone)),
    ),
  );
  return [
    h(
      "p",
      {},
      "The portal does not show these appointments any more, and they are more than a sync may remove by itself.",
    ),
    buttons(caller, approve(sync, clinic.name, held), reject(sync, clinic.name, held)),
    !hasNames && empty("Names need a key that may see them."),
    h(
      "div",
      { class: "scrolled", tabindex: 0, role: "group", "aria-label": "The appointments" },
      table(
        { "aria-label": "Appointments whose removal is held" },
        "held",
        ["When", hasNames ? "Who" : "Appointment", "Type", "Missing since"],
        rows,
      ),
    ),
  ];
}

function dates({ sync, clinic }, now) {
  const rows = inOrder(sync.dates ?? []).map((one) => {
    const state = words.stateOf(one);
    const kind = { done: "good", failed: "bad", running: "busy" }[state] ?? (one.reason ? "warn" : "plain");
    return row(
      one.date,
      rowHead("when", link(toDate(clinic.slug, one.date), words.weekday(one.date))),
      cell("state", noted([kind, `${mark(state)} ${state}`])),
      cell("attempts", one.attempts, unseen(one.attempts === 1 ? " attempt" : " attempts")),
      cell(
        "why",
        state !== "done" && (one.message ?? (one.reason ? words.plain(one.reason) : "")),
        state === "retrying" && `, next try ${words.until(one.next_try_at, now)}`,
        one.warnings.map(({ message }) => h("small", { class: "warn" }, message)),
      ),
      cell("calendar", link(toDay(clinic.slug, one.date), "day", unseen(` view of ${words.day(one.date)}`))),
    );
  });
  return table(
    { "aria-labelledby": "dates-title" },
    "listed",
    ["Date", "State", "Attempts", "Why", unseen("Calendar")],
    rows,
  );
}

function timeline(events, zone) {
  if (!events.length) return empty("No event is recorded.");
  return h(
    "ol",
    { class: "log scrolled", tabindex: 0, "aria-label": "Events" },
    events.map((event) => {
      const [kind, text] = eventWords(event);
      return h(
        "li",
        { key: event.seq, class: kind },
        h("time", { datetime: event.at, title: words.moment(event.at, zone) }, words.localClock(event.at, zone)),
        ` ${text}`,
      );
    }),
  );
}

const typed = ({ sync_id: id, dry_run: isDry, failed_dates: failed }, held) =>
  commands([
    [`idexx-sync runs show ${id}`, "the sync as stored, with its dates"],
    [`idexx-sync runs diff ${id}`, "what it changed"],
    (held.length || isDry) && [`idexx-sync runs plan ${id}`, "what waits, with names"],
    held.length && [`idexx-sync runs approve ${id}`, "remove these appointments"],
    held.length && [`idexx-sync runs reject ${id}`, "keep them"],
    failed.length && [`idexx-sync evidence ${id}`, "what the portal returned"],
    !isDry && [`idexx-sync runs undo ${id}`, "put back what it removed or changed"],
  ]);
