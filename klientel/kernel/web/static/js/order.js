// Orders that a person decides: buttons (sent by a page without scripts), Alt and arrow keys, and a handle to drag.
// Lists of one name in data-order are one order: what leaves the end of the first enters the second.
import { say } from "./words.js";
function told(item) {
  const list = item.parentElement, rows = [...list.children], label = item.querySelector("[data-label]")?.textContent.trim() || "";
  for (const [i, place] of [...list.querySelectorAll("[name$=-place]")].entries()) place.value = (i + 1) * 10;
  const section = item.querySelector("[name=section]");
  if (section) section.value = list.dataset.section;
  document.querySelector("#live").textContent = say("place", { what: label, n: rows.indexOf(item) + 1, of: rows.length });
}
function step(item, by) {
  const focused = document.activeElement, list = item.parentElement;
  const beside = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  const lists = [...document.querySelectorAll(`[data-order="${list.dataset.order}"]`)], other = lists[lists.indexOf(list) + by];
  if (beside) beside[by < 0 ? "before" : "after"](item);
  else if (other) other[by < 0 ? "append" : "prepend"](item);
  else return;
  told(item);
  focused?.focus(); item.scrollIntoView({ block: "nearest" });
}
document.addEventListener("click", (e) => {
  const button = e.target.closest("[data-order] [name=move]");
  if (!button) return;
  e.preventDefault();
  step(button.closest("[data-order] > *"), button.value.startsWith("up") ? -1 : 1);
});
document.addEventListener("keydown", (e) => {
  const item = e.altKey && ["ArrowUp", "ArrowDown"].includes(e.key) && e.target.closest("[data-order] > *");
  if (!item) return;
  e.preventDefault(); e.stopPropagation();
  step(item, e.key === "ArrowUp" ? -1 : 1);
}, true);
document.addEventListener("change", (e) => {
  const item = e.target.matches("[data-order] [name=section]") && e.target.closest("[data-order] > *");
  const list = item && document.querySelector(`[data-order="${item.parentElement.dataset.order}"][data-section="${e.target.value}"]`);
  if (list && list !== item.parentElement) { list.append(item); told(item); e.target.focus(); }
});
document.addEventListener("pointerdown", (e) => {
  const item = e.button === 0 && e.target.closest("[data-order] .grip")?.closest("[data-order] > *");
  if (!item) return;
  e.preventDefault();
  const name = item.parentElement.dataset.order, from = [item.parentElement, item.nextElementSibling];
  const drag = (m) => {
    const under = document.elementFromPoint(m.clientX, m.clientY), list = under?.closest(`[data-order="${name}"]`), over = under?.closest("[data-order] > *");
    if (!list || over === item) return;
    const box = over?.getBoundingClientRect();
    if (over) over[m.clientY < box.top + box.height / 2 ? "before" : "after"](item); else list.append(item);
  };
  const end = (m) => {
    document.removeEventListener("pointermove", drag);
    item.classList.remove("dragged");
    if (m.type === "pointercancel") from[0].insertBefore(item, from[1]); else told(item);
  };
  item.classList.add("dragged");
  document.addEventListener("pointermove", drag);
  document.addEventListener("pointerup", end, { once: true });
  document.addEventListener("pointercancel", end, { once: true });
});
export function enhance(root) {
  for (const list of root.querySelectorAll("[data-order]")) list.dataset.sorting = "";
}
