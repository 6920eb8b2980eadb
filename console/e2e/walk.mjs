// Walks the console in a real browser as people do: first start, triage by keyboard, a
// finding down to its calls, a throttle that two people take, a month reconciled, closed and
// downloaded. Every page is looked at by axe, and a word from the browser's console fails.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const { BASE, TOKEN, CHROMIUM, FAIRDIAL, CONFIG, DATA, SHOTS, HOSTILE_TENANT, HOSTILE_ORGANIZER } = process.env;
const password = "correct horse battery";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-lcd-text", "--font-render-hinting=none"] });
const wrong = [];
const step = (name) => console.log("-", name);

async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  // A refusal (4xx) is told by the browser too; what scripts and the policy say is not expected.
  page.on("console", (m) => { if (m.type() === "error" && !/status of 4\d\d/.test(m.text())) wrong.push(`${page.url()}: ${m.text()}`); });
  page.on("dialog", (d) => { wrong.push(`${page.url()}: a dialog: ${d.message()}`); d.dismiss(); });
  page.on("pageerror", (e) => wrong.push(`${page.url()}: ${e}`));
  return page;
}

async function signIn(page, name) {
  await page.goto(`${BASE}/sign-in`);
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${BASE}/`);
}

async function look(page, path) {
  if (path) await page.goto(BASE + path);
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${page.url()} is ${wide} px wider than the screen`);
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
  for (const v of found.violations) {
    if (v.impact === "serious" || v.impact === "critical") wrong.push(`${page.url()}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html).join(" ")}`);
  }
}

step("first start: nobody comes in without the set-up token");
const ann = await person();
await ann.goto(`${BASE}/cases`);
assert.match(ann.url(), /\/setup$/);
await look(ann);
await ann.fill("[name=token]", "a guess");
await ann.fill("[name=name]", "ann");
await ann.fill("[name=password]", password);
await ann.getByRole("button", { name: "Make the first user" }).click();
await ann.getByRole("alert").waitFor();
await ann.fill("[name=token]", TOKEN);
await ann.fill("[name=password]", password);
await ann.getByRole("button", { name: "Make the first user" }).click();
await ann.waitForURL(`${BASE}/`);

step("users of other roles");
for (const [name, role] of [["bob", "approver"], ["carol", "finance"], ["vic", "viewer"]]) {
  await ann.goto(`${BASE}/settings`);
  await ann.click("text=Add a user");
  const form = ann.locator("form[action='/settings/users']");
  await form.locator("[name=name]").fill(name);
  await form.locator("[name=role]").selectOption(role);
  await form.locator("[name=password]").fill(password);
  await form.locator("button").click();
  await ann.locator(`td.name:has-text("${name}")`).first().waitFor();
}
for (const [name, role] of [["dora", "approver"], ["adam", "admin"]]) { // of whom ann has no password
  execFileSync(FAIRDIAL, ["--config", CONFIG, "--data", DATA, "users", "add", name, "--role", role], { input: `${password}\n` });
}
const bob = await person(), carol = await person(), vic = await person();
await signIn(bob, "bob"); await signIn(carol, "carol"); await signIn(vic, "vic");

step("triage by keyboard");
await ann.goto(`${BASE}/cases`);
await ann.keyboard.press("j"); await ann.keyboard.press("j"); await ann.keyboard.press("k");
await ann.keyboard.press("Enter");
await ann.waitForURL(/\/cases\/c-/);
const theCase = new URL(ann.url()).pathname;
await ann.keyboard.press("u");
await ann.waitForURL(/\/cases#c-/);
assert.equal(await ann.locator("tr.at").count(), 1, "and stands where it was");
await ann.keyboard.press("/");
await ann.keyboard.type("no such organizer");
await ann.keyboard.press("Enter");
await ann.getByText("No case matches").waitFor();

await ann.setViewportSize({ width: 960, height: 540 });
await ann.goto(`${BASE}/cases`);
assert.ok(await ann.locator("th.why").evaluate((e) => e.offsetWidth) >= 200, "why a case is there can be read on a small desktop");
await ann.setViewportSize({ width: 1280, height: 900 });

step("many cases for one reason, chosen by keyboard, and the next case of the queue");
await ann.goto(`${BASE}/cases?status=active&sort=exposure`);
const choices = await ann.locator("tbody input[type=checkbox]").count();
assert.ok(choices > 2, "there are cases to choose from");
for (const key of ["j", "j", "x", "j", "x"]) await ann.keyboard.press(key);
assert.equal(await ann.locator("tbody input[type=checkbox]:checked").count(), 2);
await ann.fill("#bulkreason", "the morning's round");
await ann.getByRole("button", { name: "Do it" }).click();
await ann.getByRole("heading", { name: "acknowledged: 2 of 2 done" }).waitFor();
await look(ann);
await ann.keyboard.press("u");
await ann.waitForURL(/status=active/);
await ann.locator("tbody a").first().click();
await ann.waitForURL(/\/cases\/c-/);
const first = new URL(ann.url()).pathname;
await ann.keyboard.press("n");
await ann.waitForURL((url) => url.pathname !== first && url.pathname.startsWith("/cases/c-") && url.searchParams.get("queue").includes("sort=exposure"));

step("a decision by keys alone leads to the next case of the queue");
await ann.keyboard.press("?");
await ann.getByRole("heading", { name: "Keys" }).waitFor();
await look(ann);
await ann.keyboard.press("Escape");
const decided = new URL(ann.url()).pathname;
if (decided === theCase) await ann.keyboard.press("n");
await ann.keyboard.press("s");
await ann.keyboard.press("Tab");
await ann.keyboard.type("the tenant is asked");
await ann.keyboard.press("Control+Enter");
await ann.getByRole("status").getByText("Put off").waitFor();
assert.notEqual(new URL(ann.url()).pathname, decided);

step("a view of the queue is kept under a name");
await ann.goto(`${BASE}/cases?status=active&sort=exposure`);
await ann.click("text=Save or remove a view");
await ann.fill("[name=name]", "the morning's round");
await ann.getByRole("button", { name: "Save these filters" }).click();
await ann.goto(`${BASE}/cases`);
await ann.getByRole("navigation", { name: "Saved views" }).getByRole("link", { name: "the morning's round" }).click();
await ann.waitForURL(/sort=exposure/);
await look(ann);
await bob.goto(`${BASE}/cases`);
await bob.getByText("No saved view yet").waitFor();

step("a finding down to its calls, and what paid for one");
await ann.goto(BASE + theCase);
const call = ann.locator("details[open] tbody a").first();
await call.waitFor();
await call.click();
await ann.getByRole("heading", { name: "What paid for this call" }).waitFor();
const theCall = new URL(ann.url()).pathname;

step("whoever only reads is offered nothing to do");
await vic.goto(BASE + theCase);
assert.equal(await vic.locator("main form").count(), 0);
assert.equal((await vic.goto(`${BASE}/settings`)).status(), 403);

step("a case says how long it waits, what its peers use and who called the same numbers");
await ann.goto(`${BASE}/cases?sort=due`);
await ann.getByText(/^(overdue|in) /).first().waitFor();
await ann.goto(BASE + theCase);
await ann.getByText("Allowed now").waitFor();
await ann.getByText("what the heaviest twentieth of the tenant's other callers").waitFor();
assert.ok(await ann.locator(".broad line.proof").count() > 0, "calls that prove a finding are marked");

step("a false alarm has a cause that can be counted");
const act = ann.locator(`form[action='${theCase}/act']`).first();
await act.locator("[name=kind]").selectOption("dismissed");
await act.locator("[name=reason]").fill("a campaign that was announced");
assert.ok(await act.locator("[name=cause]").isVisible() && !await act.locator("[name=assignee]").isVisible(), "what the decision needs is asked for, and nothing else");
await act.locator("button").click();
await act.locator("[name=cause]:invalid").waitFor();
await act.locator("[name=cause]").selectOption("known_event");
await act.locator("[name=reason]").fill("a campaign that was announced");
await act.locator("button").click();
await ann.locator("dd", { hasText: "false positive known event" }).waitFor();
await act.locator("[name=kind]").selectOption("reopened");
await act.locator("[name=reason]").fill("it went on after the campaign");
await act.locator("button").click();
await ann.getByText("To be taken by").waitFor();

step("what the organizer says of a decision opens the case again");
await act.locator("[name=kind]").selectOption("confirmed");
await act.locator("[name=reason]").fill("no campaign lasts that long");
await act.locator("button").click();
await ann.locator("dd", { hasText: "closed: confirmed" }).waitFor();
await act.locator("[name=kind]").selectOption("appealed");
await act.locator("[name=reason]").fill("it was the yearly survey of our members");
await act.locator("button").click();
await ann.getByText("The organizer appealed on").waitFor();

step("a throttle takes a second person");
await ann.goto(BASE + theCase);
const enforce = ann.locator(`form[action='${theCase}/enforce']`);
await enforce.locator("[name=action]").selectOption("throttle");
await enforce.locator("[name=reason]").fill("far above fair use");
await enforce.locator("button").click();
await ann.getByText("throttle was asked for by console:ann").waitFor();
await ann.getByText("another person approves it").waitFor();
assert.equal(await ann.getByRole("button", { name: "Approve" }).count(), 0, "nobody agrees with themselves");
await bob.goto(BASE);
await bob.locator("section[aria-labelledby=waiting] a").first().waitFor();
await bob.goto(BASE + theCase);
await bob.getByText("console:ann made the account of bob").waitFor();
assert.equal(await bob.getByRole("button", { name: "Approve" }).count(), 0, "who may be the same person is told so, and offered nothing");
const dora = await person();
await signIn(dora, "dora");
await dora.goto(BASE + theCase);
await dora.fill(`form[action='${theCase}/approve'] [name=reason]`, "seen and agreed");
await dora.getByRole("button", { name: "Approve" }).click();
await dora.locator("dd", { hasText: "throttle" }).first().waitFor();

step("cases of a ring are merged by a person, and each points to the ring's");
await ann.goto(`${BASE}/cases?status=active`);
const others = (await ann.locator("tbody a[href^='/cases/c-']").evaluateAll((all) => all.map((a) => new URL(a.href).pathname))).filter((path) => path !== theCase);
let theRing, theMerged;
for (const path of others) {
  await ann.goto(BASE + path);
  const choices = (await ann.locator("[name=case]").evaluateAll((all) => all.map((box) => box.value))).filter((id) => `/cases/${id}` !== theCase);
  if (choices.length) {
    [theRing, theMerged] = [path, choices[0]];
    break;
  }
}
assert.ok(theRing, "a case names others that can be merged into it");
await ann.click("text=Merge others into it");
const merge = ann.locator(`form[action='${theRing}/act']:has([value=merged])`);
await merge.locator(`[value='${theMerged}']`).check();
await merge.locator("[name=reason]").fill("one load, spread over their accounts");
await look(ann);
await merge.getByRole("button", { name: "Merge" }).click();
await ann.getByText("A ring of 2 organizers").waitFor();
assert.equal(await ann.locator(`[name=case][value='${theMerged}']`).count(), 0, "what is in the ring is not offered again");
await ann.goto(`${BASE}/cases/${theMerged}`);
assert.equal(await ann.locator(".banner a", { hasText: "case of a ring" }).getAttribute("href"), theRing);
assert.equal(await ann.locator("[name=kind] option[value=confirmed]").count(), 0, "it is decided on there");
await look(ann);

step("the organizer's page says what is in force, and asks for the same by the same rules");
await ann.goto(BASE + theCase);
const [theTenant, theOrganizer] = await ann.locator("section[aria-labelledby=head] a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
await vic.goto(BASE + theOrganizer);
await vic.locator("section[aria-labelledby=enforce] strong", { hasText: "throttle" }).waitFor();
assert.equal(await vic.locator("main form").count(), 0);
assert.ok(await vic.locator("section[aria-labelledby=spent] .broad polyline").count() > 0, "what the organizer used up is drawn");
await ann.goto(BASE + theOrganizer);
const ask = ann.locator(`form[action='${theOrganizer}/enforce']`);
await ask.locator("[name=action]").selectOption("suspend");
await ask.locator("[name=days]").fill("3");
await ask.locator("[name=reason]").fill("it goes on through the throttle");
await ask.locator("button").click();
await ann.getByText("suspend was asked for by console:ann").waitFor();
await bob.goto(BASE + theOrganizer);
await bob.fill(`form[action='${theOrganizer}/approve'] [name=reason]`, "a throttle is enough");
await bob.getByRole("button", { name: "Refuse" }).click();
await bob.locator("form[action$='/approve']").waitFor({ state: "detached" });
await bob.locator("section[aria-labelledby=enforce] strong", { hasText: "throttle" }).waitFor();

step("a month reconciled, closed, opened by another, closed again and downloaded");
await carol.goto(`${BASE}/finance`);
await carol.locator("tbody a").last().click();
await carol.waitForURL(/\/finance\/\d{4}-\d\d$/);
const theMonth = new URL(carol.url()).pathname;
await carol.locator("tbody a").first().click();
const theStatement = new URL(carol.url()).pathname;
await carol.click("text=Variance against");
await carol.fill("[name=reason]", "as the contract has it");
await carol.getByRole("button", { name: "Sign these figures" }).click();
await carol.getByText("The figures still are these.").waitFor();
const close = async (page, reason) => {
  await page.goto(BASE + theStatement);
  await page.fill("[name=reason]", reason);
  if (await page.locator("[name=force]").count()) await page.check("[name=force]"); // asked for where something speaks against it
  await page.getByRole("button", { name: "Close the month" }).click();
  await page.getByRole("heading", { name: "Closed" }).waitFor();
};
await close(carol, "the year's books close today");
await carol.getByText("Another person with the role finance must open it again").waitFor();
assert.equal(await carol.getByRole("button", { name: "Open it again" }).count(), 0, "what one cannot do is not offered");
await ann.goto(BASE + theStatement);
await ann.getByText("ann made the account of carol").waitFor();
assert.equal(await ann.getByRole("button", { name: "Open it again" }).count(), 0, "an account in one's hand is no second person");
const adam = await person();
await signIn(adam, "adam");
await adam.goto(BASE + theStatement);
await adam.fill("[name=reason]", "a late file");
await adam.getByRole("button", { name: "Open it again" }).click();
await adam.getByRole("heading", { name: "Close the month" }).waitFor();
await adam.getByText("opened it again").waitFor();
await close(ann, "the late file is in");
await carol.goto(BASE + theStatement);
await carol.fill("[name=text]", "the provider promised a credit note");
await carol.getByRole("button", { name: "Add the note" }).click();
await carol.locator("section[aria-labelledby=notes] li", { hasText: /promised a credit note\s*console:carol/ }).waitFor();
const [download] = await Promise.all([carol.waitForEvent("download"), carol.getByRole("link", { name: "xlsx" }).click()]);
const workbook = readFileSync(await download.path());
assert.match(download.suggestedFilename(), /^statement-.*\.xlsx$/);
assert.ok(workbook.length > 5000 && workbook.subarray(0, 2).toString() === "PK", "the workbook is a whole one");

step("a rule is written, put right, back-tested and downloaded");
const rule = readFileSync(new URL("../../rules/pack/split-load.yaml", import.meta.url), "utf8").replace(/^id: .*$/m, "id: tried-here").replace(/^version: .*$/m, "version: 1");
await ann.goto(`${BASE}/rules`);
await ann.keyboard.press("j"); await ann.keyboard.press("Enter");
await ann.waitForURL(/\/rules\/pack\//);
await ann.getByRole("link", { name: "Try a change of it" }).click();
await ann.getByRole("button", { name: "Lint and test" }).waitFor();
assert.match(await ann.inputValue("[name=text]"), /^status: shadow$/m, "a change begins with the rule in force");
await ann.goto(`${BASE}/rules`);
await ann.getByRole("link", { name: "Write a rule" }).click();
await ann.waitForURL(/\/rules\/candidate$/);
await ann.fill("[name=text]", rule.replace(/^status: .*$/m, "status: live"));
await ann.getByRole("button", { name: "Lint and test" }).click();
await ann.getByText("a candidate is experimental or shadow").waitFor();
assert.match(await ann.getByRole("alert").innerText(), /Line \d+/, "a mistake is told at its line");
await ann.fill("[name=text]", rule.replace(/^status: .*$/m, "status: shadow").replace("FROM calls", "FROM callz"));
await ann.getByRole("button", { name: "Lint and test" }).click();
await ann.getByText("'callz'").waitFor();
assert.match(await ann.inputValue("[name=text]"), /FROM callz/, "what was written is there still");
await look(ann);
await ann.fill("[name=text]", rule.replace(/^status: .*$/m, "status: shadow"));
await ann.fill("[name=reason]", "one load, spread thinner");
await ann.getByRole("button", { name: "Lint and test" }).click();
await ann.getByRole("heading", { name: "its tests pass" }).waitFor();
assert.match(await ann.inputValue("[name=to]"), /^20\d\d-/, "days with calls in them are offered");
await ann.fill("[name=reason]", "one load, spread thinner");
await ann.getByRole("button", { name: "Keep it as a candidate" }).click();
await ann.waitForURL(/\/rules\/trial$/);
await ann.getByRole("heading", { name: /findings added, .* lost/ }).waitFor({ timeout: 120_000 });
await look(ann);
await ann.goto(`${BASE}/rules/candidate`);
const [file] = await Promise.all([ann.waitForEvent("download"), ann.getByRole("link", { name: "Download tried-here.yaml" }).click()]);
assert.equal(file.suggestedFilename(), "tried-here.yaml");
assert.match(readFileSync(await file.path(), "utf8"), /^status: shadow$/m);
assert.equal((await vic.goto(`${BASE}/rules/candidate`)).status(), 403);

const pages = {
  tenant: theTenant, organizer: theOrganizer, ring: theRing, rule: "/rules/pack/fair-use-month", overview: "/", cases: "/cases", case: theCase, tenants: "/tenants", months: "/finance", month: theMonth, statement: theStatement,
  variance: `${theStatement}/variance`, leak: `${theStatement}/leak`, records: `${theStatement}/records`, usage: "/usage?by=tenant", call: theCall, ingest: "/ingest",
  quarantine: "/ingest/quarantine", rules: "/rules", candidate: "/rules/candidate?rule=tried-here", trial: "/rules/trial", audit: "/audit", settings: "/settings", doctor: "/settings/doctor", account: "/account",
};
step("axe: every page, light on a desktop and dark on a phone");
const state = await ann.context().storageState();
for (const options of [{ colorScheme: "light" }, { colorScheme: "dark", viewport: { width: 360, height: 740 } }]) {
  const page = await person({ storageState: state, ...options });
  for (const path of Object.values(pages)) await look(page, path);
  const out = await person(options);
  await look(out, "/sign-in");
}

if (HOSTILE_TENANT) {
  step("names without an end, turned round or of markup: nothing is wider than the screen, and nothing of them runs");
  const [tenant, organizer] = [HOSTILE_TENANT, HOSTILE_ORGANIZER].map((path) => path.split("/").at(-1));
  await ann.goto(`${BASE}/cases?status=all&tenant=${tenant}`);
  const itsCase = await ann.locator("tbody a[href^='/cases/c-']").first().getAttribute("href");
  const statement = `/finance/2026-02/${tenant}`;
  const theirs = [
    HOSTILE_TENANT, HOSTILE_ORGANIZER, itsCase, "/tenants", `/cases?status=all&tenant=${tenant}`, "/cases?status=all", "/", "/usage?by=tenant", `/usage?by=record&tenant=${tenant}`, `/usage?by=organizer&tenant=${tenant}`,
    `/usage/${tenant}/aaaaaaaa-0000-4000-8000-000000000099`, "/finance/2026-02", statement, `${statement}/variance`, `${statement}/leak`, "/ingest", `/audit?q=${organizer}`,
  ];
  for (const viewport of [{ width: 360, height: 740 }, { width: 1280, height: 900 }]) {
    const page = await person({ storageState: state, viewport });
    for (const path of theirs) {
      await look(page, path);
      assert.match(await page.title(), / – Fairdial$/, "a name gives the page no title of its own");
      assert.equal(await page.locator("main script, main img").count(), 0, "markup is text");
    }
  }
}

if (SHOTS) {
  step(`pictures into ${SHOTS}`);
  mkdirSync(SHOTS, { recursive: true });
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, viewport, shown] of [
      ["desktop", { width: 960, height: 540 }, ["overview", "cases", "case", "merge", "tenant", "organizer", "statement", "usage", "rules", "rule", "candidate", "trial"]],
      ["phone", { width: 360, height: 640 }, ["overview", "cases", "case", "months", "statement"]],
    ]) {
      const page = await person({ storageState: state, colorScheme, viewport });
      for (const name of shown) {
        await page.goto(BASE + (pages[name] ?? theRing));
        if (name === "merge") {
          await page.click("text=Merge others into it");
          await page.locator("form:has([value=merged])").scrollIntoViewIfNeeded();
        }
        if (name === "organizer") await page.locator("section[aria-labelledby=spent]").evaluate((e) => e.scrollIntoView());
        await page.screenshot({ path: `${SHOTS}/${name}-${device}-${colorScheme}.png` });
      }
    }
  }
}

step("signing out ends it");
await vic.goto(`${BASE}/account`);
await vic.getByRole("button", { name: "Sign out" }).click();
await vic.goto(`${BASE}/cases`);
assert.match(vic.url(), /\/sign-in/);
await browser.close();
assert.deepEqual(wrong, []);
