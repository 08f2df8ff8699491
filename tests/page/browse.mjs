// Opens pages in a browser by WebDriver BiDi, then settles a booking with a keyboard alone. Prints what was wrong on each page:
// messages of the console, what axe finds, what does not fit.
//   node - '{"program", "url", "axe", "views": [{"path", "shows"}], "booking", "key", "pictures"}'

import { mkdir, readFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";

const given = JSON.parse(process.argv[2]);
const axe = await readFile(given.axe, "utf8");
const MOST_STOPS = 60;
const DESK = { name: "desk", width: 1280, height: 800, dir: "ltr", scheme: "light" };
const PHONE = { name: "phone", width: 390, height: 844, dir: "rtl", scheme: "dark" };

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: given.program,
  headless: true,
  protocol: "webDriverBiDi",
});
const faults = [];
const page = await browser.newPage();
page.setDefaultTimeout(20_000);
page.on("console", (message) => /error|warn/.test(message.type()) && faults.push(`console: ${message.text()}`));
page.on("pageerror", (error) => faults.push(`error: ${error.message}`));

/** Texts on one line whose end is left of their beginning: all are English. */
function reordered() {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data, length } = texts.currentNode;
    const at = (index) => {
      const range = new Range();
      range.setStart(texts.currentNode, index);
      range.setEnd(texts.currentNode, index + 1);
      return range.getBoundingClientRect();
    };
    const [first, last] = [data.search(/\S/), length - 1 - data.match(/\s*$/)[0].length];
    if (first < 0 || first === last) continue;
    const [begins, ends] = [at(first), at(last)];
    if (begins.width && Math.abs(begins.top - ends.top) < 2 && begins.left > ends.left) found.push(`reordered: ${data}`);
  }
  return found;
}

async function look(name, screen) {
  await page.setViewport(screen);
  await page.evaluate(({ dir, scheme }) => {
    document.documentElement.dir = dir;
    document.documentElement.style.colorScheme = scheme;
  }, screen);
  // The tests in Chromium ask axe about the desk.
  const found = await page.evaluate(async (isDesk) => {
    const { violations } = isDesk ? { violations: [] } : await axe.run();
    const { textAlign } = getComputedStyle(document.querySelector("h1"));
    const aligned = textAlign === (isDesk ? "left" : "right") ? [] : [`aligned ${textAlign}`];
    const wide = document.documentElement.scrollWidth > innerWidth ? ["wider than the screen"] : [];
    return [...aligned, ...wide, ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)];
  }, screen === DESK);
  found.push(...(await page.evaluate(reordered)));
  faults.push(...found.map((fault) => `${name}, ${screen.name}: ${fault}`));
  if (given.pictures) await page.screenshot({ path: `${given.pictures}/${name}-${screen.name}.png` });
}

/** Presses Tab until the element with this text has the focus, which must be seen; then Enter. */
async function choose(text) {
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const { textContent } = document.activeElement;
      return { text: textContent.trim(), outline: getComputedStyle(document.activeElement).outlineStyle };
    });
    if (at.outline !== "solid") faults.push(`no outline around '${at.text.slice(0, 40)}'`);
    if (at.text === text) return page.keyboard.press("Enter");
  }
  throw new Error(`the keyboard does not reach '${text}'`);
}

async function settle() {
  await page.goto(given.url + given.booking);
  await page.waitForSelector("#bookings");
  await choose("enter a key that may act");
  await page.waitForSelector("#key:focus");
  await page.keyboard.type(given.key);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#bookings button[data-act]");
  await choose("It is in the portal");
  await page.waitForSelector("dialog[open]");
  await choose("It is in the portal");
  await page.waitForFunction(() => !document.querySelector("#bookings, dialog[open]"));
}

try {
  if (given.pictures) await mkdir(given.pictures, { recursive: true });
  for (const { path, shows } of given.views) {
    await page.goto(given.url + path);
    await page.waitForSelector(shows);
    await page.evaluate(axe);
    for (const screen of [DESK, PHONE]) await look(path.match(/\w+|$/)[0] || "dashboard", screen);
  }
  await page.setViewport(DESK);
  await settle();
} finally {
  await browser.close();
}
console.log(JSON.stringify(faults));
