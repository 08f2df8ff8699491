// Reads the iCalendar document in the file of the first argument with the parser of Thunderbird; prints it as JSON.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const calendar = new ICAL.Component(ICAL.parse(readFileSync(process.argv[2], "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
const events = calendar.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  const at = (time) => (time.isDate ? time.toString() : new Date(time.toUnixTime() * 1000).toISOString());
  return {
    uid: event.uid,
    sequence: event.sequence,
    starts: at(event.startDate),
    ends: at(event.endDate),
    summary: event.summary,
    description: event.description,
    location: event.location,
    status: component.getFirstPropertyValue("status"),
  };
});
const texts = ["name", "x-wr-calname", "x-published-ttl", "method"].map((name) => calendar.getFirstPropertyValue(name));
const refresh = calendar.getFirstPropertyValue("refresh-interval").toSeconds();
console.log(JSON.stringify({ events, texts, refresh }));
