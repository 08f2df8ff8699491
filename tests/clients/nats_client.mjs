// A client of the interface in JavaScript, on the maintained client of NATS for Node: what a clinic's program and an
// operator's do. Reads its settings from the environment, checks each reply, and prints what it saw as one JSON line.
//
//   node nats_client.mjs clinic|cancel|malformed|operator|stream
import assert from "node:assert/strict";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const { NATS_SERVER: servers, NATS_USER: user, NATS_PASSWORD: pass, PREFIX, CLINIC, OTHER, STREAM } = process.env;
const LAST = ["completed", "failed", "cancelled", "timed_out"];
const nc = await connect({ servers, user, pass, reconnect: false });

const subject = (verb, clinic = CLINIC) => `${PREFIX}.cmd.${verb}.${clinic}`;
const ask = (verb, body, clinic) => nc.request(subject(verb, clinic), body, { timeout: 20_000 });

async function accepted(verb, body, clinic) {
  const reply = (await ask(verb, JSON.stringify(body ?? {}), clinic)).json();
  assert.ok(reply.ok, JSON.stringify(reply));
  return reply;
}

async function refused(verb, payload) {
  const message = await ask(verb, payload);
  const { ok, error } = message.json();
  assert.equal(ok, false);
  assert.equal(message.headers.get("Nats-Service-Error-Code"), String(error.code));
  assert.ok(message.headers.get("Nats-Service-Error"));
  return [error.code, error.reason];
}

// The client learns at once that NATS does not let it request this: the request fails before its time-out.
async function denied(verb, clinic) {
  await assert.rejects(ask(verb, "{}", clinic), (error) => /permissions violation/i.test(`${error} ${error.cause}`));
}

// Subscribes only when the sync has begun; `events` returns what was before, and what is missing in between.
async function follow(sync) {
  const events = [];
  const live = nc.subscribe(sync.events)[Symbol.asyncIterator]();
  for (;;) {
    const { events: stored } = await accepted("events", { sync_id: sync.sync_id, after_seq: events.length });
    events.push(...stored);
    if (LAST.includes(events.at(-1)?.event)) break;
    await live.next();
  }
  assert.deepEqual(events.map((event) => event.seq), events.map((_, at) => at + 1));
  return events.map((event) => event.event);
}

async function begun(sync) {
  while ((await accepted("status", { sync_id: sync.sync_id })).sync.status === "queued");
}

const roles = {
  async clinic() {
    const sync = await accepted("sync", { days_ahead: 3 });
    await begun(sync);
    return { sync_id: sync.sync_id, events: await follow(sync) };
  },

  async cancel() {
    const sync = await accepted("sync", { days_ahead: 3 });
    const once = await accepted("cancel", { sync_id: sync.sync_id });
    assert.deepEqual(await accepted("cancel", { sync_id: sync.sync_id }), once);
    return { sync_id: sync.sync_id, events: await follow(sync) };
  },

  async malformed() {
    const unknown = "00000000-0000-4000-8000-000000000000";
    const refusals = [
      await refused("sync", "{not json"),
      await refused("sync", "[1]"),
      await refused("sync", new Uint8Array([0xff, 0xfe])),
      await refused("sync", JSON.stringify({ days_ahead: 3, colour: "red" })),
      await refused("sync", JSON.stringify({ days_ahead: 61 })),
      await refused("sync", JSON.stringify({ request_id: "x".repeat(17_000) })),
      await refused("cancel", JSON.stringify({ sync_id: unknown })),
    ];
    await denied("status", OTHER);
    await denied("approve", CLINIC);
    return { refusals };
  },

  async operator() {
    const { clinics } = await accepted("overview", {}, "_all");
    await accepted("status", {}, OTHER);
    await denied("sync", CLINIC);
    return { clinics: clinics.map((clinic) => clinic.slug) };
  },

  // A late reader of the stream: an ordered consumer from the first event on.
  async stream() {
    const consumer = await jetstream(nc).consumers.get(STREAM, {
      filter_subjects: [`${PREFIX}.evt.sync.${CLINIC}.${process.env.SYNC_ID}.>`],
    });
    const events = [];
    for await (const message of await consumer.consume()) {
      events.push(message.json().event);
      if (LAST.includes(events.at(-1))) return { events };
    }
  },
};

console.log(JSON.stringify(await roles[process.argv[2]]()));
await nc.close();
