// Looks at the operator's page in Chromium: node page.mjs SCENARIO INPUT. What is not as it should be makes the exit code 1.

import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

import { scenarios } from "./scenarios.mjs";

const [scenario, input] = process.argv.slice(2);
const told = JSON.parse(readFileSync(input, "utf8"));
const profile = mkdtempSync(join(tmpdir(), "genuine-page-"));

/** Those that are open: a scenario that fails leaves one. */
const contexts = [];

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens the page, and notes whatever it asks for and complains of. */
async function open(options = {}) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: quiet,
    viewport: { width: 1280, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  contexts.push(context);
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(20_000);
  const noted = { asked: [], complaints: [], dialogs: 0 };
  page.on("request", (request) => noted.asked.push(request.url()));
  page.on("console", (message) => {
    // That a request was refused is told as an error, too: the page says so itself.
    if (message.type() === "error" && !/status of (400|401|503)/.test(message.text())) {
      noted.complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => noted.complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    noted.dialogs += 1;
    dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
  });
  return { context, page, noted };
}

/** That nothing left the origin, and nothing was against the policy. */
async function expectQuiet({ page, noted }, origin = told.operator) {
  assert.deepEqual(noted.asked.filter((url) => new URL(url).origin !== origin), [], "no request leaves the origin");
  assert.ok(noted.asked.length >= 6, "requests are noted");
  assert.deepEqual(await page.evaluate(() => window.violations), [], "nothing is against the policy");
  assert.deepEqual(noted.complaints, []);
  assert.equal(noted.dialogs, 0);
}

try {
  assert.ok(scenario in scenarios, `there is no scenario ${scenario}`);
  await scenarios[scenario]({ open, expectQuiet, told, assert });
  console.log(`${scenario}: as it should be`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const context of contexts) {
    await context.close();
  }
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
