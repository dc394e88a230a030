// The grid: roving tab stop, selection with Shift, bulk bar, inline editing, preview.
import { openDialog } from "./dialogs.js";
import { edit } from "./inline.js";
import { ask } from "./net.js";
import { count, say } from "./words.js";
let grid, body, current = null, last = null;
const live = document.querySelector("#live");
const rows = () => [...body.rows], cell = (r, c) => rows()[r]?.cells[c];
const position = (td) => [rows().indexOf(td.parentElement), td.cellIndex];
const phone = () => matchMedia("(max-width: 47.99rem)").matches;
// One cell at a time is reached by Tab, and after it what lies in it; without scripts every link is.
const inner = (el, stop) => { for (const one of el.querySelectorAll("a[href],button,input:not([type=hidden])")) one.tabIndex = stop; };
function rove(td) {
  if (current !== td) { if (current) { current.tabIndex = -1; inner(current, -1); } current = td; }
  if (!td.matches(".editing")) { td.tabIndex = 0; inner(td, 0); }
}
export function focusCell(td) {
  if (!td) return;
  rove(td); td.focus();
  td.scrollIntoView({ block: "nearest", inline: "nearest" });
}
export const below = (td) => { const [r, c] = position(td); return cell(Math.min(r + 1, rows().length - 1), c); };
export const beside = (td, step) => {
  for (let c = td.cellIndex + step; td.parentElement.cells[c]; c += step) if (td.parentElement.cells[c].dataset.edit) return td.parentElement.cells[c];
  return td;
};
function sync(quiet) {
  const n = body.querySelectorAll(".cb:checked").length, all = grid.tHead.querySelector(".cb"), total = rows().length;
  for (const row of rows()) row.setAttribute("aria-selected", Boolean(row.querySelector(".cb")?.checked));
  if (all) { all.checked = n > 0 && n === total; all.indeterminate = n > 0 && n < total; }
  const bulk = document.querySelector(".bulk");
  if (!bulk) return;
  bulk.querySelector("[data-n]").textContent = count(n);
  const whole = bulk.querySelector("[data-all]");
  if (whole) { whole.hidden = !(all?.checked && !whole.dataset.on); if (!all?.checked) everything(false); }
  if (!quiet && live) live.textContent = n ? say("selected", { n }) : say("unselected");
}
function everything(on) {
  const whole = document.querySelector(".bulk [data-all]"), field = document.querySelector("#bulk-form [name=all]");
  if (!whole || !field) return;
  field.value = on ? "1" : "";
  if (on) { whole.dataset.on = "1"; whole.hidden = true; document.querySelector(".bulk [data-n]").textContent = whole.dataset.all; } else delete whole.dataset.on;
}
function clear() { for (const box of body.querySelectorAll(".cb")) box.checked = false; everything(false); sync(); focusCell(current); }
function range(to) {
  const [a, b] = [Math.min(to, last), Math.max(to, last)], on = rows()[to].querySelector(".cb").checked;
  for (const row of rows().slice(a, b + 1)) row.querySelector(".cb").checked = on;
}
function clicked(e) {
  const box = e.target.closest(".cb");
  if (box) {
    if (box.closest("thead")) for (const row of rows()) row.querySelector(".cb").checked = box.checked;
    else { const i = rows().indexOf(box.closest("tr")); if (e.shiftKey && last !== null) range(i); last = i; }
    sync(); return;
  }
  if (phone()) { if (grid.closest(".selecting")) { const row = e.target.closest("tbody tr"); if (row) { e.preventDefault(); select(row.cells[0], rows().indexOf(row)); } } return; }
  const td = e.target.closest("td[data-edit]");
  if (td && !e.target.closest("a,.editing")) { focusCell(td); edit(td); }
}
async function peek(row) {
  const dialog = document.querySelector("#peek");
  const link = row.querySelector("a[href]");
  if (!dialog || !link) return;
  const inside = dialog.querySelector(".dlg-body");
  inside.replaceChildren(); openDialog(dialog);
  dialog.querySelector("a.btn").href = link.href;
  const answer = await ask(`${link.getAttribute("href").split("?")[0]}peek`);
  if (answer?.ok) inside.innerHTML = answer.data; // our own template, escaped by the server
}
function select(td, r) {
  const box = td.parentElement.querySelector(".cb");
  if (box) { box.checked = !box.checked; last = r; sync(); }
}
function pressed(e) {
  const td = e.target.closest("tbody td");
  if (!td || e.target !== td || e.ctrlKey && !["Home", "End"].includes(e.key) || e.metaKey || e.altKey) return;
  const [r, c] = position(td), end = td.parentElement.cells.length - 1, bottom = rows().length - 1;
  const single = document.body.dataset.keys !== "off";
  const to = { ArrowDown: [r + 1, c], ArrowUp: [r - 1, c], ArrowRight: [r, c + 1], ArrowLeft: [r, c - 1], Home: [e.ctrlKey ? 0 : r, 0], End: [e.ctrlKey ? bottom : r, end], PageDown: [r + 10, c], PageUp: [r - 10, c], ...(single ? { j: [r + 1, c], k: [r - 1, c] } : {}) }[e.key];
  if (to) { e.preventDefault(); focusCell(cell(Math.max(0, Math.min(to[0], bottom)), Math.max(0, Math.min(to[1], end)))); return; }
  if (e.key === " ") { e.preventDefault(); if (td.querySelector(".cb")) select(td, r); else peek(td.parentElement); }
  else if (e.key === "x" && single) { e.preventDefault(); select(td, r); }
  else if (e.key === "Enter" || e.key === "F2") { e.preventDefault(); if (td.dataset.edit) edit(td); else td.querySelector("a,button,input")?.click(); }
  else if (e.key === "Escape") clear();
}
export function enhance() {
  const found = document.querySelector("[data-grid]");
  if (!found || found === grid) return;
  grid = found; body = grid.tBodies[0]; last = null;
  current = body.querySelector("[tabindex='0']");
  inner(body, -1);
  if (current) inner(current, 0);
  const wrap = grid.closest(".grid-wrap");
  wrap.addEventListener("scroll", () => wrap.classList.toggle("scrolled", wrap.scrollLeft > 4), { passive: true });
  grid.addEventListener("click", clicked);
  grid.addEventListener("keydown", pressed);
  grid.addEventListener("focusin", (e) => {
    const td = e.target.closest("tbody td");
    if (td && td !== current) rove(td);
  });
  sync(true);
  number();
}
// The number of all rows comes after the page; it would hold it up.
async function number() {
  const total = document.querySelector("#total[data-count]"), answer = total && await ask(total.dataset.count, { quiet: true });
  if (!answer?.ok) return;
  total.textContent = answer.data.text;
  const whole = document.querySelector(".bulk [data-all]");
  if (whole) whole.dataset.all = answer.data.text;
}
document.addEventListener("click", (e) => {
  if (e.target.closest("[data-clear]")) clear();
  if (e.target.closest("[data-all]")) everything(true);
  if (e.target.closest("[data-select-mode]")) document.querySelector(".list-area")?.classList.toggle("selecting");
});
// J and K reach the grid from anywhere outside a field.
document.addEventListener("keydown", (e) => {
  if (!["j", "k"].includes(e.key) || e.target.closest("input,textarea,select,[contenteditable=true],dialog,[popover],td") || document.body.dataset.keys === "off" || !grid?.isConnected) return;
  focusCell(current || cell(0, 0));
});
