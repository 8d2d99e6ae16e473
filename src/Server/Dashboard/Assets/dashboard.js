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
  document.getElementById("palette")?.close();
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

// --- Focus ----------------------------------------------------------------------------------------------------------

// Who has no mouse is where the focus is: what takes the place of a part, or of the page, has it again where it was. A button that went with what it did leaves
// it to what it stood in, never to the next button of its kind.
const within = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
const called = e => `${e.tagName} ${e.id || e.getAttribute("aria-label") || (e.matches("a, button, summary") ? e.textContent.trim() : `${e.closest("form")?.ariaLabel} ${e.name} ${e.value}`)}`;

function mark() {
  // A menu closes with what it did: its opener stays.
  const menu = document.activeElement?.closest("[popover]"), e = menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : document.activeElement;
  if (!e || e === document.body || e.closest("dialog")) return null;
  return { name: called(e), href: e.getAttribute("href"), at: e.closest("section[aria-labelledby]")?.getAttribute("aria-labelledby") };
}

function giveBack(marked, root) {
  const active = document.activeElement;
  if (!marked || (active && active !== document.body)) return;
  const all = [...root.querySelectorAll(within)].filter(e => !e.disabled && e.checkVisibility());
  const to = all.find(e => called(e) === marked.name) ?? all.find(e => marked.href && e.getAttribute("href") === marked.href) ?? (root === document ? document.getElementById(marked.at) : root);
  if (!to) return;
  if (!to.matches(within)) to.tabIndex = -1;
  to.focus();
}

// A page that is loaded again after something was done on it, or to reveal something, is the same page.
const PLACE = "place";
addEventListener("pagehide", () => {
  const place = document.activeElement?.matches(":focus-visible") ? mark() : null;
  if (place) sessionStorage.setItem(PLACE, JSON.stringify({ ...place, path: location.pathname, time: Date.now() }));
});
addEventListener("load", () => {
  const place = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
  sessionStorage.removeItem(PLACE);
  if (place?.path === location.pathname && Date.now() - place.time < 10000) giveBack(place, document);
});

// --- Live -----------------------------------------------------------------------------------------------------------

// A part that someone has just opened (a menu, a dialog) is not swapped under their hand: it waits until they are done.
const waiting = new Map();
const left = new Map();
const isHeld = part => part.querySelector(":popover-open, dialog[open]") !== null || part.matches(":has(.answer:not(:empty))");

// What somebody has picked to compare stays picked.
const picked = new Map();

document.addEventListener("htmx:sseBeforeMessage", event => {
  const part = event.target;
  for (const box of part.querySelectorAll(".pick input")) if (box.checked !== box.defaultChecked) picked.set(box.name, part.querySelector(`[name=${box.name}]:checked`)?.value);
  if (part.contains(document.activeElement)) left.set(part, mark());
  if (!isHeld(part)) return;
  event.preventDefault();
  waiting.set(part, event.detail.data);
});

document.addEventListener("toggle", () => {
  for (const [part, markup] of waiting) {
    if (isHeld(part)) continue;
    waiting.delete(part);
    const marked = part.contains(document.activeElement) ? mark() : null;
    htmx.swap(part, markup, { swapStyle: "innerHTML" });
    giveBack(marked, part);
  }
}, true);

// Nobody answered, or not Sluice: it starts anew, or the network is gone. What was typed stays.
const AWAY = "Sluice did not answer, so this page cannot know whether it was done. What you typed is still here: look in a new tab, then send it once more.";
function unanswered(answer) {
  if (!answer?.matches(".answer")) return;
  const note = document.createElement("p");
  note.className = "note fail";
  note.textContent = AWAY;
  answer.replaceChildren(note);
}

for (const failed of ["htmx:sendError", "htmx:timeout", "htmx:sendAbort"]) document.addEventListener(failed, event => unanswered(event.detail.target));
document.addEventListener("htmx:beforeSwap", event => {
  if (event.detail.xhr.status < 500 || event.detail.xhr.getResponseHeader("Content-Security-Policy")) return;
  event.detail.shouldSwap = false;
  unanswered(event.detail.target);
});

// What was found is not taken away under a deed that has just begun: its end is told to the form that began it.
document.addEventListener("htmx:beforeSwap", event => {
  if (event.target.id === "found" && event.target.querySelector("form.htmx-request")) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:afterSwap", event => {
  recount(event.target);
  if (event.target.dataset.tint !== undefined) {
    event.target.firstElementChild?.classList.add("changed");
    setTimeout(() => event.target.firstElementChild?.classList.remove("changed"), 600);
  }
});

document.addEventListener("htmx:sseMessage", event => {
  recount(event.target);
  giveBack(left.get(event.target), event.target);
  left.delete(event.target);
  for (const [name, value] of picked) {
    const box = event.target.querySelector(`.pick [name=${name}][value="${value}"]`);
    if (box) box.checked = true;
  }
});

let isOver = false;

function live(isThere, sentence = "Connection lost. Trying again.") {
  if (isOver) return;
  for (const line of document.querySelectorAll(".live")) {
    line.classList.toggle("lost", !isThere);
    const words = line.querySelector("span"), now = isThere ? "Live" : sentence;
    if (words && words.textContent !== now) words.textContent = now;
  }
}

// A stream that gives up only when the server says that what the page shows is gone: the browser's own gives up when a server that starts anew answers with an
// error. It asks again soon, however long that takes.
function follow(address) {
  const heard = [], source = {
    readyState: 0, onopen: null, onerror: null,
    addEventListener(name, hear) { heard.push([name, hear]); inner.addEventListener(name, hear); },
    removeEventListener(name, hear) { heard.splice(0, heard.length, ...heard.filter(h => h[1] !== hear)); inner.removeEventListener(name, hear); },
    close() { source.readyState = 2; inner.close(); clearTimeout(again); },
  };
  let inner, again, patience = 500;
  const connect = () => {
    inner = new EventSource(address());
    for (const [name, hear] of heard) inner.addEventListener(name, hear);
    inner.onopen = () => {
      patience = 500;
      source.readyState = 1;
      live(true);
      source.onopen?.();
    };
    inner.onerror = () => {
      inner.close();
      source.readyState = 0;
      live(false);
      source.onerror?.();
      if (source.readyState === 0) again = setTimeout(connect, patience = Math.min(4000, patience * 2));
    };
    inner.addEventListener("gone", event => {
      source.close();
      live(false, event.data);
      isOver = true;
    });
  };
  connect();
  return source;
}

if (window.htmx) htmx.createEventSource = url => follow(() => url);
addEventListener("offline", () => live(false));

// On a phone one stage fills the window: begin at the first that has something in it.
const channel = document.getElementById("channel");
if (channel && !location.hash && channel.scrollWidth > channel.clientWidth * 2) {
  const first = channel.querySelector(".reach:has(.card)") ?? channel.querySelector(".reach:not(.narrow)");
  if (first) channel.scrollTo({ left: first.getBoundingClientRect().left - channel.getBoundingClientRect().left + channel.scrollLeft, behavior: "instant" });
}

// There the channel is as tall as the stage that fills the window; between two of them, as the taller.
function fit() {
  const isPaged = matchMedia("(max-width: 760px)").matches, at = channel.scrollLeft / channel.clientWidth, reaches = channel.children;
  const shown = isPaged ? [reaches[Math.floor(at + .02)], reaches[Math.ceil(at - .02)]].filter(Boolean) : [];
  const style = getComputedStyle(channel), around = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  channel.style.height = shown.length ? `${Math.ceil(Math.max(...shown.map(reach => reach.offsetHeight)) + around)}px` : "";
}

if (channel) {
  const sizes = new ResizeObserver(fit), watch = () => { for (const reach of channel.children) sizes.observe(reach); };
  sizes.observe(channel);
  watch();
  fit();
  channel.addEventListener("scroll", fit, { passive: true });
  document.addEventListener("htmx:afterSwap", () => { watch(); fit(); });
}

// --- Edges -----------------------------------------------------------------------------------------------------------

// An app's own downstream app: a line from card to card that passes the gates by, in a lane under the cards. The cards say the same in words.
function drawEdges() {
  const svg = channel?.querySelector(".edges");
  if (!svg) return;
  svg.replaceChildren();
  const box = channel.getBoundingClientRect(), left = box.left - channel.scrollLeft, top = box.top;
  const place = card => { const r = card.getBoundingClientRect(); return { left: r.left - left, right: r.right - left, y: r.top - top + 23 }; };
  const parts = [...channel.querySelectorAll(".card, .talk")].map(part => part.getBoundingClientRect().bottom - top);
  const floor = Math.max(...parts) + 16, lanes = new Map();
  let width = 0;
  for (const from of channel.querySelectorAll(".card[data-downstream]")) {
    const to = document.getElementById(`app-${from.dataset.downstream}`);
    if (!to) continue;
    if (!lanes.has(to)) lanes.set(to, Math.min(lanes.size, 4));
    const a = place(from), b = place(to), lane = floor + lanes.get(to) * 20, [x, z] = [a.right + 6, b.left - 12], way = z > x ? 1 : -1;
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", `M${a.right} ${a.y}q6 0 6 6V${lane - 6}q0 6 ${6 * way} 6H${z - 6 * way}q${6 * way} 0 ${6 * way} -6V${b.y + 6}q0 -6 6 -6H${b.left - 1.5}m-4.5 -4 4.5 4-4.5 4`);
    const text = document.createElementNS(svg.namespaceURI, "text");
    text.textContent = `${from.querySelector("h3").textContent.trim()} to ${from.dataset.downstream}`;
    text.setAttribute("x", Math.min(x, z) + 14);
    text.setAttribute("y", lane + 4);
    svg.append(path, text);
    width = Math.max(width, x, b.left);
  }
  svg.setAttribute("width", Math.ceil(width) + 8);
  svg.setAttribute("height", Math.ceil(floor) + 20 * lanes.size);
}

if (channel) {
  const sizes = new ResizeObserver(drawEdges), watch = () => { for (const part of channel.querySelectorAll(".card, .talk")) sizes.observe(part); };
  sizes.observe(channel);
  watch();
  document.addEventListener("htmx:afterSwap", () => { watch(); drawEdges(); });
}

// --- Logs -----------------------------------------------------------------------------------------------------------

const MOST_LINES = 2000;
const tail = document.querySelector(".tail");

function toEnd() {
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
    if (isAtEnd) toEnd();
  };
  // From the last line that came, however the connection ended.
  let last = tail.dataset.last;
  follow(() => `${tail.dataset.follow}?after=${last}`).addEventListener("message", event => {
    last = event.lastEventId || last;
    const box = document.createElement("template");
    box.innerHTML = event.data;   // made by the server from text, markup and all encoded
    for (const line of [...box.content.children]) {
      if (isPaused) held.push(line); else add(line);
    }
    while (held.length > MOST_LINES) held.shift();
    if (isPaused) pause.querySelector("span").textContent = `Go on, ${held.length} new`;
  });
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", isPaused);
    lines.setAttribute("aria-live", isPaused ? "off" : "polite");
    pause.querySelector("span").textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) { held.splice(0).forEach(add); toEnd(); }
  });
  tail.addEventListener("input", () => {
    for (const line of list.children) line.hidden = !wanted(line);
    toEnd();
    // The address says what is shown, so that it can be kept and handed on.
    if (tail.closest(".full-log")) history.replaceState(null, "", `?${new URLSearchParams(new FormData(tail.querySelector("form")))}`);
  });
  // Lines that a filter of the address kept away are not on the page: they are asked for.
  const form = tail.querySelector("form"), isFiltered = tail.dataset.filtered !== undefined;
  if (isFiltered) form.addEventListener("change", () => form.submit());
  form.addEventListener("submit", event => { if (!isFiltered) event.preventDefault(); });
  toEnd();
}

// --- Output of a build -----------------------------------------------------------------------------------------------

const output = document.querySelector("[data-grows]");

if (output) {
  let last = output.dataset.last;
  const atEnd = () => { output.scrollTop = output.scrollHeight; };
  const source = follow(() => `${output.dataset.grows}?after=${last}`);
  source.addEventListener("again", () => output.replaceChildren());
  source.addEventListener("end", () => source.close());
  source.addEventListener("message", event => {
    last = event.lastEventId || last;
    const isAtEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
    output.insertAdjacentHTML("beforeend", event.data);   // made by the server from text, markup and all encoded
    while (output.childElementCount > MOST_LINES) output.firstChild.remove();
    if (isAtEnd) atEnd();
  });
  atEnd();
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
function press(root, selector) {
  const found = root?.querySelector(selector);
  found?.click();
  return found !== null && found !== undefined;
}

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
  const rows = [...document.querySelectorAll(".line .name, .ledger-list :is(.v, .built div > p:first-child) a, .past a, .commits a.sha")].filter(row => row.checkVisibility());
  rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(document.activeElement) + by))]?.focus();
}

// Who dictates or bumps into keys can turn those without Ctrl off, for this browser.
const single = document.querySelector("[data-single-keys]");
if (single) {
  single.checked = localStorage.getItem("single-keys") !== "off";
  single.addEventListener("change", () => localStorage.setItem("single-keys", single.checked ? "on" : "off"));
}

const here = path => document.querySelector(`.crumbs a[href^="${path}"]`)?.getAttribute("href");
const places = {
  h: () => "/dashboard",
  p: () => here("/dashboard/pipelines/"),
  l: () => (inFocus()?.querySelector("[data-key=l]") ?? document.querySelector(".tabs a[href$='/logs']"))?.getAttribute("href"),
};

// In a menu and in what the palette found, arrow keys go up and down.
document.addEventListener("keydown", event => {
  const palette = document.querySelector("#palette[open]"), menu = [...document.querySelectorAll(".menu:popover-open")].pop();
  const steps = { ArrowDown: 1, ArrowUp: -1, Home: 0, End: 0 };
  if (!(event.key in steps) || !(palette || menu) || (typing(event.target) && !event.key.startsWith("Arrow"))) return;
  const items = [...(palette ?? menu).querySelectorAll("input[name=q], .menu a[href], .menu button")].filter(e => !e.disabled);
  const at = items.indexOf(document.activeElement), next = event.key === "Home" ? 0 : event.key === "End" ? -1 : at < 0 && event.key === "ArrowUp" ? -1 : at + steps[event.key];
  items.at(next % items.length)?.focus();
  event.preventDefault();
});

// Whoever leaves a menu by Tab is done with it.
document.addEventListener("focusin", event => {
  for (const menu of document.querySelectorAll(".menu:popover-open")) if (!menu.contains(event.target) && event.target.getAttribute("popovertarget") !== menu.id) menu.hidePopover();
});

let isGoing = false;
document.addEventListener("keydown", event => {
  if (single && !single.checked && event.key.length === 1) return;
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const key = event.key, root = inFocus();
  const to = isGoing ? places[key]?.() : null;
  if (to) location.assign(to);
  const was = isGoing;
  isGoing = key === "g";
  if (was || key === "g") return;
  if (key.startsWith("Arrow")) {
    if (!document.querySelector(":popover-open") && event.target.closest?.(".log, .lines") === null && move(key)) event.preventDefault();
    return;
  }
  const act = {
    "/": () => { document.getElementById("palette")?.showModal(); document.querySelector("#palette input")?.select(); },
    "?": () => document.getElementById("keys")?.showModal(),
    "w": () => document.querySelector("#where")?.focus(),
    "p": () => press(root, "[data-key=p]") || press(root?.closest(".reach"), "[data-key=p]"),
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
