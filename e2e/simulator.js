// `echostr simulate` without a server of ours, and a small bot of plain Node that it pushes to: the tests decide what the bot does.
"use strict";
const { spawn } = require("node:child_process");
const http = require("node:http");
const path = require("node:path");

const BINARY = process.env.ECHOSTR_BINARY || path.join(__dirname, "../target/debug/echostr");

const of = (document, name) => document.match(new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`, "s"))?.[1] ?? "";
const cdata = (text) => `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
const reply = (document, text) =>
  `<xml><ToUserName>${cdata(of(document, "FromUserName"))}</ToUserName><FromUserName>${cdata(of(document, "ToUserName"))}</FromUserName>` +
  `<CreateTime>1761069226</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>${cdata(text)}</Content></xml>`;

// A bot in plain mode. `answer(push, n)` gives the text of the reply, or `{ raw }`, or a promise of either; `n` counts deliveries.
function bot() {
  const seen = new Map();
  const state = { answer: () => "" };
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, "http://bot");
    if (request.method === "GET") return response.end(url.searchParams.get("echostr"));
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", async () => {
      const key = of(body, "MsgId") || body;
      seen.set(key, (seen.get(key) || 0) + 1);
      const push = { kind: of(body, "Event") || of(body, "MsgType"), text: of(body, "Content"), key: of(body, "EventKey"), body };
      const said = await state.answer(push, seen.get(key));
      response.setHeader("content-type", "text/xml");
      if (said?.raw !== undefined) response.end(said.raw);
      else response.end(said ? reply(body, said) : "success");
    });
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(Object.assign(state, { server, url: `http://127.0.0.1:${server.address().port}/wx` }))),
  );
}

// The simulator, the bot, one account and what a test needs to call.
async function start({ speed = 5 } = {}) {
  const its = await bot();
  const process_ = spawn(
    BINARY,
    ["simulate", "--listen", "127.0.0.1:0", "--url", its.url, "--token", "S1qJ0JoQmYfy", "--speed", String(speed)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const origin = await new Promise((resolve, reject) => {
    let text = "";
    process_.stdout.on("data", (chunk) => {
      text += chunk;
      const found = text.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
    process_.on("exit", (code) => reject(new Error(`echostr simulate ended with ${code}`)));
  });
  async function call(method, address, json) {
    const response = await fetch(origin + address, { method, body: json && JSON.stringify(json) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${address}: ${JSON.stringify(answer)}`);
    return answer;
  }
  const { accounts } = await call("GET", "/sim");
  const account = await call("GET", `/sim/accounts/${accounts[0].app_id}`);
  const { access_token } = await call("GET", `/cgi-bin/token?grant_type=client_credential&appid=${account.app_id}&secret=${account.app_secret}`);
  return {
    origin,
    bot: its,
    account,
    call,
    api: (address, json) => call("POST", `${address}?access_token=${access_token}`, json),
    // A new person; the address of their phone, and of them in the control API.
    async follower(name, { follows = true } = {}) {
      const { open_id } = await call("POST", `/sim/accounts/${account.app_id}/followers`, { name });
      const person = `/sim/accounts/${account.app_id}/followers/${open_id}`;
      if (follows) await call("POST", `${person}/act?wait=1`, "follow");
      return { open_id, word: `${account.app_id}.${open_id}`, page: `${origin}/?p=${account.app_id}.${open_id}`, act: (action) => call("POST", `${person}/act?wait=1`, action) };
    },
    async stop() {
      process_.removeAllListeners("exit");
      process_.kill("SIGTERM");
      await new Promise((resolve) => process_.on("exit", resolve));
      its.server.closeAllConnections();
      its.server.close();
    },
  };
}

module.exports = { start };
