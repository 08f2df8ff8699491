// The week's calendar, one day at a time with a column for each room. It makes the same calls as every client.
"use strict";

const { today } = JSON.parse(document.getElementById("page-data").textContent);
const HOUR = 80; // pixels
const DAY_MS = 86_400_000;
let shown = new URLSearchParams(location.search).get("date") ?? today;
let config = {};
let week = [];

async function ask(path, query = {}) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`, { headers: { "X-Requested-With": "XMLHttpRequest" } });
  if (response.status === 401 || response.redirected) location.assign("/login");
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

// Dates are YYYY-MM-DD and wall-clock times: the browser's own time zone has no part in them.
const plusDays = (date, days) => new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
const monday = (date) => plusDays(date, -((new Date(date).getUTCDay() + 6) % 7));
const minutes = (time) => Number(time.slice(11, 13)) * 60 + Number(time.slice(14, 16));
const clock = (time) => time.slice(11, 16);

function readable(record) {
  const label = record.status ?? record.current_status ?? record.status_label ?? record.className ?? "";
  return {
    title: record.title,
    start: record.start,
    end: record.end,
    room: record.resourceId,
    type: record.appointmentType ?? record.type_description ?? "",
    kind: record.is_roster ? "roster" : record.is_block ? "block" : "appointment",
    status: label.toLowerCase().replaceAll(" ", "-"),
  };
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

async function load() {
  const first = monday(shown);
  const note = document.getElementById("note");
  note.textContent = "Loading the week…";
  try {
    const range = { start: `${first} 00:00:00`, end: `${plusDays(first, 7)} 00:00:00` };
    [config, week] = await Promise.all([
      ask("/appointments/getAppointmentView").catch(() => ask("/schedule/getScheduleConfigs")),
      ask("/appointments/getCalendarEventData", range),
    ]);
  } catch (error) {
    note.textContent = `The schedule could not be loaded. ${error.message}`;
    return;
  }
  const list = Array.isArray(week) ? week : week.events ?? week.data ?? week.appointments ?? week.results ?? [];
  week = list.map(readable).filter((record) => record.kind !== "roster");
  draw();
}

function draw() {
  drawDays();
  const records = week.filter((record) => record.start?.startsWith(shown));
  const taken = records.filter((record) => record.kind === "appointment").length;
  const long = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: "UTC" };
  const name = new Date(shown).toLocaleDateString("en-GB", long);
  document.getElementById("note").textContent = `${name}: ${taken} appointment${taken === 1 ? "" : "s"}`;
  document.getElementById("day").replaceChildren(grid(records));
}

function drawDays() {
  const first = monday(shown);
  const step = (text, label, days) => {
    const button = element("button", { class: "step", "aria-label": label }, text);
    button.addEventListener("click", () => { shown = plusDays(shown, days); load(); });
    return button;
  };
  const days = [0, 1, 2, 3, 4, 5, 6].map((offset) => {
    const date = plusDays(first, offset);
    const short = new Date(date).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", timeZone: "UTC" });
    const count = week.filter((record) => record.kind === "appointment" && record.start?.startsWith(date)).length;
    const button = element("button", date === shown ? { "aria-current": "date" } : {}, short, element("small", {}, String(count)));
    button.addEventListener("click", () => { shown = date; draw(); });
    return button;
  });
  document.getElementById("days").replaceChildren(
    step("‹", "The week before", -7), ...days, step("›", "The week after", 7));
}

function grid(records) {
  const rooms = [...(config.appointmentRooms ?? config.rooms ?? [])];
  const [opens, closes] = openHours();
  if (records.some((record) => !rooms.some((room) => room.id === record.room))) rooms.push({ id: null, name: "No room" });
  const first = Math.min(opens, ...records.map((record) => Math.floor(minutes(record.start) / 60)));
  const last = Math.max(closes + 1, ...records.map((record) => Math.floor(minutes(record.start) / 60) + 1));
  const drawn = element("div", { class: "grid", style: `--rooms: ${rooms.length}; --hour: ${HOUR}px` });
  drawn.append(element("h2", {}, ""), ...rooms.map((room) => element("h2", {}, room.name)));
  drawn.append(element("div", { class: "hours" },
    ...Array.from({ length: last - first }, (_, index) => element("div", {}, `${first + index}:00`))));
  for (const room of rooms) {
    const here = records.filter((record) => record.room === room.id || (room.id === null && !rooms.some((other) => other.id === record.room)));
    drawn.append(lane(here, first, last));
  }
  return drawn;
}

// The first and the last hour of the week, only to draw the day; an end that lies after midnight ends the page's day.
function openHours() {
  const entries = [config.businessHours ?? []].flat();
  const starts = entries.map((entry) => hour(entry.startTime ?? entry.start, 8));
  const ends = entries.map((entry, index) => {
    const end = hour(entry.endTime ?? entry.end, 18);
    return Math.min(end > starts[index] ? end : 23, 23);
  });
  return [Math.min(...starts, entries.length ? 24 : 8), Math.max(...ends, entries.length ? 0 : 18)];
}

const hour = (time, otherwise) => (time ? Number(time.slice(0, 2)) : otherwise);

// Records that overlap share the width of their room; a group ends where nothing reaches over.
function lane(records, first, last) {
  const drawn = element("div", { class: "lane", style: `height: ${(last - first) * HOUR}px` });
  const placed = [];
  const sorted = records.toSorted((one, other) => minutes(one.start) - minutes(other.start));
  let columns = [];
  for (const record of sorted) {
    const start = minutes(record.start);
    if (columns.every((until) => until <= start)) columns = [];
    let column = columns.findIndex((until) => until <= start);
    if (column < 0) column = columns.push(0) - 1;
    columns[column] = start + length(record);
    placed.push({ record, column, columns });
  }
  for (const { record, column, columns } of placed) drawn.append(box(record, column, columns.length, first));
  return drawn;
}

const length = (record) => Math.max(15, (minutes(record.end) - minutes(record.start) + 1440) % 1440);

function box(record, column, columns, first) {
  const top = ((minutes(record.start) - first * 60) * HOUR) / 60;
  const height = (length(record) * HOUR) / 60 - 2;
  const style = `top: ${top}px; height: ${height}px; left: ${(column * 100) / columns}%; width: ${100 / columns}%`;
  const text = `${clock(record.start)} ${record.title}`;
  const short = length(record) < 25 ? "short" : "";
  return element("div", { class: `event ${record.kind} ${record.status} ${short}`, style, title: `${text} (${record.type})` },
    element("b", {}, clock(record.start)), ` ${record.title}`);
}

load();
