// The phone: what a person does goes to the control API, what changes comes back as patches of the page.
import { ask, askCode, askFiles, askPlace } from "./ask.js";
import { all, body, byId, call, made, tell, tellTimes, words } from "./page.js";
import { grow, load, openRecord, record, run, setFolded, submit, tab } from "./panel.js";

// Nothing: it was not done, and they were told.
const act = (phone, action) => call(`POST ${phone.dataset.api}/act`, action).catch((error) => tell("", error.message));

// Which phone is meant when none is touched.
let current = document.querySelector(".phone");
const phoneOf = (element) => element.closest(".phone") || current;

function toEnd(phone) {
  const entries = phone.querySelector(".entries");
  entries.scrollTop = entries.scrollHeight;
}
const isSeen = (phone) => !document.hidden && phone.offsetParent !== null;
function markRead(phone) {
  if (isSeen(phone)) call(`POST ${phone.dataset.api}/read`).catch(() => {});
}
function foot(phone, mode) {
  phone.dataset.foot = mode;
  closeDrawers(phone);
  if (mode === "keyboard") phone.querySelector("textarea").focus();
}
function closeDrawers(within = document) {
  for (const drawer of all(".drawer, .sub", within)) drawer.hidden = true;
  for (const opener of all("[aria-expanded=true]", within)) opener.setAttribute("aria-expanded", "false");
}
function settleMenu(phone) {
  const menu = phone.querySelector(".menubar");
  const has = menu.dataset.n !== "0";
  if (has !== "hasMenu" in phone.dataset) {
    if (has) phone.dataset.hasMenu = "";
    else delete phone.dataset.hasMenu;
    const isWriting = phone.querySelector("textarea").value !== "" || phone.contains(document.activeElement);
    if (!has) phone.dataset.foot = "keyboard";
    else if (!isWriting) phone.dataset.foot = "menu";
  }
}
function settleTitle(title) {
  const ms = Number(title.dataset.typing);
  title.classList.toggle("is-typing", ms > 0);
  if (ms > 0) setTimeout(() => title.classList.remove("is-typing"), ms);
}
// What is seen is read; of the others it is told how many there are.
function settleList() {
  let n = 0;
  for (const badge of all("#list .unread")) {
    const phone = byId(badge.closest("li").id.replace("row-", "phone-"));
    if (!phone) n += Number(badge.textContent);
    else if (isSeen(phone)) {
      badge.remove();
      markRead(phone);
    }
  }
  for (const badge of all(".others")) {
    badge.hidden = n === 0;
    badge.textContent = n;
  }
  document.title = document.title.replace(/^\(\d+\) /, "");
  if (n > 0) document.title = `(${n}) ${document.title}`;
}

// What changes.
function append(entries, html) {
  const isAtEnd = entries.scrollHeight - entries.scrollTop - entries.clientHeight < 80;
  let mine = false;
  for (const entry of made(html)) {
    if (byId(entry.id)) continue;
    tellTimes(entry);
    entries.append(entry);
    mine ||= entry.classList.contains("mine");
    for (const image of all("img", entry)) image.addEventListener("load", () => isAtEnd && toEnd(phoneOf(entries)), { once: true });
  }
  if (isAtEnd || mine) toEnd(phoneOf(entries));
  markRead(phoneOf(entries));
}
function swap(old, fresh) {
  const link = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  tellTimes(fresh);
  old.replaceWith(fresh);
  if (link) all("a", fresh).find((other) => other.getAttribute("href") === link)?.focus();
}
function replace(old, html) {
  const [fresh] = made(html);
  swap(old, fresh);
  if (fresh.matches("h2")) settleTitle(fresh);
  if (fresh.matches(".menubar")) settleMenu(phoneOf(fresh));
}
// An account in the list. Its form stays as it is: somebody may be writing in it.
function group(known, html) {
  const [fresh] = made(html);
  tellTimes(fresh);
  if (known) for (const part of all(":scope > [id]", fresh)) swap(byId(part.id), part);
  else byId("list-groups").append(fresh);
}
// A conversation in the list; where not all of them are shown, it may come in place of another.
function row(known, rows, html) {
  const [fresh] = made(html);
  if (known) return swap(known, fresh);
  tellTimes(fresh);
  rows?.prepend(fresh);
  if (rows?.children.length > 200) all(".conversation:not(.open)", rows).at(-1)?.remove();
}
function patch({ op, to, list, html, name, value }) {
  const element = byId(to);
  if (op === "record") record(to, html);
  else if (op === "group") group(element, html);
  else if (op === "row") row(element, byId(list), html);
  else if (!element) return;
  else if (op === "append") append(element, html);
  else if (op === "replace" && element.outerHTML !== html.trim()) replace(element, html);
  else if (op === "set") element.setAttribute(name, value);
}
function change(patches) {
  patches.forEach(patch);
  if (patches.some(({ op }) => op === "group" || op === "row")) settleList();
}
// The browser asks again when the connection breaks, but not for ever, nor when it is refused.
function watch() {
  const source = new EventSource(words.events);
  source.addEventListener("open", () => (byId("gone").hidden = true));
  source.addEventListener("message", (event) => change(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    byId("gone").hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(watch, 5000);
  });
}

const ACCEPT = { picture: "image/*", voice: "audio/*,.amr", video: "video/*", file: "" };
async function send(phone, what, label) {
  if (what in ACCEPT) {
    for (const file of await askFiles(label, ACCEPT[what])) await act(phone, { [what]: file });
  } else if (what === "location") {
    const place = await askPlace();
    if (place) await act(phone, { location: place });
  } else if (what === "link") {
    const [answer, link] = await ask("ask-link");
    if (answer) await act(phone, { link });
  } else await act(phone, what);
}
async function scan(phone) {
  const code = await askCode(phone);
  if (code) await act(phone, { scan: code });
}
async function tapMenu(phone, { button, kind, mini, path }, label) {
  const tap = { button: button.split(",").map(Number) };
  if (kind.startsWith("scancode")) {
    tap.scanned = await askCode(phone);
    if (!tap.scanned) return;
  } else if (kind.startsWith("pic_")) {
    tap.pictures = await askFiles(label, "image/*");
    if (tap.pictures.length === 0) return;
  } else if (kind === "location_select") {
    tap.place = await askPlace();
    if (!tap.place) return;
  } else if (kind === "miniprogram") tell(words.opens, `${mini} ${path}`);
  await act(phone, { menu: tap });
}
async function more(phone) {
  byId("ask-more").classList.toggle("follows", phone.dataset.follows === "true");
  const [answer] = await ask("ask-more");
  if (answer === "panel") show("panel");
  else if (answer === "scan") await scan(phone);
  else if (answer === "report") await act(phone, { report_location: { latitude: 23.098994, longitude: 113.32371, precision: 30 } });
  else if (answer) await act(phone, answer);
}
async function say(phone) {
  const field = phone.querySelector("textarea");
  const text = field.value;
  if (!text.trim()) return;
  field.value = "";
  fit(field);
  if (await act(phone, { say: text })) return;
  // Nothing that was written is lost.
  field.value = field.value ? `${text}\n${field.value}` : text;
  fit(field);
}
function fit(field) {
  phoneOf(field).classList.toggle("writes", field.value.trim() !== "");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 110)}px`;
}

// The panel, and what a narrow screen shows.
function show(view) {
  body.dataset.view = view;
  if (view === "panel") setFolded(false);
  if (view === "phone" && current) {
    toEnd(current);
    markRead(current);
    settleList();
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches(".say")) {
    event.preventDefault();
    say(phoneOf(form));
  } else if (form.dataset.api) {
    event.preventDefault();
    submit(form, event.submitter);
  }
});
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && "auto" in form.dataset) submit(form);
});

// The first that fits is done.
const CLICKS = {
  "[data-tap]": (link, phone) => act(phone, { tap: { content: link.dataset.tap, id: link.dataset.id } }),
  "[data-button]": (button, phone) => tapMenu(phone, button.dataset, button.textContent),
  "[data-mini]": (link) => tell(words.opens, `${link.dataset.mini} ${link.dataset.path}`),
  "[data-sub]": (button, phone) => {
    const wasOpen = button.getAttribute("aria-expanded") === "true";
    closeDrawers(phone);
    button.nextElementSibling.hidden = wasOpen;
    button.setAttribute("aria-expanded", String(!wasOpen));
  },
  "[data-panel]": (button, phone) => {
    const wasOpen = button.getAttribute("aria-expanded") === "true";
    closeDrawers(phone);
    phone.querySelector(button.dataset.panel === "faces" ? ".faces" : ".things").hidden = wasOpen;
    button.setAttribute("aria-expanded", String(!wasOpen));
    toEnd(phone);
  },
  "[data-face]": (button, phone) => {
    const field = phone.querySelector("textarea");
    field.setRangeText(button.dataset.face, field.selectionStart, field.selectionEnd, "end");
    fit(field);
  },
  "[data-send]": (button, phone) => {
    closeDrawers(phone);
    send(phone, button.dataset.send, button.textContent.trim());
  },
  "[data-scan]": (_, phone) => scan(phone),
  "[data-act]": (button, phone) => act(phone, button.dataset.act),
  "[data-swap]": (button, phone) => foot(phone, button.dataset.swap),
  "[data-more]": (_, phone) => more(phone),
  "[data-play]": (button) => {
    button.classList.add("playing");
    setTimeout(() => button.classList.remove("playing"), 1500);
    if (button.dataset.play) new Audio(button.dataset.play).play().catch(() => {});
  },
  "[data-open]": (link) => openRecord(link.dataset.open, show),
  "button[data-view]": (button) => show(button.dataset.view),
  "[data-fold]": () => setFolded(!body.classList.contains("folded")),
  "[data-tab]": (button) => tab(button.dataset.tab),
  "[data-copy]": (button) => {
    const code = button.previousElementSibling;
    getSelection().selectAllChildren(code);
    navigator.clipboard?.writeText(code.textContent).catch(() => {});
    button.textContent = words.copied;
  },
  "[data-delete]": (button) => call(`DELETE ${button.dataset.delete}`).then(() => location.reload(), (error) => tell("", error.message)),
};
document.addEventListener("click", (event) => {
  const phone = event.target.closest(".phone");
  if (phone) current = phone;
  for (const [selector, then] of Object.entries(CLICKS)) {
    const element = event.target.closest(selector);
    if (!element) continue;
    if (element.matches("a[href^='#']")) event.preventDefault();
    if (element.closest(".sub")) closeDrawers(phone);
    then(element, phoneOf(element));
    return;
  }
  if (!event.target.closest(".foot")) closeDrawers();
});
document.addEventListener("toggle", (event) => event.target.matches?.(".record") && event.target.open && load(event.target), true);
document.addEventListener("input", (event) => event.target.matches(".say textarea") && fit(event.target));
document.addEventListener("focusin", (event) => (current = event.target.closest(".phone") || current));
document.addEventListener("keydown", (event) => {
  if (event.target.matches(".say textarea") && event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    // Safari ends composing before the key: only its code tells.
    event.preventDefault();
    say(phoneOf(event.target));
  } else if (event.key === "Escape") {
    const opener = document.querySelector(".foot [aria-expanded=true]");
    closeDrawers();
    opener?.focus();
    if (!opener && body.dataset.view === "panel") show("phone");
  } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " " && current?.dataset.follows === "true" && event.target.closest(".entries, .menubar, body") && !event.target.closest("input, textarea, select, dialog, #panel, #list")) {
    // Whoever begins to type wants to write.
    foot(current, "keyboard");
  }
});
document.addEventListener("visibilitychange", () => {
  all(".phone").forEach(markRead);
  settleList();
});

tellTimes();
setInterval(tellTimes, 60_000);
if (localStorage.getItem("folded")) setFolded(true);
if (sessionStorage.getItem("tab")) tab(sessionStorage.getItem("tab"));
for (const phone of all(".phone")) {
  settleMenu(phone);
  toEnd(phone);
  markRead(phone);
}
all(".phone h2").forEach(settleTitle);
all(".record").forEach(run);
settleList();
grow();
watch();
