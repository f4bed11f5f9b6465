// What all parts of the page use: its elements, its words, times as the reader has them, and the control API.
export const body = document.body;
export const byId = (id) => document.getElementById(id);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];
export const words = body.dataset;

// Times, in those of the reader.
const two = (n) => String(n).padStart(2, "0");
function told(ms, long) {
  const [then, now] = [new Date(ms), new Date()];
  const clock = `${two(then.getHours())}:${two(then.getMinutes())}`;
  if (long) return `${clock}:${two(then.getSeconds())}`;
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 864e5);
  if (days <= 0) return clock;
  return days === 1 ? `${words.yesterday} ${clock}` : `${then.getMonth() + 1}/${then.getDate()} ${clock}`;
}
export function tellTimes(within = document) {
  for (const time of all("time[data-ms]", within)) time.textContent = told(Number(time.dataset.ms), "long" in time.dataset);
}

// The control API.
export async function call(what, json) {
  const [method, path] = what.split(" ");
  const request = { method, body: json === undefined ? undefined : JSON.stringify(json) };
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Error(byId("gone").textContent);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `HTTP ${response.status}`);
  return answer;
}
export function tell(title, text) {
  const dialog = byId("tell");
  dialog.querySelector("h3").textContent = title;
  dialog.querySelector("p").textContent = text;
  if (!dialog.open) dialog.showModal();
}

export const made = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
};
