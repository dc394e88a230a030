// Tabs: arrows move, the panel follows.
function select(tab) {
  for (const other of tab.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    const on = other === tab, panel = document.getElementById(other.getAttribute("aria-controls"));
    other.setAttribute("aria-selected", on); other.tabIndex = on ? 0 : -1;
    if (panel && other.getAttribute("aria-controls") !== tab.getAttribute("aria-controls")) panel.hidden = !on;
  }
  const panel = document.getElementById(tab.getAttribute("aria-controls"));
  if (panel) panel.hidden = false;
  tab.dispatchEvent(new CustomEvent("ui:tab", { bubbles: true }));
}
document.addEventListener("click", (e) => { const tab = e.target.closest("[role=tab]"); if (tab) select(tab); });
document.addEventListener("keydown", (e) => {
  const tab = e.target.closest?.("[role=tab]");
  if (!tab) return;
  const list = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")], i = list.indexOf(tab);
  const next = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: list.length - 1 }[e.key];
  if (next === undefined) return;
  e.preventDefault();
  const to = list[(next + list.length) % list.length];
  to.focus(); select(to);
});
// Where there are more tabs than room, the chosen one is in sight.
for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
  const row = tab.parentElement;
  if (tab.offsetLeft + tab.offsetWidth > row.offsetLeft + row.clientWidth) row.scrollLeft = tab.offsetLeft - row.offsetLeft - row.clientWidth / 2;
}
