// The panel beside the phone: exchanges with their time lines, and the forms of accounts.
import { all, body, byId, call, made, tellTimes, words } from "./page.js";

export function record(id, html) {
  const [fresh] = made(html);
  tellTimes(fresh);
  const known = byId(id);
  if (known) {
    known.className = fresh.className;
    known.querySelector("summary").replaceChildren(...fresh.querySelector("summary").childNodes);
    if (known.open) load(known);
  } else {
    const list = byId("records");
    const older = [...list.children].find((other) => Number(other.dataset.n) < Number(fresh.dataset.n));
    list.insertBefore(fresh, older || null);
    while (list.children.length > 200) {
      running.delete(list.lastElementChild.id);
      list.lastElementChild.remove();
    }
  }
  // An old one may have gone at once.
  const line = byId(id);
  if (line) run(line);
}
export async function load(details) {
  const detail = details.querySelector(".detail");
  const response = await fetch(detail.dataset.from).catch(() => null);
  if (response?.ok) detail.innerHTML = await response.text();
}

// Deliveries that are held grow on their time line.
const running = new Map();
export function run(details) {
  running.delete(details.id);
  const line = details.querySelector("svg.timeline");
  if (line?.querySelector(".running")) running.set(details.id, { line, since: performance.now() - Number(line.dataset.age) });
}
export function grow() {
  for (const { line, since } of running.values()) {
    for (const bar of all("rect.running", line)) {
      const elapsed = performance.now() - since - Number(bar.dataset.began);
      const percent = Math.min((elapsed * 100) / Number(line.dataset.span), 100 - parseFloat(bar.getAttribute("x")));
      bar.setAttribute("width", `${Math.max(percent, 0.6)}%`);
      const end = parseFloat(bar.getAttribute("x")) + percent;
      const word = bar.nextElementSibling;
      if (end < 70) word.setAttribute("x", `${end + 1.5}%`);
    }
  }
  requestAnimationFrame(grow);
}

export function setFolded(is) {
  body.classList.toggle("folded", is);
  localStorage.setItem("folded", is ? "1" : "");
}
export function tab(name) {
  for (const button of all("[data-tab]")) {
    const is = button.dataset.tab === name;
    button.setAttribute("aria-selected", String(is));
    byId(button.dataset.tab).hidden = !is;
  }
  sessionStorage.setItem("tab", name);
}
// `show` changes what a narrow screen shows.
export function openRecord(id, show) {
  const details = byId(`record-${id}`);
  if (!details) return;
  tab("exchanges");
  show("panel");
  details.open = true;
  details.scrollIntoView({ block: "nearest" });
  details.querySelector("summary").focus();
}


// Forms of the panel and the list: their fields as JSON.
export async function submit(form, pressed) {
  const json = {};
  for (const field of form.elements) {
    if (!field.name || (field.type === "submit" && field !== pressed)) continue;
    json[field.name] = "list" in field.dataset ? field.value.split(/[\s,]+/).filter(Boolean) : field.value;
  }
  const output = form.querySelector("output");
  output.className = "";
  output.textContent = "…";
  try {
    const answer = await call(form.dataset.api, json);
    const then = form.dataset.then;
    if (then === "reload") location.reload();
    else if (then === "open") {
      // An account is of no use without somebody to talk to it.
      const { open_id } = await call(`POST /sim/accounts/${answer.app_id}/followers`, { name: "小明" });
      location.href = `/?p=${answer.app_id}.${open_id}`;
    } else if (then === "handshake") {
      output.className = answer.passed ? "good" : "bad";
      const language = document.documentElement.lang === "en" ? "english" : "chinese";
      output.textContent = answer.passed ? words.passed : answer.why.map((fault) => fault[language]).join("\n");
    } else {
      output.textContent = form.matches(".block") ? words.saved : "";
      if (form.matches(".add")) form.reset();
    }
  } catch (error) {
    output.className = "bad";
    output.textContent = error.message;
  }
}
