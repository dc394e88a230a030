// Calendars: entries move by dragging or by Shift and an arrow, last longer by their lower edge or by Shift and Alt;
// arrows go from hour to hour, N makes something there, T is today. What changed is drawn anew by the server.
import { ask, problem } from "./net.js";
import { toast } from "./toast.js";
import { say } from "./words.js";
const STEP = 15, HOUR = 60;
let cal = null, slot = null;
const made = () => JSON.parse(cal.dataset.newAt || "null");
const unit = () => cal.querySelector(".cal-hours").offsetHeight / Number(cal.dataset.length); // pixels of a minute
const days = () => [...cal.querySelectorAll(".hours[data-day], .cal-month .cell[data-day]")];
const two = (n) => String(n).padStart(2, "0");
const clock = (minutes) => `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
const legend = () => document.querySelector("[data-legend]");

async function redraw(focus = "") {
  const answer = await ask(location.href, { quiet: true });
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(answer.data, "text/html"), fresh = page.querySelector("[data-calendar]");
  if (!fresh) { location.reload(); return; }
  const top = cal.querySelector(".cal-scroll, .cal-month")?.scrollTop || 0;
  cal.replaceWith(fresh);
  start(fresh, top);
  if (focus) fresh.querySelector(`[data-entry="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}
async function put(entry, to) {
  const id = entry.dataset.entry, body = new FormData();
  body.set("version", entry.dataset.version);
  for (const [name, value] of Object.entries(to)) body.set(name, value);
  const had = document.activeElement === entry;
  const answer = await ask(`/${id}/when?${cal.dataset.query}`, { method: "POST", body });
  if (!answer) { entry.classList.remove("ghost"); return; }
  if (answer.ok) toast(answer.data.toast, { undo: answer.data.undo });
  else toast(problem(answer), { tone: "bad", ms: 12000 });
  document.querySelector("#live").textContent = answer.ok ? answer.data.toast : problem(answer);
  await redraw(had ? id : "");
}
// The place where something new would be made: one link, that arrows move.
function place(day, minutes) {
  const what = made();
  if (!what || !day) return;
  slot ||= Object.assign(document.createElement("a"), { className: "slot" });
  const timed = day.classList.contains("hours"), at = timed ? Math.max(0, Math.min(Number(cal.dataset.length) - 30, minutes)) : 9 * HOUR;
  const date = day.dataset.day, query = new URLSearchParams({ next: location.pathname + location.search });
  query.set(what.start, what.instants ? `${date}T${clock(at)}` : date);
  if (what.end) query.set(what.end, `${date}T${clock(at + HOUR)}`);
  slot.href = `${what.url}?${query}`;
  slot.dataset.minutes = at;
  slot.textContent = say("newAt", { when: `${day.getAttribute("aria-label")}${timed ? `, ${clock(at)}` : ""}` });
  slot.style.top = timed ? `${at * unit()}px` : "";
  day.append(slot);
}
const column = (box) => days().indexOf(box);
function walk(e) {
  const keys = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[e.key];
  if (!keys) return;
  const all = days();
  if (!all.length) return;
  e.preventDefault();
  const month = all[0].classList.contains("cell"), now = slot?.isConnected ? slot.parentElement : null;
  if (!now) { place(all.find((d) => d.classList.contains("today")) || all[0], 9 * HOUR); slot?.focus(); return; }
  const next = all[column(now) + keys[0] + (month ? keys[1] * 7 : 0)];
  if (!next) { if (keys[0] || month) document.querySelector(keys[0] + keys[1] > 0 ? "[data-later]" : "[data-earlier]").click(); return; }
  place(next, Number(slot.dataset.minutes) + (month ? 0 : keys[1] * 30));
  slot.focus({ preventScroll: true });
  slot.scrollIntoView({ block: "nearest", inline: "nearest" });
}
function shifted(e, entry) {
  const step = { ArrowUp: -STEP, ArrowDown: STEP }[e.key], over = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
  const { day, place: at, minutes } = entry.dataset, timed = Boolean(entry.closest(".hours"));
  if (!step && !over) return;
  e.preventDefault();
  if (step && !timed) { if (!entry.closest(".cal-month")) return; put(entry, { day: later(day, 7 * Math.sign(step)) }); return; }
  if (step && e.altKey) { if ("lasts" in entry.dataset) put(entry, { day, until: Number(at) + Number(minutes) + step }); return; }
  if (step) put(entry, { day, place: Math.max(0, Number(at) + step) });
  else put(entry, timed ? { day: later(day, over), place: at } : { day: later(day, over) });
}
const later = (day, n) => { const d = new Date(`${day}T12:00:00Z`); d.setUTCDate(d.getUTCDate() + n); return d.toISOString().slice(0, 10); };
document.addEventListener("keydown", (e) => {
  if (!cal?.isConnected || e.ctrlKey || e.metaKey || e.target.closest?.("input, textarea, select, dialog, [popover]")) return;
  const entry = e.target.closest?.("[data-entry]");
  if (e.shiftKey) { if (entry) shifted(e, entry); return; }
  if (e.altKey) return;
  const single = document.body.dataset.keys !== "off";
  if (single && e.key === "t") { e.preventDefault(); document.querySelector("[data-today]").click(); return; }
  if (single && e.key === "n" && slot?.isConnected) { e.preventDefault(); e.stopImmediatePropagation(); slot.click(); return; }
  if (e.key === "PageDown" || e.key === "PageUp") { e.preventDefault(); document.querySelector(e.key === "PageDown" ? "[data-later]" : "[data-earlier]").click(); return; }
  if (!entry && (e.target === document.body || e.target.closest(".cal, #main"))) walk(e);
}, { capture: true });

function grabbed(e) {
  const entry = e.target.closest("[data-entry]");
  if (e.button !== 0) return;
  if (!entry) { empty(e); return; }
  const timed = Boolean(entry.closest(".hours")), lower = e.target.classList.contains("grip-s"), touch = e.pointerType !== "mouse";
  const begin = [e.clientX, e.clientY], box = entry.getBoundingClientRect(), at = Number(entry.dataset.place), lasts = Number(entry.dataset.minutes);
  const scroller = cal.querySelector(".cal-scroll"), scrolled = scroller?.scrollTop || 0;
  const grab = entry.closest("[data-day]") || null, from = days().find((d) => d.getBoundingClientRect().left <= begin[0] && d.getBoundingClientRect().right > begin[0] && (timed || (d.getBoundingClientRect().top <= begin[1] && d.getBoundingClientRect().bottom > begin[1]))) || grab;
  let copy = null, to = null, timer = touch ? setTimeout(() => lift(), 220) : 0;
  const lift = () => {
    if (lower) { copy = entry; return; }
    copy = entry.cloneNode(true); copy.classList.add("drag"); copy.removeAttribute("data-entry");
    Object.assign(copy.style, { width: `${box.width}px`, height: `${box.height}px`, left: `${box.left}px`, top: `${box.top}px` });
    cal.append(copy); entry.classList.add("ghost");
  };
  const snapped = (m) => Math.round(((m.clientY - begin[1]) + (scroller ? scroller.scrollTop - scrolled : 0)) / unit() / STEP) * STEP;
  const drag = (m) => {
    const far = Math.hypot(m.clientX - begin[0], m.clientY - begin[1]) > 4;
    if (!copy) { if (far && touch) { end(m); return; } if (far) lift(); if (!copy) return; }
    if (lower) { const until = Math.max(at + STEP, at + lasts + snapped(m)); entry.style.height = `${(until - at) * unit()}px`; to = { day: entry.dataset.day, until }; return; }
    const over = document.elementsFromPoint(m.clientX, m.clientY).map((el) => el.closest?.("[data-day]:not([data-entry])")).find(Boolean);
    for (const one of cal.querySelectorAll(".drop")) one.classList.remove("drop");
    if (!over) { to = null; return; }
    over.classList.add("drop");
    if (timed && over.classList.contains("hours")) {
      const minutes = Math.max(0, Math.min(Number(cal.dataset.length) - STEP, at + snapped(m))), place = over.getBoundingClientRect();
      Object.assign(copy.style, { left: `${place.left + 1}px`, width: `${place.width - 6}px`, top: `${place.top + minutes * unit()}px` });
      to = { day: over.dataset.day, place: minutes };
    } else {
      Object.assign(copy.style, { left: `${box.left + m.clientX - begin[0]}px`, top: `${box.top + m.clientY - begin[1]}px` });
      const step = from ? Math.round((Date.parse(over.dataset.day) - Date.parse(from.dataset.day)) / 864e5) : 0;
      to = { day: timed ? over.dataset.day : later(entry.dataset.day, step) };
    }
  };
  const stay = (m) => { if (copy) m.preventDefault(); };
  const end = (m) => {
    clearTimeout(timer);
    document.removeEventListener("pointermove", drag); document.removeEventListener("pointerup", end); document.removeEventListener("pointercancel", end); document.removeEventListener("touchmove", stay);
    if (!copy) return;
    for (const one of cal.querySelectorAll(".drop")) one.classList.remove("drop");
    if (!lower) copy.remove();
    addEventListener("click", (c) => { c.preventDefault(); c.stopPropagation(); }, { capture: true, once: true });
    setTimeout(() => dispatchEvent(new Event("click")), 0);
    const same = to && to.until === undefined && to.day === entry.dataset.day && (to.place === undefined || to.place === at);
    if (m.type !== "pointerup" || !to || same) { entry.classList.remove("ghost"); entry.style.height = ""; return; }
    put(entry, to);
  };
  document.addEventListener("pointermove", drag); document.addEventListener("pointerup", end); document.addEventListener("pointercancel", end);
  document.addEventListener("touchmove", stay, { passive: false });
}
function empty(e) {
  const day = e.target.closest(".hours[data-day], .cal-month .cell[data-day]");
  if (!day || e.target.closest("a")) return;
  const minutes = day.classList.contains("hours") ? Math.floor((e.clientY - day.getBoundingClientRect().top) / unit() / 30) * 30 : 0;
  document.addEventListener("pointerup", (m) => { if (Math.hypot(m.clientX - e.clientX, m.clientY - e.clientY) < 5) place(day, minutes); }, { once: true });
}
let soon = 0;
document.addEventListener("live:record", (e) => {
  if (!cal?.isConnected || !cal.dataset.types.split(" ").includes(e.detail.record_type) || cal.querySelector(".drag")) return;
  const known = cal.querySelector(`[data-entry$="/${CSS.escape(e.detail.id)}"]`);
  if (known && Number(known.dataset.version) >= e.detail.version) return;
  clearTimeout(soon);
  soon = setTimeout(() => redraw(document.activeElement?.dataset?.entry || ""), 400);
});
function start(found, top) {
  cal = found;
  slot = null;
  for (const entry of cal.querySelectorAll(".hours [data-lasts]")) entry.append(Object.assign(document.createElement("i"), { className: "grip-s" }));
  const scroller = cal.querySelector(".cal-scroll");
  if (scroller) scroller.scrollTop = top ?? 7.25 * HOUR * unit();
  cal.addEventListener("pointerdown", grabbed);
  cal.addEventListener("dragstart", (e) => e.preventDefault());
}
export function enhance(root) {
  const found = root.querySelector("[data-calendar]");
  if (!found || found === cal) return;
  start(found);
  legend()?.addEventListener("change", () => legend().requestSubmit());
}
