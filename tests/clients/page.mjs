// page.mjs - the server's page in a browser without a screen, used as a reader would.
//
//   node page.mjs BROWSER ADDRESS FOLDER    checks every view, and keeps pictures of them in FOLDER
//   node page.mjs BROWSER ADDRESS           prints when the first view was painted, as a line of JSON
//
// The memory has a space "home" with a step whose text is markup, and the space "maze" of the maze walker.
import assert from "node:assert/strict";
import {chromium} from "playwright-core";

const [browserPath, address, folder] = process.argv.slice(2);
const browser = await chromium.launch({executablePath: browserPath, args: ["--no-sandbox"]});
const complaints = [];

async function open(options) {
  const page = await (await browser.newContext(options)).newPage();
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => request.url().startsWith(address) || request.url().startsWith("blob:")
    || complaints.push(`asked ${request.url()}`));
  return page;
}

async function go(page, hash, until) {
  await page.goto("about:blank");
  await page.goto(`${address}#${hash}`);
  await page.locator(until).first().waitFor();
}

/** The views: their address, and what is there once they are. */
const views = {
  search: ["search?space=home&text=where+is+the+telescope", ".hits .bar span"],
  timeline: ["timeline?space=home", ".episodes li"],
  episode: ["timeline?space=home&episode=1", ".hits .step"],
  spoken: ["timeline?space=home&role=assistant", ".hits .step"],
  map: ["map?space=home", ".chart canvas[width]"],
  replay: ["replay?space=maze&name=page", ".chart canvas[width]"],
  imagine: ["imagine?space=maze&observation=0,2&count=3&steps_max=40&ask=1", ".tree li"],
  server: ["server?space=home", "table"],
};

async function pictures() {
  for (const [width, colorScheme] of [[1200, "light"], [1200, "dark"], [390, "light"], [390, "dark"]]) {
    const page = await open({viewport: {width, height: 850}, colorScheme});
    for (const [name, [hash, until]] of Object.entries(views)) {
      await go(page, hash, until);
      await page.waitForLoadState("networkidle");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than ${width}`);
      await page.screenshot({path: `${folder}/${name}-${width}-${colorScheme}.png`});
    }
    await page.context().close();
  }
}

/** A search explains its scores; a step opens, is forgotten, and comes back. */
async function forgetting() {
  const page = await open();
  await go(page, ...views.search);
  const text = await page.locator(".hits .step .text").first().textContent();
  assert.match(text, /telescope/);
  await page.locator(".evidence summary").first().click();
  assert.match(await page.locator(".evidence table").first().textContent(), /lexical/);
  await page.locator(".hits .links button").first().click();
  await page.locator("dialog[open] h2").waitFor();
  await page.screenshot({path: `${folder}/detail.png`});
  page.on("dialog", (asked) => asked.accept());
  await page.locator("dialog .danger").click();
  await page.locator("dialog mark", {hasText: "forgotten"}).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#notice button", {hasText: "Undo"}).click();
  await page.locator("#notice", {hasText: "is back"}).waitFor();
  await page.locator("dialog button", {hasText: "Forget"}).waitFor();
  await page.context().close();
}

/** From the address bar to an open step without a mouse. */
async function keyboard() {
  const page = await open();
  await go(page, "timeline?space=home", ".episodes li");
  await page.locator("nav a", {hasText: "Search"}).focus();
  await page.keyboard.press("Enter");
  await page.locator("input[name=text]").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("nav a").first().focus();
  await page.keyboard.press("/");
  await page.keyboard.type("the telescope");
  await page.keyboard.press("Enter");
  await page.locator(".hits .links button").first().waitFor();
  await page.locator(".hits .links button").first().focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({state: "detached"});
  await page.locator("nav a", {hasText: "Timeline"}).focus();
  await page.keyboard.press("Enter");
  await page.locator(".episodes li").first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Timeline"); // where the reader was
  await page.context().close();
}

/** The timeline of one speaker has what that one said, and nothing else. */
async function speaker() {
  const page = await open();
  await go(page, ...views.timeline);
  await page.locator("input[name=role]").fill("assistant");
  await page.keyboard.press("Enter");
  await page.locator(".hits .step").nth(2).waitFor();
  assert.deepEqual(new Set(await page.locator(".hits .who strong").allTextContents()), new Set(["assistant"]));
  assert.match(await page.locator("#state").textContent(), /3 steps by .assistant./);
  assert.equal(await page.evaluate(() => document.activeElement.name), "role");
  await page.locator("input[name=role]").fill("nobody");
  await page.keyboard.press("Enter");
  await page.locator("#state", {hasText: "Nothing by"}).waitFor();
  await page.context().close();
}

/** What looks like markup, or turns the line around, is shown as it is and does nothing. */
async function hostile() {
  const page = await open();
  await go(page, "search?space=home&text=markup", ".hits .step");
  assert.match(await page.locator(".hits .text").first().textContent(), /<script>.*<img.*\u27e8202e\u27e9/);
  assert.equal(await page.evaluate(() => globalThis.taken), undefined);
  await page.context().close();
}

async function exporting() {
  const page = await open();
  await go(page, ...views.timeline);
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator("button", {hasText: "Export"}).click()]);
  assert.equal(file.suggestedFilename(), "home.jsonl");
  await page.context().close();
}

async function paint() {
  const page = await open({viewport: {width: 1200, height: 850}});
  await page.goto(address);
  await page.locator(".ask").waitFor();
  const ms = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  console.log(JSON.stringify({bench: "page", metric: "first_paint_ms", value: ms, unit: "ms", config: {}}));
}

if (folder) {
  for (const check of [forgetting, keyboard, speaker, hostile, exporting, pictures]) await check();
  assert.deepEqual(complaints, []);
  console.log("ok");
} else {
  await paint();
}
await browser.close();
