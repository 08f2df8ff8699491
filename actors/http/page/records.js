// Records that several pages show: evidence of failures, and what callers have done. Pure.

import { h } from "./draw.js";
import { empty, link, toSync } from "./parts.js";
import * as words from "./words.js";

const VERBS = {
  sync: "requested a sync",
  cancel: "cancelled a sync",
  approve: "approved removals",
  reject: "rejected removals",
  settle: "settled a booking",
  confirm: "confirmed a booking",
  release: "released a booking",
};

const UNKNOWN = { http: "a caller without a key", nats: "a client on NATS", cli: "the command line" };

export function actions(list, zone) {
  if (!list.length) return empty("No action is recorded.");
  return h(
    "ul",
    { class: "log" },
    list.map(({ id, at, who, source, verb, clinic, sync_id: sync, removals, outcome }) => {
      const what = VERBS[verb] ?? words.plain(verb);
      return h(
        "li",
        { key: id },
        h("time", { datetime: at }, words.local(at, zone)),
        " ",
        h("b", {}, who ?? UNKNOWN[source]),
        " ",
        sync ? link(toSync(clinic, sync), what) : what,
        removals && ` (${removals})`,
        outcome !== "done" && h("span", { class: "bad" }, `: ${outcome ? words.plain(outcome) : "outcome not known"}`),
      );
    }),
  );
}

/** `opened` has what the portal returned, by id, as far as it was read. */
export function evidence(list, zone, opened) {
  if (list === null) return empty("Evidence needs a key that may see names.");
  if (!list.length) return empty("No evidence is stored. It is kept for 7 days.");
  return h(
    "ul",
    { class: "log" },
    list.map((one) =>
      h(
        "li",
        { key: one.id },
        h(
          "details",
          { "data-evidence": one.id },
          h("summary", {}, `${words.day(one.date)}: ${one.message}, at ${words.localSeconds(one.at, zone)}`),
          whole(opened.get(one.id)),
        ),
      ),
    ),
  );
}

function whole(found) {
  if (!found) return h("p", { class: "empty" }, "Loading…");
  return [
    h("p", {}, h("b", {}, found.title || "no title"), " ", h("code", {}, found.address)),
    found.picture && h("img", { src: found.picture, alt: `What the portal showed, with names masked: ${found.title}` }),
    found.body && h("pre", { tabindex: 0, "aria-label": "What the portal returned" }, found.body),
  ];
}
