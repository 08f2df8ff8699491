// The dashboard: renders the feed's state as elements, and updates them. Read-only.

import { draw, h } from "./draw.js";
import { Feed } from "./feed.js";
import * as words from "./words.js";

/** The page shows its data as old after this time without an update. Milliseconds. */
const OLD = 6_000;

/** Age from which a clinic without a goal is marked as old. Milliseconds. */
const OLD_CLINIC = 86_400_000;

const BREAKER_OPEN = "Calls to the portal failed too often and are paused: its clinics are not updated for a while.";

const MARKS = { waiting: "·", running: "●", retrying: "↻", "confirming removals": "↻", done: "✓", failed: "✗" };

const place = (selector) => document.querySelector(selector);
const unseen = (text) => h("span", { class: "unseen" }, text);
const byStart = (one, other) => other.created_at.localeCompare(one.created_at);

function table(name, columns, rows) {
  const head = columns.map((column) => h("th", { role: "columnheader", scope: "col" }, column));
  return h("table", { role: "table", "aria-labelledby": `${name}-title`, class: name },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, rows));
}

const row = (key, ...cells) => h("tr", { role: "row", key }, cells);
const cell = (name, ...content) => h("td", { role: "cell", class: name }, content);
const rowHead = (name, ...content) => h("th", { role: "rowheader", scope: "row", class: name }, content);
const noted = ([kind, text]) => h("span", { class: `note ${kind}` }, text);
const nameOf = (sync, feed) => feed.state.clinics.get(sync.clinic)?.name ?? sync.clinic;
const empty = (...content) => h("p", { class: "empty" }, content);
const time = (at, text) => h("time", { datetime: at, title: words.moment(at) }, text);

// Clinics.

function clinics(feed, syncs) {
  const found = [...feed.state.clinics.values()].sort((one, other) =>
    (one.last_completed_at ?? "").localeCompare(other.last_completed_at ?? "") || one.slug.localeCompare(other.slug));
  if (!found.length) return empty("No clinic is stored yet: ", h("code", {}, "idexx-sync clinic add"));
  const rows = found.map((one) => clinic(one, feed, syncs));
  const all = table("clinics", ["Clinic", "Fresh", "State", "Appointments"], rows);
  return [...openPortals(feed.state).map((name) => h("p", { class: "banner" }, name, BREAKER_OPEN)), all];
}

/** The portals to which calls are paused, each as the beginning of a sentence; one alone needs no name. */
function openPortals({ breaker, portals }) {
  if ((portals ?? []).length < 2) return breaker === "open" ? [""] : [];
  return portals.filter((one) => one.breaker === "open").map((one) => `${one.portal}: `);
}

function clinic(one, feed, syncs) {
  const notes = words.obstacles(one, syncs);
  return row(one.slug,
    rowHead("name", h("b", {}, h("a", { href: `day?clinic=${one.slug}` }, one.name)), h("small", {}, one.slug)),
    cell("fresh", freshness(one, feed.now)),
    cell("state", notes.map(noted), schedule(one, feed.now)),
    cell("number", one.appointments.toLocaleString("en"), unseen(" appointments")));
}

function freshness(clinic, now) {
  const at = clinic.last_completed_at;
  const goal = clinic.max_age_seconds;
  const isOld = goal ? !clinic.is_fresh : !at || now - Date.parse(at) > OLD_CLINIC;
  const age = at ? time(at, words.ago(at, now)) : "never";
  return [
    h("span", { class: isOld ? "note bad" : "note good" }, age, clinic.last_partial && " (partial)"),
    goal &&
      h("small", {}, `${isOld ? "misses its goal" : "goal"} of ${words.span(goal * 1000)}`),
  ];
}

function schedule({ schedule: plan }, now) {
  if (!plan) return null;
  const next = plan.next && !plan.paused && [", next ", time(plan.next, words.until(plan.next, now))];
  return h("small", {}, plan.words ?? plan.cron, next);
}

// Running and queued syncs.

function current(syncs, feed) {
  if (!syncs.length) return empty("No sync is running.");
  return h("ul", { class: "current" }, syncs.map((sync) => running(sync, feed)));
}

function running(sync, feed) {
  const name = nameOf(sync, feed);
  const label = `${name}: ${sync.dates_done} of ${words.plural(sync.dates_total, "date")}`;
  const waits = sync.status === "queued";
  return h("li", { key: sync.sync_id },
    h("h3", {}, name, " ", h("small", {}, words.dates(sync), sync.dry_run && ", dry run")),
    h("progress", { max: 100, value: sync.progress_percentage, "aria-label": label }),
    h("p", { class: "facts" }, waits ? waiting(sync, feed.now) : facts(sync, feed.now)),
    sync.dates && h("ol", { class: "dates", "aria-label": "Dates" }, inOrder(sync.dates).map(date)),
    sync.dates && h("ul", { class: "reasons" }, reasons(sync.dates, feed.now)));
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

const inOrder = (dates) => [...dates].sort((one, other) => one.date.localeCompare(other.date));

function date(one, index) {
  const state = words.stateOf(one);
  const number = new Date(one.date).getUTCDate();
  const short = index && number > 1 ? number : words.day(one.date); // with the month where it begins
  const title = `${words.weekday(one.date)}: ${state}`;
  return h("li", { key: one.date, class: state.replaceAll(" ", "-"), title },
    h("span", { "aria-hidden": "true" }, h("b", {}, short), MARKS[state]), unseen(title));
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
  return h("li", { key, class: isOver ? "bad" : "warn" },
    `${MARKS[isOver ? "failed" : "retrying"]} ${which}: ${found[0].message ?? words.plain(found[0].reason)}`,
    tries > 1 && `, ${tries} attempts`,
    !isOver && `, next try ${words.until(next, now)}`);
}

// Ended syncs.

function latest(syncs, feed) {
  if (!syncs.length) return empty("No sync has ended yet.");
  return table("latest", ["Clinic", "Outcome", "Changes", "Took", "Ended"], syncs.map((sync) => ended(sync, feed)));
}

function ended(sync, feed) {
  return row(sync.sync_id,
    rowHead("name", h("b", {}, nameOf(sync, feed)),
      h("small", {}, `${words.dates(sync)}, ${sync.dates_done} of ${sync.dates_total}`, unseen(" dates"))),
    cell("outcome", noted(words.outcome(sync))),
    cell("changes", changes(sync)),
    cell("took", sync.duration_ms === null ? "" : `${(sync.duration_ms / 1000).toFixed(1)} s`),
    cell("ended", time(sync.completed_at, words.ago(sync.completed_at, feed.now))));
}

function changes({ stats, changes_planned: planned }) {
  if (planned !== null && planned !== undefined) return words.plural(planned, "change") + " planned";
  const counts = ["added", "updated", "removed"].map((what) => [what, stats[`appointments_${what}`] ?? 0]);
  const signs = { added: "+", updated: "~", removed: "−" };
  const sign = ([what, count]) => h("span", { class: count ? what : "none" }, signs[what], count, " ");
  return [
    h("span", { "aria-hidden": "true" }, counts.map(sign)),
    unseen(counts.map(([what, count]) => `${count} ${what}`).join(", ")),
  ];
}

// Shared by all clinics.

function shared({ budget, breaker, portals, mailboxes }) {
  if (!budget) return [];
  const several = (portals ?? []).length > 1 ? portals : [{ ...budget, breaker }];
  return [
    ...several.map((one) => portal(one)),
    h("p", {}, h("b", {}, "Mailboxes "), mailboxes.map((box, index) => [index ? ", " : "", mailbox(box)])),
  ];
}

function portal({ portal: name, rate: now, limit, paused_for: paused, breaker }) {
  const isLow = now < limit * 0.99;
  const rate = `${Number(now.toPrecision(3))} of ${limit} calls/s`;
  const pause = paused ? `, paused for ${Math.ceil(paused)} s` : "";
  return h("p", { key: name },
    h("b", {}, name ? `Portal ${name} ` : "Portal "), h("span", { class: isLow || pause ? "warn" : "" }, rate, pause),
    ", circuit breaker ", h("span", { class: breaker === "closed" ? "good" : "bad" }, words.plain(breaker)));
}

function mailbox({ queue, messages, limit, dead }) {
  const isFull = limit && messages > limit * 0.8;
  return [
    h("span", { class: isFull ? "bad" : "" }, `${words.plain(queue)} ${messages} of ${limit ?? "∞"}`),
    dead ? h("span", { class: "bad" }, ` (${words.plural(dead, "dead letter")})`) : "",
  ];
}

// The whole page.

function show(feed) {
  showNotice(feed);
  showKeyForm(feed);
  if (!feed.state) return;
  const syncs = [...feed.state.syncs.values()].sort(byStart);
  const open = syncs.filter((sync) => !sync.completed_at);
  const over = syncs.filter((sync) => sync.completed_at);
  const runs = open.filter((sync) => sync.status === "in_progress");
  place("#board").hidden = place("nav").hidden = false;
  draw(place("#clinic-count"), words.plural(feed.state.clinics.size, "clinic"));
  draw(place("#current-count"), `${runs.length} running, ${open.length - runs.length} queued`);
  draw(place("#clock"), words.clock(feed.now));
  draw(place("#clinics .body"), clinics(feed, syncs));
  draw(place("#current .body"), current([...runs, ...open.filter((sync) => !runs.includes(sync)).reverse()], feed));
  draw(place("#latest .body"), latest(over, feed));
  draw(place("#shared"), shared(feed.state));
  document.title = runs.length ? `(${runs.length}) idexx-sync` : "idexx-sync";
  announceEnds(over, feed);
}

function showNotice(feed) {
  const isOld = feed.silence > OLD || (!feed.state && feed.trouble);
  document.body.classList.toggle("old", Boolean(isOld && feed.state));
  if (!isOld || feed.keyTrouble !== null) return draw(place("#notice"));
  const why = `${feed.trouble || "the gateway does not respond"}; trying again`;
  // Hidden from screen readers, which would read out every second.
  const age = feed.state && ["Data is ", h("span", { "aria-hidden": "true" }, `${words.span(feed.age)} `), "old: "];
  return draw(place("#notice"), h("p", {}, h("b", {}, age || ""), why));
}

function showKeyForm(feed) {
  const form = place("#key-form");
  const isAsked = feed.keyTrouble !== null;
  draw(place("#key-trouble"), feed.keyTrouble ?? "");
  if (form.hidden !== isAsked) return;
  form.hidden = !isAsked;
  place(isAsked ? "#key" : "#main").focus();
}

/** Announces each end of a sync once to screen readers; not those from before the page was opened. */
function announceEnds(over, feed) {
  const ended = announceEnds.known ? over.filter((sync) => !announceEnds.known.has(sync.sync_id)) : [];
  announceEnds.known = new Set(over.map((sync) => sync.sync_id));
  if (!ended.length) return;
  draw(place("#announcements"), ended.map((sync) => `${nameOf(sync, feed)}: ${words.outcome(sync)[1]}`).join("; "));
}

const feed = new Feed(() => show(feed));
place("#key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  feed.useKey(place("#key").value);
});
setInterval(() => show(feed), 1000);
feed.run();
