// A running server with one account, the owner's program behind it, and the platform in front of it.
"use strict";
const { spawn } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { once } = require("node:events");

const TOKEN = "S1qJ0JoQmYfy";
const SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

// The owner's program: `answers` has a function for each question, which gets the response to write to.
async function program() {
  const answers = new Map();
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      const question = JSON.parse(body).data.content;
      response.setHeader("Content-Type", "text/markdown; charset=utf-8");
      answers.get(question)(response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { answers, server, url: `http://127.0.0.1:${server.address().port}/` };
}

async function freePort() {
  const listener = net.createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}

async function start(language = "zh") {
  const owner = await program();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "echostr-e2e-"));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  fs.writeFileSync(
    path.join(folder, "echostr.toml"),
    `listen = "127.0.0.1:${port}"
public_url = "${origin}"
[[account]]
id = "shop"
name = "雯子的小店"
token = "${TOKEN}"
language = "${language}"
delivery = "link"
bot = { kind = "http", url = "${owner.url}", secret = "${SECRET}" }
`,
  );
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("ECHOSTR_")),
  );
  const child = spawn(process.env.ECHOSTR_BINARY, ["serve"], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (piece) => (log += piece));
  for (let tries = 0; ; tries += 1) {
    try {
      if ((await fetch(`${origin}/readyz`)).ok) break;
    } catch {
      // It does not listen yet.
    }
    if (child.exitCode !== null || tries > 400) {
      owner.server.close();
      throw new Error(`the server does not start:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  let n = 0;
  return {
    origin,
    answers: owner.answers,
    log: () => log,
    // Sends a question as this follower and reads the address of the page in the reply.
    async ask(question, follower = "o1") {
      n += 1;
      const timestamp = Math.floor(Date.now() / 1000);
      const nonce = String(n);
      const signature = createHash("sha1")
        .update([TOKEN, String(timestamp), nonce].sort().join(""))
        .digest("hex");
      const answer = await fetch(
        `${origin}/mp/shop?signature=${signature}&timestamp=${timestamp}&nonce=${nonce}`,
        {
          method: "POST",
          body: `<xml><ToUserName>gh_e8df390a377e</ToUserName><FromUserName>${follower}</FromUserName><CreateTime>${timestamp}</CreateTime><MsgType>text</MsgType><Content><![CDATA[${question}]]></Content><MsgId>${n}</MsgId></xml>`,
        },
      );
      const text = await answer.text();
      const page = text.match(/<a href="(http:[^"]*\/a\/[\w-]{22})">/);
      if (!page) throw new Error(`no page in the reply: ${text}\n${log}`);
      return page[1];
    },
    async stop() {
      child.kill();
      owner.server.closeAllConnections();
      owner.server.close();
      if (child.exitCode === null) await once(child, "exit");
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

module.exports = { start };
