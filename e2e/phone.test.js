// The phone in a browser: chatting, the menu, late answers and failures, at the width of a phone and of a desk.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const zlib = require("node:zlib");
const { after, before, test } = require("node:test");
const { chromium } = require("playwright-core");
const { start } = require("./simulator.js");

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const DESK = { viewport: { width: 1280, height: 860 }, deviceScaleFactor: 1 };
const SHOTS = process.env.SCREENSHOTS || path.join(__dirname, "../target/e2e/screenshots");
const HOSTILE =
  `<script>document.title="bad"</script><img src=x onerror=alert(1)> <a href="javascript:alert(1)">点我</a> ]]> ` +
  `<a href="https://example.com/" onclick="alert(1)">正常</a> <a href="weixin://dl/business">别的</a> {{7*7}} &lt;b&gt;`;
const BUTTONS = [
  { type: "click", name: "今日菜谱", key: "today" },
  { name: "更多", sub_button: [{ type: "view", name: "官网", url: "http://127.0.0.1:9/" }, { type: "click", name: "赞一下我们", key: "good" }, { type: "scancode_waitmsg", name: "扫码", key: "scan" }] },
  { name: "发给我们", sub_button: [{ type: "pic_sysphoto", name: "拍照", key: "photo" }, { type: "location_select", name: "发送位置", key: "where" }] },
];

let simulator;
let browser;

before(async () => {
  fs.mkdirSync(SHOTS, { recursive: true });
  simulator = await start({ speed: 5 });
  simulator.bot.answer = answer;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
});

after(async () => {
  await browser?.close();
  await simulator?.stop();
});

const never = new Promise(() => {});
function answer({ kind, text, key }, n) {
  if (kind === "subscribe") return `Hi~ 终于等到你 /::)\n\n<a href="weixin://bizmsgmenu?msgmenucontent=怎么用&msgmenuid=7">怎么用？</a>\n<a href="https://example.com/help?a=1&b=2">看看帮助</a>`;
  if (kind === "CLICK") return `点了 ${key}`;
  if (kind === "scancode_waitmsg") return "扫到了";
  if (kind !== "text") return "";
  if (text === "慢") return n < 3 ? never : "想了很久的回答";
  if (text === "太慢") return never;
  if (text === "空") return { raw: "" };
  if (text === "坏") return { raw: '{"text":"不是 XML"}' };
  if (text === "敌意") return HOSTILE;
  return `你说：${text}`;
}

// A tab that notes whatever a page must not do.
async function tab(options, { language = "zh-CN" } = {}) {
  const context = await browser.newContext({ ...options, locale: language });
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
  await context.route("**/*", (route) => {
    if (route.request().url().startsWith(`${simulator.origin}/`)) return route.continue();
    faults.push(`request: ${route.request().url()}`);
    return route.abort();
  });
  await context.exposeBinding("noteViolation", (_, violation) => faults.push(`policy: ${violation}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => window.noteViolation(`${event.violatedDirective} ${event.blockedURI}`));
  });
  const shot = (name) => page.screenshot({ path: path.join(SHOTS, `phone-${name}.png`) });
  return { context, page, faults, shot };
}

const write = async (page, text) => {
  await page.locator(".say textarea").first().fill(text);
  await page.keyboard.press("Enter");
};
const theirs = (page, text) => page.locator(".theirs .words", { hasText: text });

test("who writes reads the answer, and who does not follow sees only how to", async () => {
  const ming = await simulator.follower("小明", { follows: false });
  const { context, page, faults, shot } = await tab(PHONE);
  await page.goto(ming.page);
  assert.ok(!(await page.locator(".say").isVisible()));
  await shot("follow");
  await page.getByRole("button", { name: "关注公众号" }).click();
  await theirs(page, "终于等到你 🙂").waitFor();
  await write(page, "你好，<b>粗</b>");
  await theirs(page, "你说：你好，<b>粗</b>").waitFor();
  assert.equal(await page.locator(".entries b").count(), 0);
  await page.getByRole("button", { name: "怎么用？" }).click();
  await theirs(page, "你说：怎么用").waitFor();
  const { exchanges } = await simulator.call("GET", `/sim/exchanges?follower=${ming.open_id}`);
  assert.match(exchanges.at(-1).document, /<bizmsgmenuid><!\[CDATA\[7\]\]><\/bizmsgmenuid>/);
  await shot("chat");
  await page.getByRole("button", { name: "更多", exact: true }).click();
  await page.getByRole("button", { name: "取消关注" }).click();
  await page.getByRole("button", { name: "关注公众号" }).waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("everything that a phone can send is sent and seen", async () => {
  const ming = await simulator.follower("小明");
  const { context, page, faults, shot } = await tab(PHONE);
  await page.goto(ming.page);
  const plus = async (name) => {
    await page.getByRole("button", { name: "更多功能" }).click();
    await page.locator(".things").getByRole("button", { name, exact: true }).click();
  };
  await page.getByRole("button", { name: "更多功能" }).click();
  await shot("plus");
  await page.keyboard.press("Escape");
  assert.ok(!(await page.locator(".things").isVisible()));
  for (const [name, seen] of [["图片", ".mine .picture img"], ["语音", ".mine .voice"], ["视频", ".mine .video"], ["文件", ".mine .file"]]) {
    await plus(name);
    await page.getByRole("button", { name: "发送示例文件" }).click();
    await page.locator(seen).waitFor();
  }
  await plus("位置");
  await page.locator("#ask-place").getByRole("button", { name: "发送" }).click();
  await page.locator(".mine .place").waitFor();
  await plus("链接");
  await page.locator("#ask-link").getByRole("button", { name: "发送" }).click();
  await page.locator(".mine .link").waitFor();
  await plus("动画表情");
  await page.locator(".mine .sticker").waitFor();
  assert.ok(await page.locator(".mine .picture img").evaluate((image) => image.decode().then(() => image.naturalWidth > 0)));
  const { exchanges } = await simulator.call("GET", `/sim/exchanges?follower=${ming.open_id}`);
  const kinds = exchanges.filter((exchange) => exchange.kind === "push").map((exchange) => exchange.document.match(/<MsgType><!\[CDATA\[(.*?)\]/)[1]);
  assert.deepEqual(kinds, ["event", "image", "voice", "video", "file", "location", "link", "text"]);
  await shot("sent");
  assert.deepEqual(faults, []);
  await context.close();
});

test("the menu opens its sub-menus, and its buttons do what they say", async () => {
  await simulator.api("/cgi-bin/menu/create", { button: BUTTONS });
  const ming = await simulator.follower("小明");
  const { context, page, faults, shot } = await tab(PHONE);
  await page.goto(ming.page);
  await page.getByRole("button", { name: "今日菜谱" }).click();
  await theirs(page, "点了 today").waitFor();
  await page.locator(".menubar").getByRole("button", { name: "更多" }).click();
  await shot("menu");
  await page.getByRole("button", { name: "赞一下我们" }).click();
  await theirs(page, "点了 good").waitFor();
  assert.ok(!(await page.locator(".sub").first().isVisible()));
  await page.locator(".menubar").getByRole("button", { name: "更多" }).click();
  await page.getByRole("button", { name: "扫码", exact: true }).click();
  await page.locator("#ask-scan input").fill("任何文字");
  await page.locator("#ask-scan").getByRole("button", { name: "扫描" }).click();
  await theirs(page, "扫到了").waitFor();
  await page.getByRole("button", { name: "发给我们" }).click();
  await page.getByRole("button", { name: "拍照" }).click();
  await page.getByRole("button", { name: "发送示例文件" }).click();
  await page.locator(".mine .picture img").waitFor();
  await page.getByRole("button", { name: "键盘" }).click();
  assert.ok(await page.locator(".say textarea").isVisible());
  assert.deepEqual(faults, []);
  await context.close();
});

test("a late answer comes with the third delivery, and the time line shows why", { timeout: 60_000 }, async () => {
  const ming = await simulator.follower("小明");
  const { context, page, faults, shot } = await tab(DESK);
  await page.goto(ming.page);
  await page.getByRole("button", { name: "键盘" }).click();
  await write(page, "慢");
  await page.locator(".bar.running").waitFor();
  const width = () => page.locator(".bar.running").first().evaluate((bar) => bar.getBoundingClientRect().width);
  const [first] = [await width()];
  await page.waitForFunction((first) => document.querySelector(".bar.running")?.getBoundingClientRect().width > first + 5, first);
  await shot("held");
  await theirs(page, "想了很久的回答").waitFor();
  const record = page.locator(".record", { hasText: "慢" }).first();
  assert.equal(await record.locator(".bar").count(), 3);
  assert.equal(await record.locator(".bar.late").count(), 2);
  await record.locator("summary").click();
  await record.getByText("回复在第 3 次投递里到达").waitFor();
  assert.match(await record.locator(".detail").innerText(), /POST \/wx\?signature=/);
  await shot("late");
  assert.deepEqual(faults, []);
  await context.close();
});

test("a failure is told with its cause, and the cause leads to the exchange", { timeout: 60_000 }, async () => {
  const ming = await simulator.follower("小明");
  const { context, page, faults, shot } = await tab(DESK);
  await page.goto(ming.page);
  await page.getByRole("button", { name: "键盘" }).click();
  await write(page, "坏");
  await page.locator(".notice", { hasText: "该公众号提供的服务出现故障，请稍后再试" }).waitFor();
  await page.locator(".why").click();
  const record = page.locator(".record[open]");
  await record.getByText("被动回复必须是 XML").waitFor();
  await write(page, "太慢");
  await page.locator(".why", { hasText: "投递 3 次" }).waitFor();
  await write(page, "空");
  await page.locator(".record", { hasText: "空" }).locator(".end", { hasText: "success" }).waitFor();
  await shot("failure");
  assert.deepEqual(faults, []);
  await context.close();
});

test("what comes while somebody else is looked at is counted, and read when it is seen", async () => {
  const [ming, hong] = [await simulator.follower("小明"), await simulator.follower("小红")];
  await hong.act({ say: "在吗" });
  const { context, page, faults, shot } = await tab(DESK);
  await page.goto(hong.page);
  await page.waitForFunction((word) => !document.querySelector(`[id="row-${word}"] .unread`), hong.word);
  await page.goto(ming.page);
  await simulator.api("/cgi-bin/message/custom/send", { touser: hong.open_id, msgtype: "text", text: { content: "后来的消息" } });
  const row = page.locator(`[id="row-${hong.word}"]`);
  await row.locator(".unread", { hasText: "1" }).waitFor();
  await page.waitForFunction(() => /^\(\d+\)/.test(document.title));
  await shot("unread");
  await row.hover();
  await row.locator(".beside").click();
  await theirs(page, "后来的消息").waitFor();
  await row.locator(".unread").waitFor({ state: "detached" });
  assert.equal(await page.locator(".phone").count(), 2);
  await simulator.api("/cgi-bin/message/custom/typing", { touser: hong.open_id, command: "Typing" });
  await page.locator(".is-typing").waitFor();
  await shot("two");
  assert.deepEqual(faults, []);
  await context.close();
});

test("what is written stays: under a list that changes, and when the simulator refuses it", async () => {
  const [ming, hong] = [await simulator.follower("小明"), await simulator.follower("小红")];
  const { context, page, faults } = await tab(DESK);
  await page.goto(ming.page);
  const field = page.locator(".group form.add input").first();
  await field.fill("小");
  const same = await field.elementHandle();
  await hong.act({ say: "在吗" });
  await page.locator(`[id="row-${hong.word}"]`, { hasText: "你说：在吗" }).waitFor();
  await simulator.follower("小刚");
  await page.locator(".conversation", { hasText: "小刚" }).first().waitFor();
  assert.ok(await same.evaluate((input) => input.isConnected && input === document.activeElement && input.value === "小"));
  await context.route("**/act", (route) => route.fulfill({ status: 500, json: { error: "不行" } }));
  await page.getByRole("button", { name: "键盘" }).click();
  await write(page, "别丢");
  await page.locator("#tell", { hasText: "不行" }).waitFor();
  assert.equal(await page.locator(".say textarea").inputValue(), "别丢");
  assert.deepEqual(faults.filter((fault) => !fault.includes("500")), []);
  await context.close();
});

test("events that are refused are asked for again, and it is said meanwhile", async () => {
  const ming = await simulator.follower("小明");
  const { context, page } = await tab(DESK);
  await context.route("**/phone/events?**", (route) => route.fulfill({ status: 503 }), { times: 1 });
  await page.goto(ming.page);
  await page.locator("#gone").waitFor();
  await page.locator("#gone").waitFor({ state: "hidden" });
  await ming.act({ say: "又好了" });
  await theirs(page, "你说：又好了").waitFor();
  await context.close();
});

test("nothing that was written does anything", async () => {
  const ming = await simulator.follower('<img src=x onerror="alert(1)">');
  const { context, page, faults } = await tab(DESK);
  await page.goto(ming.page);
  await page.getByRole("button", { name: "键盘" }).click();
  await write(page, "敌意");
  const entry = theirs(page, "点我");
  await entry.waitFor();
  const title = await page.title();
  assert.match(title, /回音模拟器/);
  const found = await entry.evaluate((words) => ({
    elements: [...words.querySelectorAll("*")].map((element) => element.nodeName),
    links: [...words.querySelectorAll("a")].map((link) => link.getAttribute("href")),
    text: words.innerText,
  }));
  assert.deepEqual(found.elements, ["A"]);
  assert.deepEqual(found.links, ["https://example.com/"]);
  for (const text of ['<script>document.title="bad"</script>', "javascript:alert(1)", "]]>", "{{7*7}}", "&lt;b&gt;"]) {
    assert.ok(found.text.includes(text), `${text} in ${found.text}`);
  }
  await page.locator(".record", { hasText: "敌意" }).locator("summary").click();
  await page.locator(".record[open] pre").first().waitFor();
  assert.equal(await page.locator("pre *").count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});

test("the page speaks English, and remembers it", async () => {
  const ming = await simulator.follower("小明");
  await ming.act({ say: "坏" });
  for (const [name, size] of [["390", PHONE], ["1280", DESK]]) {
    const { context, page, faults, shot } = await tab(size);
    await page.goto(ming.page);
    if (size === PHONE) await page.getByRole("button", { name: "返回" }).first().click();
    await shot(`list-zh-${name}`);
    await page.getByRole("link", { name: "English" }).click();
    await page.getByText("The reply is JSON").first().waitFor({ state: "attached" });
    await page.goto(ming.page);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await shot(`en-${name}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    assert.ok(!wide, `wider than ${name}`);
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test("the settings of the account are shown, and 提交 says what is wrong", async () => {
  const ming = await simulator.follower("小明");
  const { context, page, faults, shot } = await tab(DESK);
  await page.goto(ming.page);
  await page.getByRole("tab", { name: "公众号" }).click();
  const form = page.locator("form[data-then=handshake]");
  await form.getByRole("button", { name: "提交" }).click();
  await form.locator("output.good").waitFor();
  await form.locator("[name=url]").fill("http://127.0.0.1:9/wx");
  await form.getByRole("button", { name: "提交" }).click();
  await form.locator("output.bad", { hasText: "连接被拒绝" }).waitFor();
  await page.locator("[name=rule]").fill("fail 40001 on message/custom/send for 10 %");
  await page.keyboard.press("Enter");
  await page.locator(".faults li").waitFor();
  await shot("account");
  await page.locator(".faults button").click();
  await page.locator(".faults li").waitFor({ state: "detached" });
  assert.deepEqual(faults, []);
  await context.close();
});

test("the page with all that belongs to it takes at most 300 kB", async () => {
  const page = await fetch(`${simulator.origin}/`);
  const html = await page.text();
  const assets = [...html.matchAll(/\/phone\/assets\/[^"]+/g)].map(([address]) => address);
  assert.equal(assets.length, 3);
  const folder = path.posix.dirname(assets[2]);
  assets.push(...["page.js", "panel.js", "ask.js"].map((name) => `${folder}/${name}`));
  let bytes = zlib.gzipSync(html).length;
  for (const address of assets) {
    const response = await fetch(simulator.origin + address, { headers: { "accept-encoding": "gzip" } });
    assert.equal(response.headers.get("content-encoding"), "gzip", address);
    assert.match(response.headers.get("cache-control"), /immutable/);
    bytes += zlib.gzipSync(Buffer.from(await response.arrayBuffer())).length;
  }
  assert.ok(bytes < 300_000, `${bytes} bytes`);
});
