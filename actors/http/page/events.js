// The events of a sync in words. Pure.

import * as words from "./words.js";

const WORDS = {
  accepted: (event) => ["", `requested: ${words.dates(event)}`],
  queued: ({ position }) => ["", `queued, position ${position}`],
  started: () => ["", "started"],
  date_started: ({ date, attempt }) => ["soft", `${words.day(date)}: attempt ${attempt}`],
  date_retrying: ({ date, attempt, message }) => [
    "warn",
    `${words.day(date)}: attempt ${attempt} failed, to be repeated: ${message}`,
  ],
  date_completed: ({ date, added, updated, unchanged }) => [
    "good",
    `${words.day(date)}: done, ${added} added, ${updated} changed, ${unchanged} unchanged`,
  ],
  date_failed: ({ date, message }) => ["bad", `${words.day(date)}: failed: ${message}`],
  held: ({ removals_held: held }) => ["warn", `${words.plural(held, "removal")} held: a person must decide`],
  completed: ({ partial_success: partial }) => (partial ? ["warn", "completed in part"] : ["good", "completed"]),
  failed: ({ message }) => ["bad", `failed${message ? `: ${message}` : ""}`],
  cancelled: () => ["warn", "cancelled"],
  timed_out: () => ["bad", "timed out"],
};

/** What happened: [severity, text]. */
export const eventWords = (event) => (WORDS[event.event] ?? (() => ["", words.plain(event.event)]))(event);
