// Lets the answer grow on its page while it is written. Without this script the page reads itself anew.
"use strict";
(() => {
  const answer = document.getElementById("answer");
  const settled = document.getElementById("settled");
  const last = document.getElementById("last");
  const state = document.getElementById("state");
  const here = location.pathname;

  // All of it was read here: it need not wait in the chat.
  const shown = () => navigator.sendBeacon && navigator.sendBeacon(here + "/shown");

  let at = answer.dataset.at;
  if (at === undefined) {
    shown();
    return;
  }
  const again = () => setTimeout(() => location.reload(), 4000 + 2000 * Math.random());
  if (!window.EventSource) {
    again();
    return;
  }
  // The block that still changes, as it came.
  let block = "";
  const source = new EventSource(here + "/events?at=" + encodeURIComponent(at));
  source.addEventListener("text", (event) => {
    const text = JSON.parse(event.data);
    if (text.anew) {
      settled.innerHTML = "";
    }
    settled.insertAdjacentHTML("beforeend", text.settled);
    block = block.slice(0, text.keep) + text.last;
    last.innerHTML = block;
  });
  source.addEventListener("end", (event) => {
    source.close();
    const end = JSON.parse(event.data);
    // What does not say how it ended has not ended.
    if (!["written", "broken-off", "failed"].includes(end.stage)) {
      again();
      return;
    }
    settled.innerHTML = end.html;
    last.innerHTML = "";
    state.textContent = end.state;
    state.className = "state " + end.stage;
    shown();
  });
  source.addEventListener("gone", () => {
    source.close();
    location.reload();
  });
  source.addEventListener("error", () => {
    // It comes back by itself unless the server has refused.
    if (source.readyState === EventSource.CLOSED) {
      again();
    }
  });
})();
