// The dashboard: renders the feed's state as elements, and updates them. Read-only.

import { attention } from "./attention.js";
import { SORTS, addressOf, chosen, clinics, filters, wantedOf } from "./clinics.js";
import { draw, h } from "./draw.js";
import { Feed } from "./feed.js";
import { current, latest } from "./syncs.js";
import * as words from "./words.js";

/** The page shows its data as old after this time without an update. Milliseconds. */
const OLD = 6_000;

/** Ended syncs that are shown; each clinic's page has its own. */
const LATEST = 12;

const place = (selector) => document.querySelector(selector);
const byStart = (one, other) => other.created_at.localeCompare(one.created_at);
const nameOf = (sync, feed) => feed.state.clinics.get(sync.clinic)?.name ?? sync.clinic;

let wanted = wantedOf(location.search);

// Shared by all clinics.

function shared({ budget, breaker, portals, mailboxes }) {
  if (!budget) return [];
  const several = (portals ?? []).length > 1 ? portals : [{ ...budget, breaker }];
  return [
    ...several.map((one) => portal(one)),
    h(
      "p",
      {},
      h("b", {}, "Mailboxes "),
      mailboxes.map((box, index) => [index ? ", " : "", mailbox(box)]),
    ),
  ];
}

function portal({ portal: name, rate: now, limit, paused_for: paused, breaker }) {
  const isLow = now < limit * 0.99;
  const rate = `${Number(now.toPrecision(3))} of ${limit} calls/s`;
  const pause = paused ? `, paused for ${Math.ceil(paused)} s` : "";
  return h(
    "p",
    { key: name },
    h("b", {}, name ? `Portal ${name} ` : "Portal "),
    h("span", { class: isLow || pause ? "warn" : "" }, rate, pause),
    ", circuit breaker ",
    h("span", { class: breaker === "closed" ? "good" : "bad" }, words.plain(breaker)),
  );
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
  const names = new Map([...feed.state.clinics].map(([slug, { name }]) => [slug, name]));
  place("#board").hidden = place("nav").hidden = false;
  draw(place("#clinic-count"), words.plural(feed.state.clinics.size, "clinic"));
  draw(place("#current-count"), `${runs.length} running, ${open.length - runs.length} queued`);
  draw(place("#clock"), words.clock(feed.now));
  showAttention(feed, names);
  showClinics(feed, syncs);
  const inTurn = [...runs, ...open.filter((sync) => !runs.includes(sync)).reverse()];
  draw(place("#current .body"), current(inTurn, names, feed.now));
  draw(place("#latest .body"), latest(over.slice(0, LATEST), feed.state.clinics, feed.now));
  draw(place("#shared"), shared(feed.state));
  announceEnds(over, feed);
}

function showAttention(feed, names) {
  const items = feed.state.attention ?? [];
  place("#attention").hidden = !feed.state.attention;
  const more = (kind, text) => h("a", { href: addressOf({ ...wantedOf(""), state: kind }), "data-goto": "" }, text);
  draw(place("#attention-title"), "Needs a person", items.length ? h("small", {}, ` ${items.length}`) : "");
  draw(place("#attention .body"), attention(items, names, feed.now, more));
  place("#attention").classList.toggle("calm", !items.length);
  document.title = items.length ? `(${items.length}) idexx-sync` : "idexx-sync";
}

function showClinics(feed, syncs) {
  const choice = chosen(feed, syncs, wanted);
  draw(place("#clinics .chips"), filters(choice, wanted));
  draw(place("#clinics .body"), clinics(choice, feed, syncs, wanted));
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

// The table's search, order, filter and page are in the address, so that they can be shared.

function want(change, keep) {
  wanted = { ...wanted, page: 1, ...change };
  history[keep ? "pushState" : "replaceState"](null, "", addressOf(wanted));
  show(feed);
}

function showWanted() {
  wanted = wantedOf(location.search);
  place("#search").value = wanted.q;
  place("#sort").value = wanted.sort;
}

draw(place("#sort"), ...Object.entries(SORTS).map(([name, text]) => h("option", { value: name }, text)));
showWanted();
const feed = new Feed(() => show(feed));
place("#search").addEventListener("input", (event) => want({ q: event.target.value }));
place("#sort").addEventListener("change", (event) => want({ sort: event.target.value }));
place(".controls").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-goto]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  want(wantedOf(new URL(link.href).search), true);
  showWanted();
  if (link.closest("#attention, .pager")) place("#clinics").scrollIntoView();
});
addEventListener("popstate", () => {
  showWanted();
  show(feed);
});
place("#key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  feed.useKey(place("#key").value);
});
setInterval(() => show(feed), 1000);
feed.run();
