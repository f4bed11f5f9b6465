// A bot in Node 18 or newer, without any package. To run it:  SECRET=whsec_… node bot.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = Buffer.from(process.env.SECRET.replace("whsec_", ""), "base64");

function answer(kind, message) {
  if (kind === "message.text") return { text: "你说：" + message.content };
  return { silence: true };
}

function isSigned(headers, body) {
  const [id, sentAt, signatures] = ["id", "timestamp", "signature"].map((name) => headers["webhook-" + name] ?? "");
  const hmac = createHmac("sha256", secret).update(`${id}.${sentAt}.`).update(body);
  const expected = Buffer.from("v1," + hmac.digest("base64"));
  const isRight = (given) => given.length === expected.length && timingSafeEqual(given, expected);
  const given = signatures.split(" ").map((signature) => Buffer.from(signature));
  return given.some(isRight) && Math.abs(Date.now() / 1000 - sentAt) < 300;
}

async function receive(request, response) {
  const body = Buffer.concat(await request.toArray());
  if (!isSigned(request.headers, body)) return response.writeHead(401).end();
  const push = JSON.parse(body);
  const reply = JSON.stringify(await answer(push.type, push.data));
  response.writeHead(200, { "Content-Type": "application/json" }).end(reply);
}

createServer((request, response) => {
  receive(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
}).listen(process.env.PORT ?? 9000, "127.0.0.1");
