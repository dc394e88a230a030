// Boards: a card moves by dragging, by its menu, or by Shift and an arrow key; all three do the same (WCAG 2.5.7).
// What others move comes as a hint over the live stream, and the cards are fetched under the viewer's own rights.
import { ask, problem } from "./net.js";
import { place as anchor } from "./menu.js";
import { toast } from "./toast.js";
import { say, count } from "./words.js";
let board = null, chosen = null;
const cols = () => [...board.querySelectorAll(".col")], cards = (col) => [...col.querySelectorAll(".deal")];
const cardOf = (id) => board.querySelector(`[data-card="${CSS.escape(id)}"]`);
const colOf = (key) => board.querySelector(`[data-column="${CSS.escape(key)}"]`);
const made = (html) => { const t = document.createElement("template"); t.innerHTML = html; return t.content; }; // our own, escaped by the server
const part = (name, more) => `${board.dataset.part}/${name}?${board.dataset.query}${board.dataset.query ? "&" : ""}${new URLSearchParams(more)}`;
const here = () => encodeURIComponent(location.pathname + location.search);
function numbers(data) {
  for (const [key, { n, sum }] of Object.entries(data.columns)) {
    const col = colOf(key);
    if (!col) continue;
    col.querySelector("[data-n]").textContent = count(n);
    const worth = col.querySelector("[data-sum]");
    if (worth) worth.textContent = sum;
  }
  for (const [name, text] of [["total", data.sum], ["weighted", data.weighted]]) { const box = document.querySelector(`[data-${name}]`); if (box) box.textContent = text || "–"; }
}
// Cards of others are shown at once; what the columns add up to is asked for when they have come to rest, not by all
// viewers in the same moment.
let counting = 0;
function countSoon() {
  clearTimeout(counting);
  counting = setTimeout(async () => {
    const answer = await ask(part("changed", { ids: "", numbers: 1 }), { quiet: true });
    if (answer?.ok && board?.isConnected) numbers(answer.data);
  }, 400 + Math.random() * 1200);
}
// A card that is on its way is left alone until the server has answered; it is asked for then anyway.
const busy = new Map();
async function refresh(asked, own = false) {
  const ids = own ? asked : asked.filter((id) => !busy.has(id));
  if (!ids.length) return;
  const answer = await ask(part("changed", { ids: ids.join(","), ...(own ? { numbers: 1 } : {}) }), { quiet: true });
  if (!answer?.ok) return;
  if (own) numbers(answer.data); else countSoon();
  for (const [id, found] of Object.entries(answer.data.cards)) {
    if (!own && busy.has(id)) continue;
    const old = cardOf(id), col = found && colOf(found.column), focused = old?.contains(document.activeElement);
    if (!col) { old?.remove(); continue; }
    const fresh = made(found.html).firstElementChild;
    if (old && old.closest(".col") === col) old.replaceWith(fresh);
    else { old?.remove(); col.querySelector(".cards").prepend(fresh); }
    if (focused) fresh.querySelector("a").focus();
  }
}
function move(card, key, verb) {
  const id = card.dataset.card, before = busy.get(id) || Promise.resolve();
  const now = before.then(() => { const found = cardOf(id); return found && moved(found, key, verb); }).finally(() => { if (busy.get(id) === now) busy.delete(id); });
  busy.set(id, now);
}
// Whether the new column only asks for more than the record holds; a form is where that is filled in.
const faults = (answer) => [...new Set([answer.data, ...(answer.data?.also || [])].map((one) => one?.message))].filter(Boolean).join(" ") || problem(answer);
const lacking = (no) => [no, ...(no?.also || [])].every((one) => one?.code === "required" && one.field);
async function moved(card, key, verb) {
  const id = card.dataset.card, from = card.closest(".col"), next = card.nextElementSibling, title = card.querySelector(".t").textContent;
  if (verb && verb !== "archive") { location.href = `${board.dataset.at}${id}/do/${verb}?next=${here()}`; return; }
  const to = verb ? null : colOf(key);
  if (!verb && (!to || to === from)) return;
  const focused = card.contains(document.activeElement);
  if (to) { to.querySelector(".cards").prepend(card); if (focused) card.querySelector("a").focus(); } else card.hidden = true;
  const body = new FormData();
  body.set("version", card.dataset.version);
  if (!verb) body.set(board.dataset.moves, key);
  const answer = await ask(`${board.dataset.at}${id}/do/${verb || "move"}`, { method: "POST", body });
  if (!answer || !answer.ok) {
    card.hidden = false; from.querySelector(".cards").insertBefore(card, next?.isConnected && next.parentElement === from.querySelector(".cards") ? next : null);
    if (focused) card.querySelector("a").focus();
    if (answer) { toast(faults(answer), { tone: "bad", ms: 12000, link: !verb && lacking(answer.data) && [say("fillIn"), `${board.dataset.at}${id}/edit?${new URLSearchParams({ [board.dataset.moves]: key })}&next=${here()}`] }); await refresh([id], true); }
    return;
  }
  const where = to ? to.querySelector("h2").textContent : document.querySelector(".drops [data-verb=archive]").textContent.trim();
  document.querySelector("#live").textContent = say("movedTo", { what: title, where });
  toast(say("movedTo", { what: title, where }), { undo: answer.data.undo });
  await refresh([id], true);
}
function menu(button) {
  const box = document.querySelector("#m-card");
  chosen = button.closest(".deal");
  const at = chosen.closest(".col").dataset.column;
  for (const one of box.querySelectorAll("[data-move]")) one.hidden = one.dataset.move === at;
  box.anchorEl = button; box.showPopover(); anchor(box, button);
  box.querySelector("[data-move]:not([hidden])")?.focus();
}
function clicked(e) {
  const button = e.target.closest("[data-card-menu]");
  if (button) { e.preventDefault(); menu(button); return; }
}
document.addEventListener("click", (e) => {
  const to = e.target.closest("#m-card [data-move]");
  if (!to || !chosen) return;
  document.querySelector("#m-card").hidePopover();
  chosen.querySelector("a").focus();
  move(chosen, to.dataset.move, to.dataset.verb);
});
function pressed(e) {
  const card = e.target.closest(".deal");
  if (!card || e.ctrlKey || e.metaKey || e.altKey) return;
  const all = cols(), c = all.indexOf(card.closest(".col")), list = cards(all[c]), i = list.indexOf(card);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key], row = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (step && all[c + step]) {
    e.preventDefault();
    if (e.shiftKey) { if (board.dataset.moves) move(card, all[c + step].dataset.column, all[c + step].dataset.verb); }
    else { const there = cards(all[c + step]); there[Math.min(i, there.length - 1)]?.querySelector("a").focus(); }
  } else if (row) { e.preventDefault(); list[i + row]?.querySelector("a").focus(); }
}
// Dragging: at once with the mouse after four pixels, with a finger after it rested for a moment, so that scrolling works.
function grabbed(e) {
  const card = e.target.closest(".deal");
  if (!card || e.button !== 0 || !board.dataset.moves || e.target.closest("[data-card-menu]")) return;
  const start = [e.clientX, e.clientY], touch = e.pointerType !== "mouse";
  let copy = null, over = null, timer = touch ? setTimeout(() => begin(), 180) : 0;
  const box = card.getBoundingClientRect();
  const begin = () => {
    copy = card.cloneNode(true); copy.classList.add("drag"); copy.removeAttribute("data-card");
    Object.assign(copy.style, { width: `${box.width}px`, left: `${box.left}px`, top: `${box.top}px` });
    document.body.append(copy); card.classList.add("ghost"); board.classList.add("dragging");
    document.querySelector(".drops")?.classList.add("on");
  };
  const stay = (m) => { if (copy) m.preventDefault(); };
  const drag = (m) => {
    const far = Math.hypot(m.clientX - start[0], m.clientY - start[1]) > 4;
    if (!copy) { if (far && touch) end(m); else if (far) begin(); if (!copy) return; }
    copy.style.left = `${box.left + m.clientX - start[0]}px`; copy.style.top = `${box.top + m.clientY - start[1]}px`;
    const under = document.elementFromPoint(m.clientX, m.clientY), now = under?.closest("[data-drop]") || under?.closest(".col")?.querySelector(".cards") || null;
    if (now !== over) { over?.classList.remove("over"); now?.classList.add("over"); over = now; }
  };
  const end = (m) => {
    clearTimeout(timer);
    document.removeEventListener("pointermove", drag); document.removeEventListener("pointerup", end); document.removeEventListener("pointercancel", end); document.removeEventListener("touchmove", stay);
    if (!copy) return;
    copy.remove(); card.classList.remove("ghost"); over?.classList.remove("over"); board.classList.remove("dragging");
    document.querySelector(".drops")?.classList.remove("on");
    addEventListener("click", (c) => { c.preventDefault(); c.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => dispatchEvent(new Event("click")), 0);
    if (m.type !== "pointerup" || !over) return;
    if (over.dataset.drop !== undefined) move(card, over.dataset.drop, over.dataset.verb);
    else { const col = over.closest(".col"); move(card, col.dataset.column, col.dataset.verb); }
  };
  document.addEventListener("pointermove", drag); document.addEventListener("pointerup", end); document.addEventListener("pointercancel", end);
  document.addEventListener("touchmove", stay, { passive: false });
}
// Further cards come when the end of a column comes into sight.
async function more(list) {
  const after = list.dataset.after;
  if (!after || list.getAttribute("aria-busy")) return;
  list.setAttribute("aria-busy", "true");
  const answer = await ask(part("column", { column: list.closest(".col").dataset.column, after }), { quiet: true });
  list.removeAttribute("aria-busy");
  if (!answer?.ok) return;
  if (answer.data.after) list.dataset.after = answer.data.after; else delete list.dataset.after;
  for (const card of [...made(answer.data.html).children]) if (!cardOf(card.dataset.card)) list.append(card);
}
let hints = new Set(), soon = 0;
document.addEventListener("live:record", (e) => {
  if (!board?.isConnected || e.detail.record_type !== board.dataset.type) return;
  const card = cardOf(e.detail.id);
  if (card && Number(card.dataset.version) >= e.detail.version) return;
  hints.add(e.detail.id);
  soon ||= setTimeout(() => { const ids = [...hints].slice(0, 100); hints = new Set(); soon = 0; refresh(ids); }, 60);
});
export function enhance(root) {
  const found = root.querySelector("[data-board]");
  if (!found || found === board) return;
  board = found;
  board.addEventListener("click", clicked); board.addEventListener("keydown", pressed); board.addEventListener("pointerdown", grabbed);
  board.addEventListener("dragstart", (e) => e.preventDefault());
  board.addEventListener("scroll", (e) => { const list = e.target; if (list.matches?.(".cards") && list.scrollTop + list.clientHeight > list.scrollHeight - 400) more(list); }, { capture: true, passive: true });
}
