// Questions in dialogues: each is answered with the word of the button and the fields.
import { byId, call } from "./page.js";

export function ask(id) {
  const dialog = byId(id);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve([dialog.returnValue, Object.fromEntries(new FormData(dialog.querySelector("form")))]), { once: true }),
  );
}
const base64 = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve({ name: file.name, data: reader.result.slice(reader.result.indexOf(",") + 1) });
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
// Samples are `{}`; nothing: they changed their mind.
export async function askFiles(title, accept) {
  const dialog = byId("ask-file");
  const input = dialog.querySelector("input");
  dialog.querySelector("h3").textContent = title;
  Object.assign(input, { accept, value: "" });
  input.onchange = () => dialog.close("files");
  const [answer] = await ask("ask-file");
  if (answer === "sample") return [{}];
  return answer === "files" ? Promise.all([...input.files].slice(0, 9).map(base64)) : [];
}
export async function askPlace() {
  const [answer, { label, latitude, longitude }] = await ask("ask-place");
  return answer && { label, latitude: Number(latitude), longitude: Number(longitude) };
}
export async function askCode(phone) {
  const codes = await call(`GET ${phone.dataset.api.replace(/followers.*/, "codes")}`).catch(() => ({ codes: [] }));
  const list = byId("ask-scan").querySelector(".codes");
  list.replaceChildren(
    ...codes.codes.map((code) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: code.scene });
      button.addEventListener("click", () => {
        byId("ask-scan").querySelector("input").value = code.ticket;
        byId("ask-scan").close("ok");
      });
      return button;
    }),
  );
  const [answer, { scanned }] = await ask("ask-scan");
  return answer && scanned;
}
