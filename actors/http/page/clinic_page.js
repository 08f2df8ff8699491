// The page of a clinic: what needs a person, its syncs, its next dates, its bookings. Pure.

import { buttons, decideBooking, requestSync } from "./acting.js";
import { ownAttention } from "./attention.js";
import { schedule } from "./clinics.js";
import { h } from "./draw.js";
import { commands, facts, link, section, time, toDate, toDay } from "./parts.js";
import { actions } from "./records.js";
import { ownSyncs, running } from "./syncs.js";
import * as words from "./words.js";

/** Dates that have a link, from today on. */
const DATES = 14;
const DAY = 86_400_000;

export const path = "clinic";
export const query = ({ clinic }) => ({ clinicId: clinic ?? "" });
export const title = ({ clinic }) => clinic.name;
export const trail = ({ clinic }) => [link(toDay(clinic.slug), "Calendar")];
export const isBusy = ({ syncs }) => syncs.some((sync) => !sync.completed_at);

export function parts(data, { now }) {
  const { clinic, syncs, attention, bookings, caller } = data;
  const open = syncs.filter((sync) => !sync.completed_at);
  return [
    attention.length && section("attention", "Needs a person", ownAttention(attention, now)),
    bookings.length && section("bookings", "Bookings to settle", waiting(data)),
    section("state", "State", state(clinic, now), buttons(caller, requestSync(clinic))),
    open.length &&
      section(
        "current",
        "Running and queued",
        h(
          "ul",
          { class: "current" },
          open.map((sync) => running(sync, words.dates(sync), now)),
        ),
      ),
    section(
      "syncs",
      "Syncs",
      ownSyncs(
        syncs.filter((sync) => sync.completed_at),
        clinic.timezone,
        now,
      ),
    ),
    section("dates", "Dates", dates(clinic, now)),
    section("actions", "Actions", actions(data.actions, clinic.timezone)),
    section("commands", "In a terminal", typed(clinic)),
  ];
}

function state(clinic, now) {
  const { last_completed_at: at, timezone: zone, max_age_seconds: goal, is_fresh: fresh } = clinic;
  return facts([
    ["Last sync", at ? time(at, words.ago(at, now), zone) : "never", clinic.last_partial && " (partial)"],
    goal && [
      "Goal",
      `at most ${words.span(goal * 1000)} old: `,
      h("span", { class: fresh ? "good" : "bad" }, fresh ? "met" : "missed"),
    ],
    ["Schedule", schedule(clinic, now) ?? "only on request"],
    [
      "Credentials",
      clinic.login_failure
        ? h("span", { class: "bad" }, words.plain(clinic.login_failure))
        : clinic.has_credentials
          ? "stored"
          : h("span", { class: "warn" }, "none"),
    ],
    ["Appointments", clinic.appointments.toLocaleString("en")],
    clinic.removals_held && ["Removals held", clinic.removals_held],
    clinic.portal && ["Portal", clinic.portal],
    ["Identifier", h("code", {}, clinic.slug)],
  ]);
}

const STATES = { held: "the caller is on the telephone", expired: "its hold has expired: is it real?" };

function waiting({ bookings, clinic, caller }) {
  return h(
    "ul",
    { class: "bookings" },
    bookings.map((one) =>
      h(
        "li",
        { key: one.id },
        h(
          "h3",
          {},
          `${words.weekday(one.date)}, ${one.start_time.slice(0, 5)} `,
          h("small", {}, one.confirmation_number),
        ),
        h(
          "p",
          {},
          [one.patient, one.client && `(${one.client})`, one.telephone].filter(Boolean).join(" ") ||
            "Names need a key that may see them.",
        ),
        h(
          "p",
          { class: "warn" },
          one.has_conflict ? "the portal has filled its slot" : (STATES[one.state] ?? words.plain(one.state)),
        ),
        h("p", {}, link(toDay(clinic.slug, one.date), "See the day")),
        buttons(caller, ...decideBooking(one, clinic.slug)),
      ),
    ),
  );
}

function dates({ slug, timezone }, now) {
  const today = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: timezone || "UTC" }).format(now);
  const days = Array.from({ length: DATES }, (_, index) =>
    new Date(Date.parse(today) + index * DAY).toISOString().slice(0, 10),
  );
  return h(
    "ul",
    { class: "chips" },
    days.map((day) =>
      h(
        "li",
        { key: day },
        h("a", { class: "chip", href: toDate(slug, day), title: words.weekday(day) }, words.day(day)),
      ),
    ),
  );
}

const typed = ({ slug }) =>
  commands([
    [`idexx-sync status ${slug}`, "freshness and the latest sync"],
    [`idexx-sync sync ${slug}`, "sync now, and follow"],
    [`idexx-sync runs ${slug}`, "its syncs"],
    [`idexx-sync bookings list ${slug}`, "bookings by telephone"],
    [`idexx-sync free ${slug}`, "what can be offered"],
  ]);
