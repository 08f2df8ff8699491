// Follows the appointments of a clinic into PostgreSQL: the contract of docs/consuming.md on the npm packages
// `@nats-io/transport-node` (which `nats` has become) and `pg`. A reference to copy from, not a library.
//
//   NATS_URL=… DATABASE_URL=… node consumer.js CLINIC [SUBJECT_PREFIX]
//
// It needs two tables of its own:
//   create table calendar (id uuid primary key, date date, start_time time, room_id text, status text);
//   create table feed_cursors (name text primary key, feed_id uuid not null, position bigint not null);

import { connect, NatsConnection, Subscription } from "@nats-io/transport-node";
import { Client } from "pg";

interface Place { date: string; start_time: string; end_time: string; room_id: string | null; status: string }
interface Appointment extends Place { appointment_id: string }
interface Change { feed_id: string; position: number; appointment_id: string; after: Place | null }
interface Cursor { feed_id: string; position: number }
interface Page extends Cursor { appointments: Appointment[]; next: string | null }
interface Missed { snapshot_required: boolean; changes: Change[]; has_more: boolean }
type Reply<T> = ({ ok: true } & T) | { ok: false; error: { code: number; message: string } };

const CHECK_EVERY = 30_000, GAP_WAIT = 300, REPLY_TIMEOUT = 5_000, PATIENCE = 600_000;

class Refused extends Error {}

class Consumer {
  private waiting = new Map<number, Change>(); // changes that have arrived, by position
  private isBehind = true; // the gateway has to be asked for what is missing
  private wake: () => void = () => undefined;

  constructor(
    private readonly nats: NatsConnection, private readonly db: Client,
    private readonly clinic: string, private readonly prefix: string,
  ) {}

  async run(): Promise<never> {
    void this.receive(this.nats.subscribe(`${this.prefix}.evt.appointment.${this.clinic}.*`));
    void this.watchConnection();
    let cursor = await this.loadCursor();
    for (;;) {
      if (cursor === null) { cursor = await this.snapshot(null); continue; }
      for (const position of this.waiting.keys()) if (position <= cursor.position) this.waiting.delete(position);
      if (this.isBehind) {
        this.isBehind = false; // what is lost from here on says so again
        const arrived = [...this.waiting.keys()];
        const missed: Missed = await this.request<Missed>("changes", { feed_id: cursor.feed_id, after: cursor.position });
        if (missed.snapshot_required) { cursor = await this.snapshot(cursor); continue; }
        this.isBehind ||= missed.has_more;
        if (missed.changes.length) cursor = await this.apply(cursor, missed.changes);
        else for (const position of arrived) this.waiting.delete(position); // the feed does not have them
        continue;
      }
      const run = this.following(cursor);
      if (run.length) { cursor = await this.apply(cursor, run); continue; }
      if (this.waiting.size) { // one is missing, and may be on its way
        await new Promise((resolve) => setTimeout(resolve, GAP_WAIT));
        this.isBehind ||= !this.following(cursor).length;
      } else await this.news(CHECK_EVERY);
    }
  }

  // --- What arrives

  private async receive(subscription: Subscription): Promise<void> {
    for await (const message of subscription) {
      let change: Partial<Change> = {};
      try { change = message.json<Change>(); } catch { /* no event of ours: the gateway is asked */ }
      if (change.position) this.waiting.set(change.position, change as Change); else this.isBehind = true;
      if (this.waiting.size > 5_000) { this.waiting.clear(); this.isBehind = true; }
      this.wake();
    }
  }

  private async watchConnection(): Promise<void> {
    for await (const status of this.nats.status()) {
      if (status.type === "reconnect" || status.type === "slowConsumer") { this.isBehind = true; this.wake(); }
    }
  }

  private news(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => { this.isBehind = true; this.wake(); }, ms);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  private following(cursor: Cursor): Change[] {
    const run: Change[] = [];
    let change: Change | undefined;
    while (run.length < 500 && (change = this.waiting.get(cursor.position + run.length + 1))) {
      if (change.feed_id !== cursor.feed_id) { this.isBehind = true; this.waiting.clear(); return []; }
      run.push(change);
    }
    return run;
  }

  // --- What is requested

  private async request<T>(verb: string, body: object): Promise<T> {
    const ends = Date.now() + PATIENCE;
    for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
      let why: string;
      try {
        const message = await this.nats.request(
          `${this.prefix}.cmd.${verb}.${this.clinic}`, JSON.stringify(body), { timeout: REPLY_TIMEOUT });
        const reply = message.json<Reply<T>>();
        if (reply.ok) return reply;
        if (reply.error.code < 500 && reply.error.code !== 429) throw new Refused(`${verb}: ${reply.error.message}`);
        why = reply.error.message;
      } catch (error) {
        if (error instanceof Refused) throw error;
        why = String(error); // no reply, or no responders
      }
      if (Date.now() + pause > ends) throw new Error(`${verb}: ${why}; given up after ${PATIENCE / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  private async pages(): Promise<Page[]> {
    const pages: Page[] = [];
    let next: object = {};
    for (;;) {
      const page: Page = await this.request<Page>("snapshot", next);
      pages.push(page);
      if (page.next === null) return pages;
      next = { feed_id: page.feed_id, position: page.position, after: page.next };
    }
  }

  // --- What is stored: data and cursor in one transaction

  private async loadCursor(): Promise<Cursor | null> {
    const { rows } = await this.db.query("select feed_id, position from feed_cursors where name = $1", [this.clinic]);
    return rows.length ? { feed_id: rows[0].feed_id, position: Number(rows[0].position) } : null;
  }

  private async snapshot(before: Cursor | null): Promise<Cursor> {
    const pages = await this.pages();
    const after = { feed_id: pages[0].feed_id, position: pages[0].position };
    await this.transaction(before, after, async () => {
      await this.db.query("delete from calendar");
      for (const page of pages) for (const one of page.appointments) await this.put(one.appointment_id, one);
    });
    this.isBehind = true; // what came while the pages were read
    return after;
  }

  private async apply(before: Cursor, changes: Change[]): Promise<Cursor> {
    const after = { feed_id: before.feed_id, position: before.position + changes.length };
    await this.transaction(before, after, async () => {
      for (const change of changes) await this.put(change.appointment_id, change.after);
    });
    return after;
  }

  private async put(id: string, place: Place | null): Promise<void> {
    await this.db.query("delete from calendar where id = $1", [id]);
    if (place !== null) {
      await this.db.query("insert into calendar values ($1, $2, $3, $4, $5)",
        [id, place.date, place.start_time, place.room_id, place.status]);
    }
  }

  private async transaction(before: Cursor | null, after: Cursor, write: () => Promise<void>): Promise<void> {
    await this.db.query("begin");
    try {
      await write();
      // Fails if another process has moved the cursor.
      const moved = before === null
        ? await this.db.query("insert into feed_cursors values ($1, $2, $3)", [this.clinic, after.feed_id, after.position])
        : await this.db.query(
            "update feed_cursors set feed_id = $2, position = $3 where name = $1 and feed_id = $4 and position = $5",
            [this.clinic, after.feed_id, after.position, before.feed_id, before.position]);
      if (moved.rowCount !== 1) throw new Error(`the cursor of ${this.clinic} was moved by another process`);
      await this.db.query("commit");
    } catch (error) {
      await this.db.query("rollback").catch(() => undefined);
      throw error;
    }
  }
}

async function main(): Promise<void> {
  const [clinic, prefix = "idexx"] = process.argv.slice(2);
  const nats = await connect({ servers: process.env.NATS_URL, maxReconnectAttempts: -1 });
  const db = new Client({ connectionString: process.env.DATABASE_URL });
  await db.connect();
  await new Consumer(nats, db, clinic, prefix).run();
}

main().catch((error) => { console.error(error); process.exit(1); });
