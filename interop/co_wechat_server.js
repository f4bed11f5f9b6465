// A server made with co-wechat and koa: the simulated platform pushes to it. By hand: NODE_PATH=…/node_modules node interop/co_wechat_server.js --port …

const { parseArgs } = require("node:util");
const wechat = require("co-wechat");
const Koa = require("koa");

const text = (value) => ({ type: "string", default: value });
const { values: options } = parseArgs({
  options: { port: text(), token: text(), "app-id": text(""), "aes-key": text(""), slow: text("0") },
});
const config = { token: options.token, appid: options["app-id"], encodingAESKey: options["aes-key"] };

async function answer(message) {
  if (message.MsgType === "event" && message.Event === "subscribe") return "Hi~ 终于等到你";
  if (message.MsgType === "image") return { type: "image", content: { mediaId: message.MediaId } };
  if (message.MsgType !== "text") return "";
  if (message.Content === "慢") await new Promise((resolve) => setTimeout(resolve, Number(options.slow) * 1000));
  return message.Content;
}

new Koa().use(wechat(config).middleware(answer)).listen(Number(options.port), "127.0.0.1");
