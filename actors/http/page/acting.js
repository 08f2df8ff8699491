// What a key with the right `act` can do, each after a confirmation. The request and its words; pure but for the list of
// what is drawn.

import { h } from "./draw.js";
import * as words from "./words.js";

/** What the buttons on the page do, by their keys. */
const drawn = new Map();

export const actOf = (button) => drawn.get(button.dataset.act);

export function button(act) {
  drawn.set(act.key, act);
  return h(
    "button",
    { key: act.key, type: "button", "data-act": act.key, class: act.isGrave ? "grave" : "" },
    act.label,
  );
}

/** The buttons for a caller that may act; for others how to get there. */
export function buttons({ rights }, ...acts) {
  if (rights.includes("act")) return h("div", { class: "buttons" }, acts.map(button));
  return h(
    "p",
    { class: "empty" },
    "Read-only: ",
    h("button", { type: "button", class: "plain-button ask-key" }, "enter a key that may act"),
  );
}

export const requestSync = ({ slug, name, schedule }) => {
  const days = schedule?.days_ahead ?? 14;
  return {
    key: "sync",
    label: "Sync now",
    title: `Sync ${name}?`,
    text: `Reads ${words.plural(days, "date")} from the portal, from today on, and stores what has changed.`,
    confirm: "Sync now",
    path: "schedule-sync",
    headers: { Prefer: "respond-async" },
    body: { clinicId: slug, daysAhead: days },
  };
};

export const cancelSync = ({ sync_id: id, clinic }, name) => ({
  key: "cancel",
  label: "Cancel this sync",
  title: `Cancel this sync of ${name}?`,
  text: "Dates that are done stay as they are; the others are not read. Nothing is removed.",
  confirm: "Cancel the sync",
  path: "cancel",
  body: { clinicId: clinic, syncId: id },
});

function decision(verb, { sync_id: id, clinic }, held, said) {
  return {
    key: verb,
    path: "removals",
    body: { clinicId: clinic, syncId: id, decision: verb, removals: held.length },
    ...said,
  };
}

const whichOf = (held) => {
  const days = [...new Set(held.map(({ date }) => date))].sort();
  return `${words.plural(held.length, "appointment")} ${days.length > 1 ? "from" : "of"} ${words.dates({ start_date: days[0], end_date: days.at(-1) })}`;
};

export const approve = (sync, name, held) =>
  decision("approve", sync, held, {
    label: "Remove these appointments",
    title: `Remove ${words.plural(held.length, "appointment")} of ${name}?`,
    text: `Marks ${whichOf(held)} as removed, since the portal does not show them any more. To put them back: idexx-sync runs undo ${sync.sync_id}`,
    confirm: `Remove ${words.plural(held.length, "appointment")}`,
    isGrave: true,
  });

export const reject = (sync, name, held) =>
  decision("reject", sync, held, {
    label: "Keep them",
    title: `Keep ${words.plural(held.length, "appointment")} of ${name}?`,
    text: `Keeps ${whichOf(held)}. If the next sync still does not find them, it holds their removals again.`,
    confirm: `Keep ${words.plural(held.length, "appointment")}`,
  });

const BOOKINGS = {
  settle: [
    "It is in the portal",
    "The portal has this booking under another name or number, so it takes no place of its own.",
  ],
  confirm: [
    "It is real, keep its place",
    "The booking is real and not in the portal yet: it keeps its place until the portal shows it.",
  ],
  release: ["It is not real", "Cancels the booking and offers its place to others."],
};

/** The three decisions on a booking. */
export const decideBooking = (one, clinic) =>
  Object.entries(BOOKINGS).map(([verb, [label, text]]) => ({
    key: `${verb} ${one.id}`,
    label,
    title: `Booking ${one.confirmation_number ?? ""} of ${words.day(one.date)}, ${one.start_time.slice(0, 5)}: ${label.toLowerCase()}?`,
    text,
    confirm: label,
    isGrave: verb === "release",
    path: "booking",
    body: { clinicId: clinic, bookingId: one.id, decision: verb },
  }));
