// The table of clinics: those that need a person first; searched, filtered, sorted and in pages. Pure.

import { groupsOf, kindOf, titleOf } from "./attention.js";
import { h } from "./draw.js";
import { cell, empty, link, noted, row, rowHead, table, time, toClinic, toDay, unseen } from "./parts.js";
import * as words from "./words.js";

/** Age from which a clinic without a goal is marked as old. Milliseconds. */
const OLD = 86_400_000;

/** Clinics on one page of the table. */
export const PAGE = 25;

export const STATES = { all: "all", attention: "need a person", busy: "syncing", old: "not fresh", fine: "fine" };
export const SORTS = { problems: "problems first", name: "name", age: "least fresh first" };

/** What needs a person and is not in the clinic's own fields. */
const NOTES = { booking_to_settle: "a booking to settle", failing_dates: "dates fail", time_zone: "no time zone" };

const BREAKER_OPEN = "Calls to the portal failed too often and are paused: its clinics are not updated for a while.";

/** What is wanted of the table, from the address of the page. */
export function wantedOf(search) {
  const given = new URLSearchParams(search);
  const page = Number.parseInt(given.get("page"), 10);
  const sort = given.get("sort");
  return {
    q: given.get("q") ?? "",
    state: given.get("state") || "all",
    sort: sort in SORTS ? sort : "problems",
    page: page > 1 ? page : 1,
  };
}

/** The address of the page with this of the table; what is the default is left out. */
export function addressOf({ q, state, sort, page }) {
  const given = { ...(q && { q }), ...(state !== "all" && { state }), ...(sort !== "problems" && { sort }) };
  const search = String(new URLSearchParams({ ...given, ...(page > 1 && { page }) }));
  return search ? `?${search}` : "./";
}

/** Every clinic with what decides on its place. */
function weighed(feed, syncs) {
  const items = feed.state.attention ?? [];
  const kindsInOrder = [...groupsOf(items).keys()];
  return [...feed.state.clinics.values()].map((clinic) => {
    const own = items.filter((item) => item.clinic === clinic.slug);
    const first = own[0];
    const isBusy = syncs.some((sync) => sync.clinic === clinic.slug && !sync.completed_at);
    const isOld = isOldAt(clinic, feed.now);
    const kinds = own.map(kindOf);
    const states = [
      ...kinds,
      own.length && "attention",
      isBusy && "busy",
      isOld && "old",
      !own.length && !isOld && "fine",
    ];
    return {
      clinic,
      kinds,
      isOld,
      rank: first ? kindsInOrder.indexOf(kindOf(first)) : Infinity,
      since: first?.since ?? "",
      states: new Set(["all", ...states]),
    };
  });
}

const isOldAt = ({ max_age_seconds: goal, is_fresh: fresh, last_completed_at: at }, now) =>
  goal ? !fresh : !at || now - Date.parse(at) > OLD;

const byName = ({ clinic: one }, { clinic: other }) =>
  words.inOrder(one.name, other.name) || words.inOrder(one.slug, other.slug);
const byAge = (one, other) => ageOf(one).localeCompare(ageOf(other));
const ageOf = ({ clinic }) => clinic.last_completed_at ?? "";
const isBad = ({ clinic }) => Boolean(clinic.last_ended_status && clinic.last_ended_status !== "completed");

const ORDERS = {
  name: byName,
  age: (one, other) => byAge(one, other) || byName(one, other),
  problems: (one, other) =>
    one.rank - other.rank ||
    one.since.localeCompare(other.since) ||
    isBad(other) - isBad(one) ||
    other.isOld - one.isOld ||
    (one.isOld ? byAge(one, other) : 0) ||
    byName(one, other),
};
// Infinity minus Infinity is not a number: then the next criterion decides.

/** What the table shows: the clinics of its page, and how many there are of each state. */
export function chosen(feed, syncs, { q, state, sort, page }) {
  const all = weighed(feed, syncs);
  const text = q.trim().toLowerCase();
  const named = all.filter(({ clinic }) => `${clinic.name} ${clinic.slug}`.toLowerCase().includes(text));
  const found = named.filter(({ states }) => states.has(state)).sort(ORDERS[sort]);
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  const current = Math.min(page, pages);
  const counts = new Map(
    Object.keys(STATES).map((name) => [name, named.filter(({ states }) => states.has(name)).length]),
  );
  return { total: all.length, found, counts, pages, current, shown: found.slice((current - 1) * PAGE, current * PAGE) };
}

/** The filters by state; one by kind is there while it is chosen. */
export function filters({ counts, found }, wanted) {
  const isKind = !(wanted.state in STATES);
  const states = Object.entries(STATES).map(([name, text]) => [name, text, counts.get(name)]);
  return [...states, ...(isKind ? [[wanted.state, titleOf(wanted.state), found.length]] : [])].map(
    ([name, text, count]) =>
      h(
        "a",
        {
          key: name,
          href: addressOf({ ...wanted, state: name, page: 1 }),
          class: "chip",
          "data-goto": "",
          ...(wanted.state === name && { "aria-current": "true" }),
        },
        text,
        " ",
        h("b", {}, count),
      ),
  );
}

export function clinics(choice, feed, syncs, wanted) {
  const paused = openPortals(feed.state).map((name) => h("p", { class: "banner" }, name, BREAKER_OPEN));
  if (!choice.total) return [empty("No clinic is stored yet: ", h("code", {}, "idexx-sync clinic add"))];
  if (!choice.shown.length)
    return [...paused, empty("No clinic is like that. ", h("a", { href: "./", "data-goto": "" }, "Show all"))];
  const columns = ["Clinic", "Fresh", "State", "Appointments", unseen("Calendar")];
  const rows = choice.shown.map((one) => clinic(one, feed, syncs));
  return [...paused, table({ "aria-labelledby": "clinics-title" }, "clinics", columns, rows), pager(choice, wanted)];
}

function pager({ pages, current, found }, wanted) {
  if (pages === 1) return null;
  const to = (page, text, label) =>
    page < 1 || page > pages
      ? h("span", { "aria-hidden": "true" }, text)
      : h("a", { href: addressOf({ ...wanted, page }), "aria-label": label, "data-goto": "" }, text);
  const last = Math.min(current * PAGE, found.length);
  return h(
    "nav",
    { class: "pager", "aria-label": "Pages of clinics" },
    to(current - 1, "‹", "Previous page"),
    h("p", {}, `${(current - 1) * PAGE + 1} to ${last} of ${found.length}`),
    to(current + 1, "›", "Next page"),
  );
}

/** The portals to which calls are paused, each as the beginning of a sentence; one alone needs no name. */
function openPortals({ breaker, portals }) {
  if ((portals ?? []).length < 2) return breaker === "open" ? [""] : [];
  return portals.filter((one) => one.breaker === "open").map((one) => `${one.portal}: `);
}

function clinic({ clinic: one, kinds, isOld }, feed, syncs) {
  const notes = [
    ...kinds.filter((each) => each in NOTES).map((each) => ["bad", NOTES[each]]),
    ...words.obstacles(one, syncs),
  ];
  const kind = isOld ? "bad" : kinds.length ? "plain" : "good";
  return row(
    one.slug,
    rowHead("name", h("b", {}, link(toClinic(one.slug), one.name)), isOther(one) && h("small", {}, one.slug)),
    cell("fresh", freshness(one, feed.now, kind)),
    cell("state", [...new Map(notes.map((note) => [note[1], note])).values()].map(noted), schedule(one, feed.now)),
    cell("number", one.appointments.toLocaleString("en"), unseen(" appointments")),
    cell("calendar", link(toDay(one.slug), "day", unseen(` of ${one.name}`))),
  );
}

/** Whether the slug says something that the name does not. */
const isOther = ({ name, slug }) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "") !== slug;

function freshness(one, now, kind) {
  const { last_completed_at: at, max_age_seconds: goal, is_fresh: fresh } = one;
  const age = at ? time(at, words.ago(at, now), one.timezone) : "never";
  const missed = goal && !fresh;
  return [
    h("span", { class: `note ${kind}` }, age, one.last_partial && " (partial)"),
    goal && h("small", {}, `${missed ? "misses its goal" : "goal"} of ${words.span(goal * 1000)}`),
  ];
}

export function schedule({ schedule: plan, timezone }, now) {
  if (!plan) return null;
  const next = plan.next && !plan.paused && [", next ", time(plan.next, words.until(plan.next, now), timezone)];
  return h("small", {}, plan.words ?? plan.cron, next);
}
