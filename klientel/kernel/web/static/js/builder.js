// The condition builder: what its buttons and choices change is drawn by the server; what was typed goes along each time.
import { ask } from "./net.js";
import { toast } from "./toast.js";
import { problem } from "./net.js";
const bound = new WeakSet();
const named = (root) => [...root.querySelectorAll("[name]")];
function data(root, button) {
  const sent = new FormData();
  for (const el of named(root)) {
    if (el.tagName === "BUTTON" || ((el.type === "checkbox" || el.type === "radio") && !el.checked)) continue;
    for (const value of el.multiple ? [...el.selectedOptions].map((o) => o.value) : [el.value]) sent.append(el.name, value);
  }
  sent.append(`${root.dataset.prefix}!`, button);
  sent.append("prefix", root.dataset.prefix);
  return sent;
}
// What is typed while the server draws is put back into what it drew.
const held = (root) => {
  const found = new Map();
  for (const el of named(root)) {
    if (el.tagName === "BUTTON" || el.type === "hidden") continue;
    const some = found.get(el.name) || found.set(el.name, []).get(el.name);
    if (el.multiple) some.push(...[...el.selectedOptions].map((o) => o.value));
    else if (el.type !== "checkbox") some.push(el.value);
    else if (el.checked) some.push(el.value);
  }
  return found;
};
function putBack(root, sent, now) {
  let changed = false;
  for (const [name, values] of now) {
    if (JSON.stringify(values) === JSON.stringify(sent.get(name))) continue;
    changed = true;
    let n = 0;
    for (const el of root.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (el.multiple) for (const option of el.options) option.selected = values.includes(option.value);
      else if (el.type === "checkbox") el.checked = values.includes(el.value);
      else el.value = values[n++] ?? el.value;
    }
  }
  return changed;
}
const fresh = (text) => new DOMParser().parseFromString(text, "text/html").querySelector(".builder");
function after(root, button, before) {
  const [what, at] = button.split(" "), byId = (id) => root.querySelector(`#${CSS.escape(id)}`);
  if (what === "add" || what === "group") {
    const added = byId(at)?.querySelector(":scope > .group-parts > [data-part]:last-child");
    added?.querySelector("select.what")?.focus();
  } else if (what === "drop") {
    byId(`${at.split(":").slice(0, -1).join(":")}:add`)?.focus();
  } else if (before) byId(before)?.focus();
}
async function redraw(root, button) {
  root.setAttribute("aria-busy", "true");
  const mine = await drawn(root, button);
  if (mine === root.drawing) root.removeAttribute("aria-busy"); // a later one is still on its way otherwise
}
async function drawn(root, button) {
  let before = document.activeElement?.id || "";
  const waiting = (root.drawing?.abort(), (root.drawing = new AbortController()));
  const sent = held(root), answer = await ask(root.dataset.builder, { method: "POST", body: data(root, button), signal: waiting.signal });
  if (!answer?.ok) { if (answer) toast(problem(answer), { tone: "bad" }); return waiting; }
  const now = held(root), here = document.activeElement?.id;
  if (here && root.contains(document.activeElement)) before = here;
  root.replaceChildren(...fresh(answer.data).childNodes);
  const later = !button.startsWith("drop") && putBack(root, sent, now);
  root.dispatchEvent(new CustomEvent("ui:swapped", { bubbles: true }));
  await Promise.resolve();
  after(root, button, before.endsWith("-text") ? before.slice(0, -5) : before);
  if (later) speak(root);
  return waiting;
}
// What was chosen before this script was there.
const begun = (root) => [...root.querySelectorAll("select[data-redraw]")].some((s) => s.selectedIndex !== Math.max(0, [...s.options].findIndex((o) => o.defaultSelected)));
async function speak(root) {
  const waiting = (root.saying?.abort(), (root.saying = new AbortController()));
  const answer = await ask(root.dataset.builder, { method: "POST", body: data(root, "say " + root.dataset.prefix), signal: waiting.signal, quiet: true });
  if (!answer?.ok) return;
  for (const told of fresh(answer.data).querySelectorAll(".said")) {
    const here = root.querySelector(`#${CSS.escape(told.id)}`);
    if (here && here.textContent !== told.textContent) here.textContent = told.textContent;
  }
}
function wire(root) {
  let timer = 0;
  root.addEventListener("click", (e) => {
    const button = e.target.closest("button[name$='!']");
    if (!button) return;
    e.preventDefault();
    redraw(root, button.value);
  });
  root.addEventListener("change", (e) => { if (e.target.matches("[data-redraw]")) { clearTimeout(timer); redraw(root, `draw ${root.dataset.prefix}`); } });
  root.addEventListener("input", (e) => { if (e.target.tagName === "SELECT" && e.target.matches("[data-redraw]")) return; clearTimeout(timer); timer = setTimeout(() => speak(root), 350); });
  if (begun(root)) redraw(root, `draw ${root.dataset.prefix}`);
}
// The form of a filter stays in its dialog where something is refused, and leads to the list where nothing is.
async function apply(e) {
  e.preventDefault();
  const form = e.currentTarget, answer = await ask(form.action, { method: "POST", body: new FormData(form) });
  if (!answer) return;
  if (answer.data?.location) { location.assign(answer.data.location); return; }
  if (answer.status !== 422) { toast(problem(answer), { tone: "bad" }); return; }
  const box = form.parentElement;
  box.innerHTML = answer.data;
  box.dispatchEvent(new CustomEvent("ui:swapped", { bubbles: true }));
  (box.querySelector("[data-bad] select, .err:not([hidden])") || box.querySelector("select"))?.focus();
}
export function enhance(root) {
  for (const one of root.matches?.("[data-builder]") ? [root, ...root.querySelectorAll("[data-builder]")] : root.querySelectorAll("[data-builder]")) {
    if (bound.has(one)) continue;
    bound.add(one);
    wire(one);
  }
  for (const form of root.querySelectorAll("[data-conditions]")) {
    if (bound.has(form)) continue;
    bound.add(form);
    form.addEventListener("submit", apply);
  }
}
