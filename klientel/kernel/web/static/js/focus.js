// A page that comes back after something was pressed by keyboard gives the focus back: to that, or to what took its place.
const KEY = "ui.focus";
const like = (el) => (el.id ? `#${CSS.escape(el.id)}` : el.hasAttribute("popovertarget") ? `[popovertarget="${CSS.escape(el.getAttribute("popovertarget"))}"]` : [el.localName, ...el.classList].join("."));
export function keep(el) {
  const kind = like(el), at = [...document.querySelectorAll(kind)].indexOf(el);
  sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, kind, at }));
}
document.addEventListener("click", (e) => {
  if (e.detail !== 0) return; // a pointer knows where it is
  const menu = e.target.closest("[popover].menu"), pressed = e.target.closest("button, [role=menuitem][href]");
  const by = menu ? document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`) : pressed;
  if (by && (pressed?.href || pressed?.form?.method === "post")) keep(by);
}, true);
const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
sessionStorage.removeItem(KEY);
const seen = (el) => el.checkVisibility();
// Who opens a form to fill it in begins at its first field; on a touchscreen the keyboard would cover the page.
export function begin() {
  if (document.activeElement !== document.body) return;
  const fresh = matchMedia("(pointer: fine)").matches && document.querySelector("form[data-fresh]");
  if (kept?.path === location.pathname) {
    const there = [...document.querySelectorAll(kept.kind)];
    (there[kept.at] || there.at(-1) || document.getElementById("main")).focus();
  } else if (fresh) [...fresh.querySelectorAll("input:not([type=hidden],[type=checkbox],[type=radio]), select, textarea")].find(seen)?.focus({ preventScroll: true });
}
