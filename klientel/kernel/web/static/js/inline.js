// Editing in place, for cells of a grid and for facts of a record. The server renders the field and answers with the new cell.
import { place } from "./menu.js";
import { ask, problem } from "./net.js";
import { toast } from "./toast.js";
import { enhance as combos } from "./combo.js";
import { enhance as rich } from "./rich.js";
import "./entries.js";
const address = (el) => `${el.closest("[data-at]").dataset.at}field/${el.dataset.field}`;
const grid = () => import("./grid.js");
async function save(el, body) {
  const holder = el.closest("[data-version]");
  if (holder) body.set("version", holder.dataset.version);
  if (el.matches("td")) body.set("cell", "1");
  const answer = await ask(address(el), { method: "POST", body });
  if (!answer) return false;
  if (!answer.ok) {
    toast(problem(answer), { tone: "bad", ms: 12000 });
    // What was typed stays in the field; saved again it counts, for the message has named what is stored now.
    if (answer.data?.version && holder) holder.dataset.version = answer.data.version;
    return answer;
  }
  el.innerHTML = answer.data.html; // our own template, escaped by the server
  if (holder) holder.dataset.version = answer.data.version;
  el.classList.add("saving");
  setTimeout(() => el.classList.remove("saving"), 900);
  if (answer.data.undo) toast(answer.data.toast, { undo: answer.data.undo });
  return answer;
}
// Who moved on meanwhile stays there: only a focus that is nowhere, or still inside, is led back.
const left = (el) => document.activeElement !== document.body && !el.contains(document.activeElement);
async function back(el, go) {
  if (left(el)) return;
  if (!el.matches("td")) { (el.querySelector(".pen") || el.querySelector("button,a") || el).focus(); return; }
  const { focusCell, below, beside } = await grid();
  if (!left(el)) focusCell(go === "down" ? below(el) : go === "right" ? beside(el, 1) : go === "left" ? beside(el, -1) : el);
}
function choose(el, html) {
  const shell = document.createElement("div");
  shell.innerHTML = html;
  const menu = shell.firstElementChild;
  document.body.append(menu);
  menu.anchorEl = el;
  menu.showPopover(); place(menu, el);
  const done = async (e) => {
    const option = e.target.closest("[role=option]");
    if (!option) return;
    e.preventDefault();
    menu.hidePopover();
    const body = new FormData();
    body.set(el.dataset.field, option.dataset.value);
    await save(el, body);
    back(el);
  };
  menu.addEventListener("click", done);
  menu.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") done(e); });
  menu.addEventListener("toggle", (e) => { if (e.newState === "closed") { menu.remove(); back(el); } });
}
function form(el, html) {
  const before = el.innerHTML;
  el.classList.add("editing"); el.removeAttribute("tabindex");
  el.innerHTML = html; // our own template, escaped by the server
  combos(el); rich(el);
  const made = el.querySelector("form"), field = made.querySelector("input:not([type=hidden],[name=_field]),select:not([hidden]),textarea:not([hidden]),[contenteditable]");
  field?.focus(); field?.select?.();
  let over = false;
  const sent = (f) => new URLSearchParams([...new FormData(f)].map(([k, v]) => [k, String(v)])).toString();
  const first = sent(made);
  const end = async (keep, go) => {
    if (over) return;
    over = true;
    const body = new FormData(made), same = sent(made) === first;
    if (keep && !same) {
      made.setAttribute("aria-busy", "true");
      const answer = await save(el, body);
      if (!answer || !answer.ok) {
        over = false; made.removeAttribute("aria-busy");
        field?.setAttribute("aria-invalid", "true"); field?.focus();
        return;
      }
    } else el.innerHTML = before;
    el.classList.remove("editing");
    if (go !== "stay") back(el, go);
  };
  made.addEventListener("submit", (e) => { e.preventDefault(); e.stopPropagation(); end(true, el.matches("td") ? "down" : ""); });
  made.addEventListener("focusout", (e) => { if (!made.contains(e.relatedTarget)) setTimeout(() => { if (!made.contains(document.activeElement)) end(true, "stay"); }, 120); });
  made.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { e.preventDefault(); e.stopPropagation(); end(false); }
    else if (e.key === "Enter" && !e.defaultPrevented && (e.ctrlKey || e.metaKey || !e.target.matches("textarea,button,[contenteditable]"))) { e.preventDefault(); end(true, el.matches("td") ? "down" : ""); }
    else if (e.key === "Tab" && el.matches("td") && made.querySelectorAll("input:not([type=hidden]),select,textarea").length === 1) { e.preventDefault(); end(true, e.shiftKey ? "left" : "right"); }
    e.stopPropagation();
  });
}
export async function edit(el) {
  if (el.classList.contains("editing")) return;
  const answer = await ask(address(el));
  if (!answer) return;
  if (!answer.ok) { toast(problem(answer), { tone: "bad" }); return; }
  if (el.dataset.edit === "menu") choose(el, answer.data); else form(el, answer.data);
}
