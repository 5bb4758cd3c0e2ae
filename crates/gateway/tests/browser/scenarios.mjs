// What is looked at. Each scenario opens the page itself, and closes it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Enters with the token. */
async function enter(page, { operator, token }) {
  await page.goto(`${operator}/page`);
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
}

/** Presses Tab until this element has the focus. */
async function tabTo(page, selector, assert) {
  for (let pressed = 0; pressed < 60; pressed += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) {
      return;
    }
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not lead to ${selector}`);
}

/** Whether the element that has the focus shows it. */
const showsFocus = (page) =>
  page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });

/** What axe-core finds, which knows the rules of WCAG 2.2 AA, contrast included. */
async function accessible(page, assert, what) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations, passes } = await window.axe.run(document, { runOnly: tags });
    const contrasts = passes.find(({ id }) => id === "color-contrast")?.nodes.length ?? 0;
    return { contrasts, violations: violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`) };
  });
  assert.deepEqual(found.violations, [], what);
  assert.ok(found.contrasts > 10, `${what}: contrasts were computed, ${found.contrasts}`);
}

/** Fills the inspector in, and gives what it answers. */
async function inspect(page, { text, ...fields }) {
  await page.getByRole("tab", { name: "Inspector" }).click();
  await page.getByRole("button", { name: "Clear" }).click();
  await page.locator("#text").fill(text);
  if ("method" in fields || "client_data" in fields) {
    await page.locator("details:has(#method)").evaluate((details) => {
      details.open = true;
    });
  }
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`#${name}`);
    await (name === "application" || name === "kind" ? field.selectOption(value) : field.fill(value));
  }
  await page.getByRole("button", { name: "Explain" }).click();
  await page.locator("article.answer, #question-error:not(:empty)").first().waitFor();
  const answer = page.locator("article.answer").first();
  if ((await answer.count()) === 0) {
    return { error: await page.locator("#question-error").textContent() };
  }
  return answer.evaluate((article) => ({
    verdict: article.dataset.verdict,
    name: article.dataset.name,
    failed: [...article.querySelectorAll("li.failed")].map((step) => step.dataset.step),
    passed: article.querySelectorAll("li.passed").length,
    compared: article.querySelectorAll(".steps dd").length,
    lead: article.querySelector(".lead").textContent,
    text: article.textContent,
    focused: document.activeElement === article.querySelector("h3"),
  }));
}

/** Whether anything is wider than the window. */
const overflows = (page) =>
  page.evaluate(() => {
    const wide = [...document.querySelectorAll("body *")].filter((element) => {
      const { right, width } = element.getBoundingClientRect();
      return width > 1 && right > innerWidth + 1 && getComputedStyle(element).position !== "absolute";
    });
    return document.documentElement.scrollWidth > innerWidth ? ["page", ...wide.map((element) => element.outerHTML.slice(0, 120))] : [];
  });

export const scenarios = {
  /** Verdicts appear while devices act, with their reasons; filters and the pause do what they say. */
  async live({ open, expectQuiet, told, assert }) {
    const opened = await open();
    const { page } = opened;
    await enter(page, told);
    const row = (...texts) => texts.reduce((rows, text) => rows.filter({ hasText: text }), page.locator("#rows tr"));
    await row("allowed", "registration", "VERIFIED", "demo", "app_attest", "REQUIRED").first().waitFor();
    await row("allowed", "registration", "VERIFIED", "demo", "play_integrity", "REQUIRED").first().waitFor();
    await row("refused", "registration", "NonceMismatch", "FAILED", "app_attest").first().waitFor();
    await row("allowed", "request", "verified", "/orders").first().waitFor();
    await row("refused", "request", "SignatureInvalid", "invalid", "/orders").first().waitFor();
    await row("refused", "request", "CounterNotIncreased").first().waitFor();
    await row("allowed", "token", "issued", "/tokens").first().waitFor();
    await row("allowed", "token", "admitted", "/basket").first().waitFor();
    await row("refused", "registration", "play_integrity", told.phone).first().waitFor();
    const number = async (id) => Number((await page.locator(`#${id}`).textContent()).replaceAll(",", ""));
    const before = await number("count-allowed");
    await page.waitForFunction((least) => Number(document.getElementById("count-allowed").textContent.replaceAll(",", "")) > least, before);
    assert.ok((await number("count-refused")) > 0 && (await number("count-devices")) > 1);
    assert.ok((await page.locator("#tally-reason li").filter({ hasText: "SignatureInvalid" }).count()) === 1);
    assert.ok((await page.locator("#tally-platform li").filter({ hasText: "play_integrity" }).count()) === 1);
    assert.ok((await page.locator("#chart rect.allowed").count()) > 0 && (await page.locator("#chart rect.refused").count()) > 0);
    assert.match(await page.locator("#told").textContent(), /\d+ allowed, \d+ refused or locked\./);
    // The sentence under the chart is of now.
    await page.waitForFunction(() => {
      const [allowed, refused] = document.querySelector("#summary").textContent.replaceAll(",", "").match(/\d+/g).map(Number);
      return allowed > 20 && refused > 5;
    });
    assert.ok((await page.locator("#rows tr").count()) <= 200);

    // A device's events are seen together.
    const device = await row("registration", "VERIFIED", "app_attest").first().locator("td").last().textContent();
    assert.match(device, /^[A-Za-z0-9_-]{16}$/);
    await page.locator("#filter-device").fill(device);
    await page.waitForFunction((wanted) => {
      const rows = [...document.querySelectorAll("#rows tr")];
      return rows.length > 1 && rows.every((one) => one.lastChild.textContent === wanted);
    }, device);
    await page.locator("#filter-device").fill("");

    for (const [filter, value] of [["verdict", "refused"], ["platform", "play_integrity"], ["application", "demo"], ["mode", "REQUIRED"], ["reason", "SignatureInvalid"]]) {
      await page.locator(`#filter-${filter}`).selectOption(value);
      await page.waitForFunction((wanted) => {
        const rows = [...document.querySelectorAll("#rows tr")];
        return rows.length > 0 && rows.every((one) => one.textContent.includes(wanted));
      }, value);
      await page.locator(`#filter-${filter}`).selectOption("");
    }

    await page.getByRole("button", { name: "Pause" }).click();
    const still = await page.locator("#rows").textContent();
    await page.getByRole("button", { name: /Resume \([1-9]\d* new\)/ }).waitFor();
    assert.equal(await page.locator("#rows").textContent(), still, "the table stands still");
    await page.getByRole("button", { name: /Resume/ }).click();
    await page.waitForFunction((before) => document.getElementById("rows").textContent !== before, still);
    await accessible(page, assert, "live, light");
    await expectQuiet(opened);
    await opened.context.close();
  },

  /** Objects of every kind, genuine and tampered. */
  async inspector({ open, expectQuiet, told, assert }) {
    const opened = await open();
    const { page } = opened;
    await enter(page, told);
    for (const { what, expected, step, ...asked } of told.objects) {
      const found = await inspect(page, asked);
      assert.equal(found.error, undefined, what);
      const accepted = expected === "accepted";
      assert.deepEqual([found.verdict, found.name], accepted ? ["accepted", ""] : ["refused", expected], `${what}: ${found.lead}`);
      assert.equal(found.failed.length, accepted ? 0 : 1, what);
      assert.ok(step === undefined || found.failed[0] === step, `${what}: ${found.failed}`);
      assert.ok(found.compared > 0 && found.lead.length > 10 && found.focused, what);
      assert.ok(!accepted || found.passed > 4, what);
    }
    const nothing = await inspect(page, { text: "this is nothing" });
    assert.match(nothing.error, /no object, vector or token/);
    await accessible(page, assert, "inspector, light");
    await expectQuiet(opened);
    await opened.context.close();
  },

  /** What objects say is text, and does nothing. */
  async text({ open, expectQuiet, told, assert }) {
    const opened = await open();
    const { page } = opened;
    await enter(page, told);
    for (const { what, holds, ...asked } of told.objects) {
      const found = await inspect(page, asked);
      assert.ok(found.text.includes(holds), `${what} is shown: ${found.text}`);
      const made = await page.evaluate(() => document.querySelectorAll("#answer img, #answer script, #answer a, #answer iframe").length);
      assert.equal(made, 0, `${what}: text makes no elements`);
    }
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    await expectQuiet(opened);
    await opened.context.close();
  },

  /** Real objects, at a gateway that trusts Apple. */
  async real({ open, expectQuiet, told, assert }) {
    const opened = await open();
    const { page } = opened;
    await enter(page, told);
    for (const { what, text } of told.objects) {
      const found = await inspect(page, { text });
      assert.equal(found.verdict, "accepted", `${what}: ${found.error ?? found.lead}`);
    }
    await expectQuiet(opened);
    await opened.context.close();
  },

  /** The keyboard alone: no pointer touches the page. */
  async keyboard({ open, expectQuiet, told, assert }) {
    const opened = await open();
    const { page } = opened;
    const keys = page.keyboard;
    await page.goto(`${told.operator}/page`);
    await page.waitForFunction(() => document.activeElement?.id === "token");
    await keys.insertText("wrong");
    await keys.press("Enter");
    await page.getByText("This is not the operator's token.").waitFor();
    assert.ok(await page.evaluate(() => document.activeElement?.id === "token"), "the focus is where the mistake is");
    await keys.insertText(told.token);
    await keys.press("Enter");
    await page.getByText("Connected", { exact: true }).waitFor();
    assert.ok(await page.evaluate(() => document.activeElement?.id === "tab-live"));

    // The table, by its filters and the pause.
    await page.locator("#rows tr").first().waitFor();
    await tabTo(page, "#pause", assert);
    assert.ok(await showsFocus(page));
    await keys.press("Space");
    await page.getByRole("button", { name: /Resume/ }).waitFor();
    await keys.press("Space");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await tabTo(page, "#filter-verdict", assert);
    await keys.press("r");
    await page.waitForFunction(() => document.getElementById("filter-verdict").value === "refused");
    await page.waitForFunction(() => {
      const rows = [...document.querySelectorAll("#rows tr")];
      return rows.length > 0 && rows.every((row) => row.className === "refused");
    });

    // The tabs, by arrows.
    for (let pressed = 0; pressed < 30 && !(await page.evaluate(() => document.activeElement?.id === "tab-live")); pressed += 1) {
      await keys.press("Shift+Tab");
    }
    const tab = () => page.evaluate(() => [document.activeElement?.id, document.getElementById("inspector").hidden]);
    await keys.press("ArrowRight");
    assert.deepEqual(await tab(), ["tab-inspector", false]);
    await keys.press("ArrowRight");
    assert.deepEqual(await tab(), ["tab-live", true]);
    await keys.press("End");
    assert.deepEqual(await tab(), ["tab-inspector", false]);
    await keys.press("Home");
    assert.deepEqual(await tab(), ["tab-live", true]);
    await keys.press("ArrowLeft");
    assert.deepEqual(await tab(), ["tab-inspector", false]);
    assert.ok(await showsFocus(page));

    // The inspector.
    const [{ text, key_id: keyId, challenge }] = told.objects;
    for (const [field, value] of [["text", text], ["key_id", keyId], ["challenge", challenge]]) {
      await tabTo(page, `#${field}`, assert);
      assert.ok(await showsFocus(page), field);
      await keys.insertText(value);
    }
    await tabTo(page, "#question summary", assert);
    await keys.press("Enter");
    await tabTo(page, "#method", assert);
    await tabTo(page, "#question button[type=submit]", assert);
    await keys.press("Enter");
    await page.locator("article.answer.accepted").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.tagName), "H3", "the focus is at the answer");

    // Past everything that comes first, and out again.
    await page.evaluate(() => document.activeElement.blur());
    await keys.press("Control+Home");
    await tabTo(page, "#leave", assert);
    await keys.press("Enter");
    await page.waitForFunction(() => document.activeElement?.id === "token");
    await page.reload();
    await page.waitForFunction(() => document.activeElement?.id === "token");
    await keys.press("Shift+Tab");
    assert.ok(await page.evaluate(() => document.activeElement?.matches(".skip")), "the first stop is the link past the head");
    const [top, bottom] = await page.evaluate(() => {
      const { top, bottom } = document.activeElement.getBoundingClientRect();
      return [top, bottom];
    });
    assert.ok(top >= 0 && bottom > 0, "it is seen when it has the focus");
    await keys.press("Enter");
    assert.ok(await page.evaluate(() => document.activeElement?.id === "main"));
    await expectQuiet(opened);
    await opened.context.close();
  },

  /** A small telephone, in the dark. */
  async narrow({ open, expectQuiet, told, assert }) {
    const opened = await open({ viewport: { width: 360, height: 640 }, colorScheme: "dark" });
    const { page } = opened;
    await page.goto(`${told.operator}/page`);
    await page.locator("#door").waitFor();
    assert.deepEqual(await overflows(page), [], "the door");
    await accessible(page, assert, "door, dark");
    await enter(page, told);
    await page.locator("#rows tr.refused").first().waitFor();
    assert.deepEqual(await overflows(page), [], "live");
    const light = (text) => text.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
    const [ground, ink] = await page.evaluate(() => [getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).color]);
    assert.ok(light(ground) < 120 && light(ink) > 600, `dark: ${ink} on ${ground}`);
    const [heads, cells] = [page.getByRole("columnheader"), page.getByRole("row").nth(1).getByRole("cell")];
    assert.deepEqual([await heads.count(), await cells.count()], [9, 9], "it is a table still, for whoever hears it");
    await page.getByRole("button", { name: "Pause" }).click();
    await accessible(page, assert, "live, dark");
    for (const { what, expected, step, ...asked } of told.objects) {
      await inspect(page, asked);
      assert.deepEqual(await overflows(page), [], what);
      await accessible(page, assert, `${what}, dark`);
    }
    await expectQuiet(opened);
    await opened.context.close();
  },

  /** The policy holds: nothing else is loaded or run, whatever gets into the page. */
  async policy({ open, told, assert }) {
    const opened = await open();
    const { page, noted } = opened;
    const answer = await page.goto(`${told.operator}/page`);
    await enter(page, told);
    const policy = (await answer.allHeaders())["content-security-policy"];
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"]) {
      assert.ok(policy.split("; ").includes(part), part);
    }
    const elsewhere = told.elsewhere;
    const attempts = await page.evaluate(async (url) => {
      const attempt = async (act) => {
        try {
          await act();
          return "done";
        } catch (error) {
          return error.name;
        }
      };
      const markup = await attempt(() => {
        document.body.insertAdjacentHTML("beforeend", "<b>markup</b>");
      });
      // Later, when the debugger that asks for this has its say no more.
      const code = await new Promise((resolve) => {
        setTimeout(() => resolve(attempt(() => eval("window.pwned = 1"))), 50);
      });
      const fetched = await attempt(() => fetch(url, { mode: "no-cors" }));
      const script = document.createElement("script");
      script.append("window.pwned = 2");
      await attempt(() => document.body.append(script));
      const image = document.createElement("img");
      image.src = `${url}/image`;
      document.body.append(image);
      const frame = document.createElement("iframe");
      frame.src = url;
      document.body.append(frame);
      const style = document.createElement("style");
      style.append("body { display: none }");
      document.head.append(style);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return { markup, code, fetched, display: getComputedStyle(document.body).display, pwned: window.pwned };
    }, elsewhere);
    assert.notEqual(attempts.markup, "done", "no markup from text");
    assert.notEqual(attempts.code, "done", "no code from text");
    assert.notEqual(attempts.fetched, "done", "nobody else is asked");
    assert.equal(attempts.pwned, undefined);
    assert.equal(attempts.display, "block", "no style in the page");
    const violations = new Set(await page.evaluate(() => window.violations));
    for (const directive of ["connect-src", "img-src", "frame-src", "style-src-elem", "require-trusted-types-for"]) {
      assert.ok(violations.has(directive), `${directive} in ${[...violations]}`);
    }
    assert.ok(noted.asked.length > 0);
    await opened.context.close();
  },

  /** Pictures: two for the documentation, and with a directory for them all others, for whoever changes the page. */
  async pictures({ open, told }) {
    const shots = [
      ["light", { colorScheme: "light", viewport: { width: 1060, height: 780 } }],
      ["dark", { colorScheme: "dark", viewport: { width: 1060, height: 780 } }],
      ["narrow", { colorScheme: "dark", viewport: { width: 360, height: 640 } }],
    ];
    for (const [name, options] of shots.slice(0, told.all ? shots.length : 1)) {
      const { context, page } = await open(options);
      const shoot = (what, more = {}) => page.screenshot({ path: `${told.out}/page-${what}${name === "light" ? "" : `-${name}`}.png`, ...more });
      await enter(page, told);
      await page.waitForTimeout(told.seconds * 1000);
      await page.getByRole("button", { name: "Pause" }).click();
      await shoot("live", name === "narrow" ? { fullPage: true, clip: { x: 0, y: 0, width: 360, height: 2400 } } : {});
      for (const { picture, expected, what, step, ...asked } of told.objects.filter((object) => object.picture === "inspector" || (told.all && "picture" in object))) {
        await inspect(page, asked);
        await page.locator("article.answer").first().evaluate((answer) => answer.scrollIntoView());
        await shoot(picture);
      }
      if (told.all) {
        await page.evaluate(() => scrollTo(0, 0));
        await shoot("question");
      }
      await context.close();
    }
  },
};
