// Quick capture: one form per kind of entry, grows with the text; @ offers colleagues.
import { ask } from "./net.js";
import { say } from "./words.js";
const grow = (area) => { area.style.height = "auto"; area.style.height = `${Math.min(area.scrollHeight + 2, 320)}px`; };
document.addEventListener("input", (e) => { if (e.target.matches("[data-composer] textarea")) { grow(e.target); mention(e.target); } });
// A link such as "#capture-task" opens that kind.
document.addEventListener("click", (e) => {
  const link = e.target.closest("[data-capture]");
  if (!link) return;
  e.preventDefault();
  const tab = document.getElementById(`tab-${link.dataset.capture}`), composer = document.querySelector("[data-composer]");
  tab?.click();
  if (link.closest(".actbar") || matchMedia("(max-width: 47.99rem)").matches) composer.classList.add("open");
  composer.scrollIntoView({ block: "nearest" });
  composer.querySelector("[role=tabpanel]:not([hidden]) :is(input:not([type=hidden]),textarea)")?.focus();
});
let list = null, timer = 0;
const word = (area) => area.value.slice(0, area.selectionStart).match(/(^|\s)@([\p{L}.-]{0,30})$/u);
const close = () => { list?.remove(); list = null; };
function mention(area) {
  clearTimeout(timer);
  const hit = word(area);
  if (!hit || !area.dataset.people) { close(); return; }
  timer = setTimeout(async () => {
    const answer = await ask(`${area.dataset.people}?q=${encodeURIComponent(hit[2])}`, { quiet: true });
    close();
    if (!answer?.ok || !answer.data.items.length || !word(area)) return;
    list = document.createElement("ul");
    list.className = "combo-list menu mentions"; list.setAttribute("role", "listbox"); list.setAttribute("aria-label", say("choose"));
    for (const [i, item] of answer.data.items.slice(0, 6).entries()) {
      const li = document.createElement("li");
      li.setAttribute("role", "option"); li.setAttribute("aria-selected", i === 0); li.textContent = item.title; li.dataset.id = item.id;
      li.addEventListener("mousedown", (e) => { e.preventDefault(); take(area, item); });
      list.append(li);
    }
    area.parentElement.append(list);
  }, 120);
}
function take(area, item) {
  const hit = word(area), end = area.selectionStart, start = end - hit[2].length - 1;
  area.setRangeText(`@${item.title} `, start, end, "end");
  const form = area.form, kept = document.createElement("input");
  kept.type = "hidden"; kept.name = "mentions"; kept.value = item.id;
  form.append(kept);
  close(); area.focus();
}
document.addEventListener("keydown", (e) => {
  if (!list) return;
  const all = [...list.children], i = all.findIndex((x) => x.getAttribute("aria-selected") === "true");
  const mark = (n) => { e.preventDefault(); all.forEach((x, j) => x.setAttribute("aria-selected", j === (n + all.length) % all.length)); };
  if (e.key === "ArrowDown") mark(i + 1); else if (e.key === "ArrowUp") mark(i - 1);
  else if (e.key === "Enter" || e.key === "Tab") { e.preventDefault(); all[i].dispatchEvent(new MouseEvent("mousedown")); }
  else if (e.key === "Escape") { e.stopPropagation(); close(); }
}, true);
