// Shortcuts. Those of one key work outside fields only and can be switched off (WCAG 2.1.4).
import { openDialog } from "./dialogs.js";
let pending = 0;
const typing = (t) => t.closest?.("input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable=true]");
const open = (selector) => openDialog(document.querySelector(selector));
document.addEventListener("keydown", (e) => {
  const mod = e.ctrlKey || e.metaKey;
  if (mod && e.key.toLowerCase() === "k") { e.preventDefault(); open("#palette"); return; }
  if (mod && e.key === "Enter" && typing(e.target)) { e.target.closest("form")?.requestSubmit(); return; }
  if (e.altKey || mod || typing(e.target) || document.querySelector("dialog[open],[popover]:popover-open")) return;
  if (document.body.dataset.keys === "off") return;
  if (Date.now() - pending < 900) {
    pending = 0;
    const to = document.querySelector(`[data-go="${CSS.escape(e.key.toLowerCase())}"]`);
    if (to) { e.preventDefault(); to.click(); }
    return;
  }
  switch (e.key) {
    case "g": pending = Date.now(); break;
    case "/": e.preventDefault(); open("#palette"); break;
    case "n": e.preventDefault(); (document.querySelector("[data-new]") || document.querySelector("#create"))?.click(); break;
    case "j": document.querySelector("[data-neighbour][rel=next]")?.click(); break;
    case "k": document.querySelector("[data-neighbour][rel=prev]")?.click(); break;
    case "z": [...document.querySelectorAll(".toasts button")].at(-1)?.click(); break;
    case "?": e.preventDefault(); open("#shortcuts"); break;
  }
});
