// <dialog>: the browser brings focus trap, Escape and inertness. data-open="#id" opens, data-close closes.
export const openDialog = (d) => { if (d && !d.open) d.showModal(); };
document.addEventListener("click", (e) => {
  const opener = e.target.closest("[data-open]");
  if (opener) {
    const dialog = document.querySelector(opener.dataset.open);
    if (!dialog) return;
    e.preventDefault(); openDialog(dialog); return;
  }
  if (e.target.closest("[data-close]")) { e.target.closest("dialog")?.close(); return; }
  if (e.target.matches?.("dialog[open]")) {
    const r = e.target.getBoundingClientRect();
    if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) e.target.close();
  }
});
