// The work list of duplicates by keys: J and K walk through the groups, M merges, D tells apart, L puts off.
const typing = (t) => t.closest?.("input:not([type=hidden]),textarea,select,[contenteditable=true]");
let box = null;
export function enhance(root) { box = root.querySelector("[data-twins]") || box; }
document.addEventListener("keydown", (e) => {
  if (!box?.isConnected || e.altKey || e.ctrlKey || e.metaKey || typing(e.target) || document.body.dataset.keys === "off") return;
  if (document.querySelector("dialog[open],[popover]:popover-open")) return;
  const groups = [...box.querySelectorAll("[data-twin-group]")], at = groups.indexOf(document.activeElement.closest?.("[data-twin-group]"));
  const key = e.key.toLowerCase();
  if (key === "j" || key === "k") {
    const next = groups[Math.max(0, Math.min(groups.length - 1, at + (key === "j" ? 1 : -1)))];
    if (next) { e.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
    return;
  }
  const button = (groups[at] || null)?.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (button) { e.preventDefault(); button.click(); }
});
