// Menus: <button popovertarget> + <div popover class="menu" role="menu">. The browser opens and closes them.
export function place(menu, anchor) {
  const r = anchor.getBoundingClientRect(), m = menu.getBoundingClientRect(), gap = 4;
  const x = menu.dataset.align === "end" ? r.right - m.width : r.left;
  const up = r.bottom + gap + m.height > innerHeight - 8 && r.top > m.height + gap;
  menu.style.left = `${Math.round(Math.max(8, Math.min(x, innerWidth - m.width - 8)))}px`;
  menu.style.top = `${Math.round(Math.max(8, up ? r.top - m.height - gap : r.bottom + gap))}px`;
}
const ITEMS = "[role^=menuitem],[role=option]";
let anchor = null;
document.addEventListener("click", (e) => { anchor = e.target.closest("[popovertarget]") || anchor; }, true);
document.addEventListener("toggle", (e) => {
  const menu = e.target;
  if (!menu.matches?.(".menu[popover]")) return;
  const by = menu.anchorEl || anchor, open = e.newState === "open";
  by?.setAttribute("aria-expanded", open);
  if (!open || !by) return;
  place(menu, by);
  (menu.querySelector('[aria-checked="true"],[aria-selected="true"]') || menu.querySelector(ITEMS) || menu.querySelector("input,select,button"))?.focus();
}, true);
document.addEventListener("keydown", (e) => {
  const around = e.key === "Escape" && e.target.closest?.("details[data-menu][open]");
  if (around) { e.preventDefault(); around.open = false; around.querySelector("summary").focus(); return; }
  const menu = e.target.closest?.(".menu:popover-open");
  if (!menu || e.target.matches("input,select,textarea")) return;
  const items = [...menu.querySelectorAll(ITEMS)], i = items.indexOf(document.activeElement);
  const go = (n) => { e.preventDefault(); items[(n + items.length) % items.length]?.focus(); };
  if (e.key === "ArrowDown") go(i + 1);
  else if (e.key === "ArrowUp") go(i - 1);
  else if (e.key === "Home") go(0);
  else if (e.key === "End") go(-1);
  else if (e.key.length === 1 && /\p{L}/u.test(e.key)) {
    const hit = [...items.slice(i + 1), ...items.slice(0, i + 1)].find((x) => x.textContent.trim().toLowerCase().startsWith(e.key.toLowerCase()));
    if (hit) { e.preventDefault(); hit.focus(); }
  }
});
document.addEventListener("click", (e) => {
  const item = e.target.closest(".menu [role^=menuitem]");
  if (item && !item.dataset.keep) item.closest("[popover]").hidePopover();
});
