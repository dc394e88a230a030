// <dialog>: the browser brings focus trap, Escape and inertness. data-open="#id" opens, data-close closes.
// What stands in [data-load] is fetched when its dialog opens for the first time.
import { ask } from "./net.js";
async function fill(box) {
  const answer = await ask(box.dataset.load);
  if (!answer?.ok) return;
  box.removeAttribute("data-load");
  box.innerHTML = answer.data;
  box.dispatchEvent(new CustomEvent("ui:swapped", { bubbles: true }));
  (box.querySelector("select.what") || box.querySelector("select, input:not([type=hidden])"))?.focus();
}
export const openDialog = (d) => { if (!d || d.open) return; d.showModal(); const box = d.querySelector("[data-load]"); if (box) fill(box); };
document.addEventListener("click", (e) => {
  const opener = e.target.closest("[data-open]");
  if (opener) {
    const dialog = document.querySelector(opener.dataset.open);
    if (!dialog) return;
    e.preventDefault(); openDialog(dialog); return;
  }
  const closer = e.target.closest("[data-close]"), around = closer?.closest("dialog");
  if (around) { e.preventDefault(); around.close(); return; }
  if (e.target.matches?.("dialog[open]")) {
    const r = e.target.getBoundingClientRect();
    if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) e.target.close();
  }
});
