// The platform, played with wechat-crypto (its signature and cipher) and xml2js (its users' parser).
//
// The exchange is the one of peer.py: a handshake, then texts, an image and a follow, each answer compared with what
// the default bot `echo` must say. By hand: NODE_PATH=…/node_modules node interop/wechat_crypto_peer.js --url … --mode …

const { createHash } = require("node:crypto");
const { parseArgs } = require("node:util");
const WXBizMsgCrypt = require("wechat-crypto");
const { parseStringPromise } = require("xml2js");
const TEXTS = require("./texts.json");

const ACCOUNT = "gh_0123456789ab";
const WELCOME = "Hi~ 终于等到你";
// AES works on 16 bytes, the platform pads to 32: every remainder must be met.
const BLOCK = 32;
// The platform allows a text 2048 bytes; the last word and the filler may still come on top of this.
const LONGEST_TEXT = 1950;

const text = (value) => ({ type: "string", default: value });
const { values: options } = parseArgs({
  options: {
    url: text(), mode: text("safe"), token: text(), "app-id": text(""), "aes-key": text(""),
    messages: text("200"), seed: text(String(Date.now())),
  },
});
const title = `wechat-crypto ${require("wechat-crypto/package.json").version}, ${options.mode} mode, seed ${options.seed}`;
// The library wants a key and an id also where only its signature is used.
const library = new WXBizMsgCrypt(options.token, options["aes-key"] || "a".repeat(43), options["app-id"] || "wx");
const chance = generator(title);

exchange().then(
  (checked) => console.log(`${title}: handshake, ${checked} texts, image, follow: all answered as expected`),
  (error) => {
    console.error(`${title}: ${error.mismatch ?? `no answer from ${options.url}: ${error.stack} ${error.cause ?? ""}`}`);
    process.exitCode = 1;
  },
);

// The whole conversation. Returns the number of texts checked.
async function exchange() {
  const wanted = Number(options.messages);
  const follower = "o" + Array.from({ length: 27 }, () => chance(36).toString(36)).join("");
  const msgId = 10_000_000_000_000_000n + BigInt(chance(2 ** 32)) * 1_000_000n;
  const fromFollower = { ToUserName: ACCOUNT, FromUserName: follower, CreateTime: now() };

  await handshake(String(10n ** 18n + BigInt(chance(2 ** 32))));
  await handshake("any text+/=&%<echostr>回音");

  let checked = 0;
  const remainders = new Set();
  for (let number = 0; number < wanted; number++) {
    const message = { ...fromFollower, MsgType: "text", Content: randomText(), MsgId: msgId + BigInt(number) };
    message.Content += "x".repeat((BLOCK + ((number - bufferLength(message)) % BLOCK)) % BLOCK);
    remainders.add(bufferLength(message) % BLOCK);
    compare(message, await push(message), { MsgType: "text", Content: message.Content });
    checked++;
  }

  const image = { ...fromFollower, MsgType: "image", PicUrl: "http://mmbiz.qpic.cn/mmbiz_jpg/a/0?wx_fmt=jpeg&tp=1",
    MediaId: "b-J_7t<&>8", MsgId: msgId + BigInt(wanted) };
  compare(image, await push(image), { MsgType: "image", MediaId: image.MediaId });

  const follow = { ...fromFollower, MsgType: "event", Event: "subscribe", EventKey: "" };
  const answer = await push(follow);
  compare(follow, answer, { MsgType: "text" });
  if (!answer.Content.includes(WELCOME)) mismatch(follow, "Content", `a text with ${WELCOME}`, answer.Content);

  if (checked === 0) mismatch("the run", "texts", "some", "none");
  if (options.mode !== "plain" && checked >= BLOCK && remainders.size !== BLOCK)
    mismatch("the run", "lengths around a block border", BLOCK, remainders.size);
  return checked;
}

async function handshake(echostr) {
  const { status, body } = await send("GET", { ...signed(), echostr });
  if (status !== 200 || body !== echostr) mismatch("the handshake", "answer", [200, echostr], [status, body]);
}

// Pushes one message and returns the reply, decrypted and parsed.
async function push(message) {
  const query = { ...signed(), openid: message.FromUserName };
  let body = document(message);
  if (options.mode !== "plain") {
    const encrypt = library.encrypt(body);
    query.encrypt_type = "aes";
    query.msg_signature = library.getSignature(query.timestamp, query.nonce, encrypt);
    const clear = options.mode === "compatible" ? message : { ToUserName: message.ToUserName };
    body = document({ ...clear, Encrypt: encrypt });
  }
  const answer = await send("POST", query, body);
  if (answer.status !== 200) mismatch(message, "status", 200, answer.status);
  const reply = await read(options.mode === "plain" ? answer.body : await open(message, answer.body));
  return { ...reply, ...reply.Image };
}

async function open(message, body) {
  const envelope = await read(body);
  if (!envelope.Encrypt) mismatch(message, "reply", "an encrypted one", body);
  const signature = library.getSignature(envelope.TimeStamp, envelope.Nonce, envelope.Encrypt);
  if (envelope.MsgSignature !== signature) mismatch(message, "MsgSignature", signature, envelope.MsgSignature);
  const opened = library.decrypt(envelope.Encrypt);
  if (opened.id !== options["app-id"]) mismatch(message, "AppID in the reply", options["app-id"], opened.id);
  return opened.message;
}

async function read(xml) {
  try {
    return (await parseStringPromise(xml, { explicitArray: false }))?.xml ?? {};
  } catch (error) {
    mismatch("a reply", "XML", "one that xml2js can read", `${error.message} in ${xml}`);
  }
}

function signed() {
  const timestamp = String(now());
  const nonce = String(chance(2 ** 30));
  // With an empty ciphertext the library's signature is the one of the query.
  return { signature: library.getSignature(timestamp, nonce, ""), timestamp, nonce };
}

async function send(method, query, body) {
  const headers = body ? { "Content-Type": "text/xml", "User-Agent": "Mozilla/4.0" } : {};
  const url = `${options.url}?${new URLSearchParams(query)}`;
  const response = await fetch(url, { method, headers, body, redirect: "manual", signal: AbortSignal.timeout(10_000) });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()).toString() };
}

// XML as the platform writes it: numbers bare, texts in CDATA.
function document(children) {
  const element = ([name, value]) => `<${name}>${typeof value === "string" ? cdata(value) : value}</${name}>`;
  return `<xml>${Object.entries(children).map(element).join("")}</xml>`;
}

function cdata(value) {
  return `<![CDATA[${value.split("]]>").join("]]]]><![CDATA[>")}]]>`;
}

function bufferLength(message) {
  return 20 + Buffer.byteLength(document(message)) + options["app-id"].length;
}

// A text of 1 to some 2000 bytes, most of them short, with neither end in white space.
function randomText() {
  const size = LONGEST_TEXT ** (chance(2 ** 32) / 2 ** 32);
  const pick = (list) => list[chance(list.length)];
  let result = "";
  while (Buffer.byteLength(result) < size) {
    const [first, last] = pick(TEXTS.ranges);
    result += chance(10) < 7 ? pick(TEXTS.words) : String.fromCodePoint(first + chance(last - first + 1));
  }
  return result.trim() || "回音";
}

// Whole numbers below a limit, the same ones for the same seed.
function generator(seed) {
  let drawn = 0;
  return (below) => createHash("sha1").update(`${seed} ${drawn++}`).digest().readUInt32BE() % below;
}

// The reply goes back to the follower, from the account, and says what is expected.
function compare(message, answer, expected) {
  const swapped = { ToUserName: message.FromUserName, FromUserName: message.ToUserName };
  for (const [name, value] of Object.entries({ ...swapped, ...expected }))
    if (answer[name] !== value) mismatch(message, name, value, answer[name]);
}

// Throws an answer that is not what it must be, told so that the difference can be seen.
function mismatch(message, name, expected, found) {
  const show = (value) => JSON.stringify(value);
  const what = typeof message === "string" ? message : `${message.MsgType} ${message.MsgId ?? message.Event}`;
  const lines = [`${what}: \`${name}\` is not what it must be`, `  expected: ${show(expected)}`, `  found:    ${show(found)}`];
  if (typeof expected === "string" && typeof found === "string") {
    let same = 0;
    while (same < expected.length && expected[same] === found[same]) same++;
    const part = (value) => show(value.slice(same, same + 20));
    if (same > 0) lines.push(`  from character ${same}: ${part(expected)} became ${part(found)}`);
  }
  if (typeof message === "object") lines.push(`  pushed:   ${show(document(message))}`);
  throw Object.assign(new Error(lines[0]), { mismatch: lines.join("\n") });
}

function now() {
  return Math.floor(Date.now() / 1000);
}
