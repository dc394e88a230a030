// A call in two clicks: the number is dialled while the panel opens; a result, or its digit, is the second click.
import { ask, problem } from "./net.js";
import { toast } from "./toast.js";
const typing = (t) => t.closest?.("textarea, select, [contenteditable=true], input:not([type=radio]):not([type=checkbox])");
let bound = false;
async function open(link) {
  const answer = await ask(link.href);
  if (!answer?.ok) { if (answer) toast(problem(answer), { tone: "bad" }); return; }
  const dialog = document.createElement("dialog");
  dialog.className = "dlg"; dialog.id = "call"; dialog.setAttribute("aria-label", link.textContent.trim());
  dialog.innerHTML = answer.data; // our own page, escaped by the server
  document.querySelector("main").append(dialog);
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  dialog.showModal();
  dialog.querySelector("[name=result]").focus();
  if (link.dataset.call) location.href = link.dataset.call;
}
async function send(form, button) {
  const body = new FormData(form, button);
  button.classList.add("busy");
  const answer = await ask(form.action, { method: "POST", body });
  button.classList.remove("busy");
  if (!answer) return;
  if (!answer.ok) { toast(problem(answer), { tone: "bad", ms: 12000 }); return; }
  sessionStorage.setItem("ui.toast", answer.data.toast);
  sessionStorage.setItem("ui.toast.undo", answer.data.undo);
  location.reload();
}
export function enhance() {
  if (bound) return;
  bound = true;
  document.addEventListener("click", (e) => {
    const link = e.target.closest("[data-call]");
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    open(link);
  });
  document.addEventListener("submit", (e) => {
    if (!e.target.matches("dialog [data-call-form]") || !e.submitter) return;
    e.preventDefault();
    if (!e.submitter.classList.contains("busy")) send(e.target, e.submitter);
  });
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || document.body.dataset.keys === "off") return;
    const form = document.querySelector("[data-call-form]");
    if (form) { const key = form.querySelector(`[data-key="${CSS.escape(e.key)}"]`); if (key) { e.preventDefault(); key.click(); } return; }
    if (e.key === "c" && !document.querySelector("dialog[open], [popover]:popover-open")) document.querySelector("[data-call]")?.click();
  });
}
