// The live page in a browser: nothing that a model or a follower wrote does anything, and what is written appears.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { after, before, test } = require("node:test");
const { chromium } = require("playwright-core");
const { start } = require("./server.js");

const VECTORS = JSON.parse(fs.readFileSync(path.join(__dirname, "vectors.json"), "utf8"));
const SAMPLE = fs.readFileSync(path.join(__dirname, "sample.md"), "utf8");
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
// More than fits into a message, so that a page is given at once.
const LONG = "字".repeat(700) + "\n\n";

const ELEMENTS = new Set(
  "A ARTICLE BLOCKQUOTE BR CODE DEL DIV EM H2 H3 H4 H5 H6 HR LI OL P PRE SPAN STRONG TABLE TBODY TD TH THEAD TR UL".split(" "),
);
const ATTRIBUTES = new Set(["class", "data-at", "data-language", "href", "id", "rel", "start", "tabindex"]);

let server;
let browser;

before(async () => {
  if (process.env.SCREENSHOTS) fs.mkdirSync(process.env.SCREENSHOTS, { recursive: true });
  server = await start();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

// A tab that notes whatever a page must not do.
async function tab(options = PHONE) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const faults = [];
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("pageerror", (error) => faults.push(`error: ${error}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("popup", (popup) => faults.push(`popup: ${popup.url()}`));
  await context.route("**/*", (route) => {
    if (route.request().url().startsWith(`${server.origin}/`)) return route.continue();
    faults.push(`request: ${route.request().url()}`);
    return route.abort();
  });
  await context.exposeBinding("noteViolation", (_, violation) => faults.push(`policy: ${violation}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      window.noteViolation(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  return { context, page, faults };
}

// What stands in the answer, in the page's own words.
function inspect(page) {
  return page.evaluate(() => {
    const elements = [...document.querySelectorAll("#answer, #answer *")];
    for (const element of elements) {
      for (const name of ["mouseover", "focus", "toggle", "animationstart"]) {
        element.dispatchEvent(new Event(name, { bubbles: true }));
      }
    }
    return {
      elements: elements.map((element) => element.nodeName),
      attributes: elements.flatMap((element) => element.getAttributeNames()),
      links: [...document.querySelectorAll("#answer a")].map((link) => link.href),
      relations: [...document.querySelectorAll("#answer a")].map((link) => link.rel),
      scripts: [...document.scripts].map((script) => script.src),
      ids: ["answer", "settled", "last", "state"].map((id) => document.querySelectorAll(`#${id}`).length),
      text: document.getElementById("answer").innerText,
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    };
  });
}

function assertHarmless(vector, found, faults) {
  const told = JSON.stringify(vector);
  assert.deepEqual(faults, [], told);
  for (const element of found.elements) assert.ok(ELEMENTS.has(element), `${element} in ${told}`);
  for (const attribute of found.attributes) assert.ok(ATTRIBUTES.has(attribute), `${attribute} in ${told}`);
  for (const link of found.links) {
    const url = new URL(link);
    assert.match(url.protocol, /^(https?|mailto):$/, told);
    assert.equal(url.username, "", told);
    assert.notEqual(url.origin, server.origin, `${link} in ${told}`);
  }
  for (const relation of found.relations) assert.equal(relation, "noopener noreferrer nofollow", told);
  assert.equal(found.scripts.length, 1, told);
  assert.ok(found.scripts[0].startsWith(`${server.origin}/assets/live-`), told);
  assert.deepEqual(found.ids, [1, 1, 1, 1], told);
  assert.ok(!found.wide, `wider than the phone: ${told}`);
}

// Each of `all` in one of a few tabs.
async function inTabs(all, work) {
  const rest = [...all.entries()];
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const opened = await tab();
      while (rest.length > 0) {
        const [place, one] = rest.shift();
        opened.faults.length = 0;
        await work(opened, one, place);
      }
      await opened.context.close();
    }),
  );
}

test("nothing that was written does anything on the page", { timeout: 120_000 }, async () => {
  assert.ok(VECTORS.length >= 80);
  await inTabs(VECTORS, async ({ page, faults }, vector, place) => {
    server.answers.set(`page ${place}`, (response) => response.end(LONG + vector));
    await page.goto(await server.ask(`page ${place}`, `page-${place}`));
    assertHarmless(vector, await inspect(page), faults);
  });
});

test("nothing that was written does anything while it appears", { timeout: 120_000 }, async () => {
  // Several in one answer, but for those that may swallow what follows them: the time of a browser is dear.
  const [alone, together] = [true, false].map((is) => VECTORS.filter((vector) => /```|<[!?]|<(script|style|textarea)/i.test(vector) === is));
  const groups = [...alone];
  while (together.length > 0) groups.push(together.splice(0, 5).join("\n\n"));
  const gates = groups.map((vector, place) => {
    let open;
    const opened = new Promise((resolve) => (open = resolve));
    server.answers.set(`stream ${place}`, async (response) => {
      // In the middle, so that a tag comes in two pieces.
      const middle = Math.ceil(vector.length / 2);
      response.write(`开头。\n\n${vector.slice(0, middle)}`);
      await opened;
      response.end(`${vector.slice(middle)}\n\n结尾。`);
    });
    return open;
  });
  // All at once: each is given a page when it is late.
  const addresses = await Promise.all(groups.map((_, place) => server.ask(`stream ${place}`, `stream-${place}`)));
  await inTabs(addresses, async ({ page, faults }, address, place) => {
    const vector = groups[place];
    await page.goto(address);
    await page.waitForFunction(() => document.getElementById("answer").innerText.includes("开头"));
    assertHarmless(vector, await inspect(page), faults);
    gates[place]();
    await page.waitForSelector("#state:not(.writing)");
    assertHarmless(vector, await inspect(page), faults);
  });
});

test("a page grows, ends, and reads the same when it is opened again", { timeout: 60_000 }, async () => {
  const pieces = SAMPLE.match(/[\s\S]{1,40}/g);
  let release;
  server.answers.set("grows", async (response) => {
    response.write(pieces[0]);
    await new Promise((resolve) => (release = resolve));
    for (const piece of pieces.slice(1)) {
      response.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.write("\n\n## 最后");
    await new Promise((resolve) => (release = resolve));
    response.end("一句。");
  });
  const address = await server.ask("grows", "o-grows");
  const { context, page, faults } = await tab();
  await page.goto(address);
  assert.equal(await page.textContent("#state"), "正在写…");
  release();
  await page.waitForSelector("#answer table");
  await page.waitForSelector("#answer pre[data-language=rust]");
  release();
  await page.waitForSelector("#state:not(.writing)");
  assert.equal(await page.textContent("#state"), "已写完");
  const grown = await page.innerHTML("#settled");
  await page.reload();
  assert.equal(await page.innerHTML("#settled"), grown);
  assert.match(grown, /<h3>最后一句。<\/h3>$/);
  // It was read here, so `1` is an ordinary text again.
  server.answers.set("1", (response) => response.end(LONG));
  assert.match(await server.ask("1", "o-grows"), /\/a\//);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a long block grows on its page line by line", async () => {
  const lines = Array.from({ length: 300 }, (_, n) => `if (a < ${n} && b) say("第 ${n} 行 😀");\n`);
  const releases = [];
  server.answers.set("code", async (response) => {
    response.write("```js\n");
    for (let n = 0; n < lines.length; n += 100) {
      response.write(lines.slice(n, n + 100).join(""));
      await new Promise((resolve) => releases.push(resolve));
    }
    response.end("```\n");
  });
  const { context, page, faults } = await tab();
  await page.goto(await server.ask("code", "o-code"));
  for (const n of [100, 200, 300]) {
    const code = lines.slice(0, n).join("");
    await page.waitForFunction((code) => document.querySelector("#last pre")?.textContent === code, code);
    releases.shift()();
  }
  await page.waitForSelector("#state.written");
  assert.equal(await page.textContent("#settled pre"), lines.join(""));
  assert.deepEqual(faults, []);
  await context.close();
});

test("a page says that its answer broke off, and again when it is opened again", async () => {
  let release;
  server.answers.set("breaks", async (response) => {
    response.write("第一句。\n\n第二");
    await new Promise((resolve) => (release = resolve));
    response.destroy();
  });
  const address = await server.ask("breaks", "o-breaks");
  const { context, page, faults } = await tab();
  await page.goto(address);
  await page.waitForFunction(() => document.getElementById("answer").innerText.includes("第一句"));
  release();
  await page.waitForSelector("#state.broken-off");
  for (const opened of [1, 2]) {
    assert.equal(await page.textContent("#state"), "中断了，没有写完", `opened ${opened} times`);
    assert.match(await page.innerHTML("#settled"), /<p>第二<\/p><p class="note">回答到这里中断了/);
    if (process.env.SCREENSHOTS) {
      await page.screenshot({ path: path.join(process.env.SCREENSHOTS, "broken-off.png"), fullPage: true });
    }
    await page.reload();
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test("a page can be read without scripts, and reads itself anew while it is written", async () => {
  server.answers.set("plain", (response) => response.end(SAMPLE + "\n\n" + LONG));
  const { context, page, faults } = await tab({ ...PHONE, javaScriptEnabled: false });
  await page.goto(await server.ask("plain", "o-plain"));
  assert.equal(await page.locator("#answer table").count(), 1);
  assert.equal(await page.locator("meta[http-equiv=refresh]").count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a page is as wide as the phone, by day and by night", async () => {
  server.answers.set("如何用 Rust 写一个公众号机器人？", (response) => response.end(SAMPLE + "\n\n" + LONG));
  const address = await server.ask("如何用 Rust 写一个公众号机器人？", "o-looks");
  for (const colorScheme of ["light", "dark"]) {
    const { context, page, faults } = await tab({ ...PHONE, colorScheme });
    await page.goto(address);
    const { wide } = await inspect(page);
    assert.ok(!wide);
    assert.deepEqual(faults, []);
    if (process.env.SCREENSHOTS) {
      await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `live-${colorScheme}.png`), fullPage: true });
      await page.goto(`${server.origin}/a/AAAAAAAAAAAAAAAAAAAAAA`);
      await page.screenshot({ path: path.join(process.env.SCREENSHOTS, `gone-${colorScheme}.png`) });
    }
    await context.close();
  }
});
