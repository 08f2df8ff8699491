// Formats times, counts and states. Pure.

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "UTC" });

const NATURAL = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Compares names as people do: "Branch 2" comes before "Branch 10". */
export const inOrder = (one, other) => NATURAL.compare(one, other);

export const day = (date) => DAY.format(new Date(date));
export const weekday = (date) => WEEKDAY.format(new Date(date));
const formats = new Map();

/** A format for a time zone, in which times of a clinic are shown; UTC if the zone is not known. */
function formatIn(zone, style) {
  const key = `${zone} ${Object.values(style)}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { ...style, timeZone: zone || "UTC" }));
  return formats.get(key);
}

const MINUTE = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

/** A moment on a clinic's clock: "1 Dec, 14:05". */
export const local = (time, zone) => formatIn(zone, MINUTE).format(new Date(time));
export const localSeconds = (time, zone) => formatIn(zone, { ...MINUTE, second: "2-digit" }).format(new Date(time));

export const localClock = (time, zone) => formatIn(zone, { timeStyle: "medium" }).format(new Date(time));

/** A moment, with the name of the zone. */
export const moment = (time, zone = "UTC") => `${localSeconds(time, zone)} ${zone || "UTC"}`;

export const clock = (time) => `${CLOCK.format(new Date(time))} UTC`;
export const plain = (word) => String(word ?? "unknown").replaceAll("_", " ");
export const sentence = (word) => plain(word).replace(/^./, (letter) => letter.toUpperCase());
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** Formats milliseconds with at most the two largest units. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [minutes, hours, days] = [60, 3600, 86_400].map((size) => Math.floor(seconds / size));
  let units = minutes ? [minutes, "min"] : [seconds, "s"];
  if (hours) units = [hours, "h", minutes % 60, "min"];
  if (days) units = [days, "d", hours % 24, "h"];
  return units.slice(0, units[2] ? 4 : 2).join("\u00a0");
}

export const ago = (time, now) => (time ? `${span(now - Date.parse(time))} ago` : "never");

/** Formats the time until a moment: "in 8 s", or "due". */
export function until(time, now) {
  const left = Date.parse(time) - now;
  return left > 0 ? `in ${span(left + 999)}` : "due";
}

export const dates = ({ start_date: from, end_date: to }) => (from === to ? day(from) : `${day(from)} – ${day(to)}`);

/** The state of a date, for display. */
export function stateOf({ status, reason, next_try_at: again, second_look: second }) {
  if (status === "reconciled") return "done";
  if (status === "failed") return "failed";
  if (status === "scraping" || status === "scraped") return "running";
  return again && reason ? "retrying" : second ? "confirming removals" : "waiting";
}

/** Why a clinic is not fresh: [severity, text] pairs, the most severe first. */
export function obstacles(clinic, syncs) {
  const own = syncs.filter((sync) => sync.clinic === clinic.slug);
  const [runs, waits] = ["in_progress", "queued"].map((status) => own.some((sync) => sync.status === status));
  const last = { status: clinic.last_ended_status, error_message: clinic.last_ended_message };
  const hasFailed = last.status && last.status !== "completed";
  const { schedule: plan } = clinic;
  return [
    clinic.removals_held && ["bad", `${plural(clinic.removals_held, "removal")} held`],
    clinic.login_failure && ["bad", plain(clinic.login_failure)],
    !clinic.has_credentials && ["warn", "no credentials"],
    hasFailed && !clinic.login_failure && [gravity(last), `last sync ${plain(last.status)}${because(last)}`],
    plan?.paused && ["warn", "schedule paused"],
    plan?.last_outcome === "refused" && ["warn", `the last scheduled sync was refused: ${plan.last_refusal}`],
    runs ? ["busy", "syncing now"] : waits && ["busy", "sync queued"],
  ].filter(Boolean);
}

const gravity = ({ status }) => (status === "cancelled" ? "warn" : "bad");
const because = ({ status, error_message: message }) => (message && status !== "cancelled" ? `: ${message}` : "");

/** How an ended sync ended: [severity, text]. */
export function outcome(sync) {
  if (sync.status !== "completed") return [gravity(sync), `${plain(sync.status)}${because(sync)}`];
  if (sync.partial_success) return ["warn", `partial: ${sync.failed_dates.map(day).join(", ")} failed`];
  if (sync.removals_held && !sync.dry_run) return ["warn", `completed, ${plural(sync.removals_held, "removal")} held`];
  const warnings = sync.warnings.map(({ message }) => message).join("; ");
  if (warnings) return ["warn", `${sync.dry_run ? "dry run completed" : "completed"}, with a warning: ${warnings}`];
  return ["good", sync.dry_run ? "dry run completed" : "completed"];
}
