
"use strict";
(() => {
  const link = document.getElementById("link");
  let timer = 0;
  const lost = () => {
    link.className = "lost";
    link.textContent = "Connection lost: everything shown is old.";
  };
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(lost, 10000);
    if (link.textContent !== "live") {
      link.className = "";
      link.textContent = "live";
    }
  };
  // The server renders and escapes; a section is swapped whole. What is focused, typed or folded
  // open stays so.
  const swap = (id, html) => {
    const place = document.getElementById(id);
    if (!place) return;
    const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...place.querySelectorAll("details[open]")].map((one) => one.id);
    const typed = [...place.querySelectorAll("input")].map((one) => [one.id, one.value]);
    place.innerHTML = html;
    for (const one of open) document.getElementById(one)?.setAttribute("open", "");
    for (const [one, value] of typed) {
      const input = document.getElementById(one);
      if (input) input.value = value;
    }
    if (focused) document.getElementById(focused)?.focus();
  };
  // What became of an action stands for a while.
  const said = document.getElementById("said");
  let saying = 0;
  const say = (text) => {
    clearTimeout(saying);
    said.textContent = text;
    saying = setTimeout(() => { said.textContent = ""; }, 15000);
  };
  const events = new EventSource("/events");
  events.addEventListener("sections", (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) swap(id, html);
    alive();
  });
  events.onerror = lost;
  document.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    if (!form.classList.contains("act")) return;
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
    const token = document.getElementById("token")?.value;
    const headers = token ? { authorization: "Bearer " + token } : {};
    try {
      const answer = await fetch(form.action, { method: "POST", headers });
      say(answer.ok ? "" : await answer.text());
    } catch {
      say("The program did not answer: nothing is known to have changed.");
    }
  });
})();
