// What pages do beyond links and forms, which work without it: dialogs where the browser does not know command/commandfor yet, copying, ages that
// count, keys, the live line, and logs. No state of its own but what is on the page.
"use strict";

const typing = target => target.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("click", event => {
  const opener = event.target.closest('[command="show-modal"]');
  if (opener && !("commandForElement" in opener)) document.getElementById(opener.getAttribute("commandfor"))?.showModal();
  const copier = event.target.closest("[data-copy]");
  if (copier) {
    const say = () => speak("Copied.");
    navigator.clipboard?.writeText(copier.dataset.copy).then(say, () => speak("The browser did not let us copy."));
  }
});

function speak(sentence) {
  const line = document.getElementById("spoken");
  if (line) line.textContent = sentence;
}

// A form is done and its page stays: what was open closes, and the outcome is said.
document.addEventListener("done", event => {
  for (const open of document.querySelectorAll(":popover-open")) open.hidePopover();
  speak(event.detail.value);
});

// --- Ages -----------------------------------------------------------------------------------------------------------

function span(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))}\u00a0s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}\u00a0min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)}\u00a0h`;
  return `${Math.floor(seconds / 86400)}\u00a0days`;
}

function recount(root) {
  for (const time of root.querySelectorAll("time[data-age]")) {
    const at = new Date(time.dateTime), age = (Date.now() - at) / 1000;
    time.textContent = time.dataset.age === "span" ? span(age) : age < 5 ? "just now" : `${span(age)} ago`;
    time.title = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  }
  for (const time of root.querySelectorAll("time[data-clock]")) time.textContent = new Date(time.dateTime).toLocaleTimeString(undefined, { hour12: false });
}

recount(document);
setInterval(() => recount(document), 15000);
setInterval(() => { for (const live of document.querySelectorAll(".state.run time, .doing time")) recount(live.parentNode); }, 1000);

// --- Live -----------------------------------------------------------------------------------------------------------

// A part that someone has just opened (a menu, a dialog) is not swapped under their hand: it waits until they are done.
const waiting = new Map();
const isHeld = part => part.querySelector(":popover-open, dialog[open]") !== null || part.matches(":has(.answer:not(:empty))");

document.addEventListener("htmx:sseBeforeMessage", event => {
  const part = event.target;
  if (!isHeld(part)) return;
  event.preventDefault();
  waiting.set(part, event.detail.data);
});

document.addEventListener("toggle", () => {
  for (const [part, markup] of waiting) {
    if (isHeld(part)) continue;
    waiting.delete(part);
    htmx.swap(part, markup, { swapStyle: "innerHTML" });
  }
}, true);

document.addEventListener("htmx:afterSwap", event => {
  recount(event.target);
  if (event.target.dataset.tint !== undefined) {
    event.target.firstElementChild?.classList.add("changed");
    setTimeout(() => event.target.firstElementChild?.classList.remove("changed"), 600);
  }
});

document.addEventListener("htmx:sseMessage", event => recount(event.target));

function live(isThere) {
  for (const line of document.querySelectorAll(".live")) {
    line.classList.toggle("lost", !isThere);
    const words = line.querySelector("span");
    const now = isThere ? "Live" : "Connection lost. Trying again.";
    if (words && words.textContent !== now) words.textContent = now;
  }
}

document.addEventListener("htmx:sseOpen", () => live(true));
document.addEventListener("htmx:sseError", () => live(false));
addEventListener("offline", () => live(false));
addEventListener("online", () => live(true));

// On a phone one stage fills the window: begin at the first that has something in it.
const channel = document.getElementById("channel");
if (channel && !location.hash && channel.scrollWidth > channel.clientWidth * 2) {
  const first = channel.querySelector(".reach:has(.card)") ?? channel.querySelector(".reach:not(.narrow)");
  if (first) channel.scrollTo({ left: first.getBoundingClientRect().left - channel.getBoundingClientRect().left + channel.scrollLeft, behavior: "instant" });
}

// --- Logs -----------------------------------------------------------------------------------------------------------

const MOST_LINES = 2000;
const tail = document.querySelector(".tail");

function follow() {
  const lines = tail.querySelector(".lines");
  lines.scrollTop = lines.scrollHeight;
}

function wanted(line) {
  const words = tail.querySelector("[name=has]").value.toLowerCase();
  const off = [...tail.querySelectorAll("[name=source]:not(:checked)")].map(box => box.value);
  return !off.includes(line.dataset.source) && (words === "" || line.textContent.toLowerCase().includes(words));
}

if (tail) {
  const lines = tail.querySelector(".lines"), list = lines.querySelector("ol"), pause = tail.querySelector("[data-pause]");
  const held = [];
  let isPaused = false;
  const add = line => {
    const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    line.hidden = !wanted(line);
    list.append(line);
    recount(line);
    while (list.childElementCount > MOST_LINES) list.firstElementChild.remove();
    if (isAtEnd) follow();
  };
  const source = new EventSource(tail.dataset.follow);
  source.onopen = () => live(true);
  source.onerror = () => live(false);
  source.onmessage = event => {
    const box = document.createElement("template");
    box.innerHTML = event.data;   // made by the server from text, markup and all encoded
    for (const line of [...box.content.children]) {
      if (isPaused) held.push(line); else add(line);
    }
    if (isPaused) pause.querySelector("span").textContent = `Go on, ${held.length} new`;
  };
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", isPaused);
    lines.setAttribute("aria-live", isPaused ? "off" : "polite");
    pause.querySelector("span").textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) { held.splice(0).forEach(add); follow(); }
  });
  tail.addEventListener("input", () => { for (const line of list.children) line.hidden = !wanted(line); });
  tail.querySelector("form").addEventListener("submit", event => event.preventDefault());
  follow();
}

// --- Sliders ---------------------------------------------------------------------------------------------------------

document.addEventListener("input", event => {
  const form = event.target.closest("form.scale");
  if (!form) return;
  const slider = form.querySelector("[name=slider]"), number = form.querySelector("[name=quantity]");
  if (event.target === slider) number.value = slider.value;
  if (event.target === number) slider.value = number.value;
});

// --- Preview --------------------------------------------------------------------------------------------------------

document.addEventListener("change", event => {
  const form = event.target.closest("[data-counts]");
  if (!form) return;
  const chosen = form.querySelectorAll("[name=to]:checked").length, all = form.querySelectorAll("[name=to]").length;
  const button = form.querySelector("footer .go span"), said = form.querySelector("[data-chosen]");
  if (button) button.textContent = `Promote to ${chosen} app${chosen === 1 ? "" : "s"}`;
  if (button) button.closest("button").disabled = chosen === 0;
  if (said) said.textContent = `${chosen} of ${all} chosen`;
});

// --- Keys -----------------------------------------------------------------------------------------------------------

const cards = () => [...document.querySelectorAll(".card")];
const inFocus = () => document.activeElement?.closest(".card, .reach") ?? (cards().length === 1 ? cards()[0] : null);
const press = (root, selector) => root?.querySelector(selector)?.click();

function move(key) {
  const reaches = [...document.querySelectorAll(".reach:has(.card)")];
  if (reaches.length === 0) return false;
  const card = document.activeElement?.closest(".card"), reach = document.activeElement?.closest(".reach");
  const at = reaches.indexOf(reach), mine = reach ? [...reach.querySelectorAll(".card")] : [];
  const next = at < 0 ? reaches[0].querySelector(".card")
    : key === "ArrowLeft" ? reaches[at - 1]?.querySelector(".card")
    : key === "ArrowRight" ? reaches[at + 1]?.querySelector(".card")
    : mine[mine.indexOf(card) + (key === "ArrowDown" ? 1 : -1)];
  next?.querySelector("h3 a").focus();
  return next !== undefined;
}

function step(by) {
  const rows = [...document.querySelectorAll(".line .name, .ledger-list .v a, .past a, .commits a.sha")].filter(row => row.checkVisibility());
  rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(document.activeElement) + by))]?.focus();
}

let isGoing = false;
document.addEventListener("keydown", event => {
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const key = event.key, root = inFocus();
  if (isGoing && key === "h") location.assign("/dashboard");
  const was = isGoing;
  isGoing = key === "g";
  if (was || key === "g") return;
  if (key.startsWith("Arrow")) {
    if (!document.querySelector(":popover-open") && event.target.closest?.(".log, .lines") === null && move(key)) event.preventDefault();
    return;
  }
  const act = {
    "/": () => document.getElementById("palette")?.showModal(),
    "?": () => document.getElementById("keys")?.showModal(),
    "w": () => document.querySelector("#where")?.focus(),
    "p": () => press(root, "[data-key=p]") ?? press(root?.closest(".reach"), "[data-key=p]"),
    "l": () => press(root, "[data-key=l]"),
    "o": () => press(root, "[data-key=o]"),
    ".": () => press(root, "[data-key='.']"),
    "j": () => step(1),
    "k": () => step(-1),
  }[key];
  if (!act) return;
  event.preventDefault();
  act();
});
