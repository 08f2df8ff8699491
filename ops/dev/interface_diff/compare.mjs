// Prints, for each pair of trees in the given file, the changes that can break clients.
import { readFileSync } from "node:fs";
import { diff } from "@asyncapi/diff";

const rule = (add, remove, edit) => ({ add, remove, edit });
const ok = "non-breaking";
const breaks = "breaking";

// A client ignores what it does not know: a new field, event, reason or value of what it receives. It relies on the
// rest, and on being allowed to send what it sends.
const RULES = {
  "/subjects": rule(ok, breaks, breaks),
  "/subjects/*": rule(ok, breaks, breaks),
  "/requests": rule(ok, breaks, breaks),
  "/requests/*": rule(ok, breaks, breaks),
  "/requests/*/results": rule(ok, breaks, breaks),
  "/requests/*/results/*": rule(ok, breaks, breaks),
  "/received": rule(ok, breaks, breaks),
  "/received/*": rule(ok, ok, breaks),
  "/received/*/*": rule(ok, breaks, breaks),
  "/received/*/*/required": rule(breaks, ok, breaks),
  "/received/*/*/types": rule(ok, breaks, breaks),
  "/received/*/*/types/*": rule(ok, breaks, breaks),
  "/received/*/*/values": rule(ok, breaks, breaks),
  "/received/*/*/values/*": rule(ok, breaks, breaks),
  "/received/*/*/limits": rule(breaks, ok, breaks),
  "/received/*/*/limits/*": rule(breaks, ok, breaks),
  "/sent": rule(ok, breaks, breaks),
  "/sent/*": rule(ok, ok, breaks),
  "/sent/*/*": rule(ok, breaks, breaks),
  "/sent/*/(whole)": rule(ok, breaks, breaks),
  "/sent/*/(whole)/types": rule(ok, breaks, breaks),
  "/sent/*/(whole)/types/*": rule(ok, breaks, breaks),
  "/sent/*/(whole)/values": rule(ok, ok, ok),
  "/sent/*/(whole)/values/*": rule(ok, ok, ok),
  "/sent/*/(whole)/limits": rule(ok, ok, ok),
  "/sent/*/(whole)/limits/*": rule(ok, ok, ok),
  "/sent/*/*/required": rule(ok, breaks, breaks),
  "/sent/*/*/types": rule(breaks, ok, breaks),
  "/sent/*/*/types/*": rule(breaks, ok, breaks),
  "/sent/*/*/values": rule(ok, ok, ok),
  "/sent/*/*/values/*": rule(ok, ok, ok),
  "/sent/*/*/limits": rule(ok, ok, ok),
  "/sent/*/*/limits/*": rule(ok, ok, ok),
};

// A field that is new to clients' messages must not be required, unless the message is new.
const newlyRequired = ({ action, path, after }) =>
  action === "add" && /^\/received\/[^/]+\/[^/]*$/.test(path) && after?.required === true;

// A wider limit of what clients send breaks no one.
const widened = ({ path, before, after }) =>
  (/^\/received\/.*\/limits\/max/.test(path) && Number(after) > Number(before)) ||
  (/^\/received\/.*\/limits\/min/.test(path) && Number(after) < Number(before));

const found = JSON.parse(readFileSync(process.argv[2])).map(([older, newer]) =>
  diff(older, newer, { override: RULES })
    .getOutput()
    .changes.filter((change) => (change.type !== ok && !widened(change)) || newlyRequired(change))
    .map(({ action, path }) => ({ action, path })),
);
console.log(JSON.stringify(found));
