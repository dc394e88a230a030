// Lines of a quote: sums follow the typing (the server works them out), Enter goes to the next line.
import { ask } from "./net.js";
const form = document.querySelector("[data-quote-lines]"), list = form.querySelector("[data-order]");
let timer = 0, waiting = null, made = Math.max(0, ...[...list.children].map((row) => Number(row.dataset.line))) + 1;
const rows = () => [...list.children];
function add(kind, after) {
  const box = document.createElement("ol");
  box.innerHTML = form.querySelector(`[data-${kind}-template]`).innerHTML.replaceAll("-NEW-", `-${made}-`).replaceAll("NEW", made);
  const row = box.firstElementChild;
  made += 1;
  if (after) after.after(row); else list.append(row);
  row.dispatchEvent(new Event("ui:swapped", { bubbles: true }));
  return row;
}
function places() { for (const [i, row] of rows().entries()) row.querySelector("[name$=-place]").value = (i + 1) * 10; }
function put(row, values) {
  for (const [part, value] of Object.entries(values)) {
    const el = row.querySelector(`[name="line-${row.dataset.line}-${part}"]`);
    if (el && el !== document.activeElement && el.value !== value) el.value = value;
  }
}
function told(data) {
  for (const row of rows()) {
    const key = row.dataset.line, wrong = [];
    if (data.rows[key]) put(row, data.rows[key]);
    row.querySelector("[data-net]").textContent = data.nets[key] || "";
    for (const el of row.querySelectorAll("[data-part]")) {
      const text = data.errors[`line-${key}-${el.dataset.part}`];
      if (text) { el.setAttribute("aria-invalid", "true"); el.title = text; wrong.push(text); } else { el.removeAttribute("aria-invalid"); el.removeAttribute("title"); }
    }
    row.querySelector("[data-err]").textContent = wrong.join(" ");
  }
  form.querySelector("[data-err-of=discount]").textContent = data.errors.discount || "";
  form.querySelector("#discount").toggleAttribute("aria-invalid", Boolean(data.errors.discount));
  const sums = form.querySelector("[data-sums]");
  if (sums.innerHTML !== data.sums) sums.innerHTML = data.sums;
}
async function work() {
  waiting?.abort(); waiting = new AbortController();
  places();
  const answer = await ask(location.pathname, { method: "POST", body: new FormData(form), signal: waiting.signal, quiet: true });
  if (answer?.ok) { told(answer.data); form.dataset.worked = String(Number(form.dataset.worked || 0) + 1); }
}
// An answer to what stood here before is not waited for: it would put back what has been typed since.
const soon = (ms = 200) => { waiting?.abort(); clearTimeout(timer); timer = setTimeout(work, ms); };
form.addEventListener("input", (e) => { if (e.target.name) soon(e.target.matches("select") ? 0 : 200); });
form.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); form.querySelector("[name=save]").click(); return; }
  if (e.key !== "Enter" || e.shiftKey || e.altKey || e.defaultPrevented || !e.target.matches(".ql input[data-part], .ql select")) return;
  e.preventDefault();
  const row = e.target.closest(".ql"), next = row.nextElementSibling || add("line", row);
  (next.querySelector(`[data-part="${e.target.dataset.part}"]`) || next.querySelector("[data-part]")).focus();
});
form.addEventListener("click", (e) => {
  const more = e.target.closest("[name=add]"), gone = e.target.closest("[data-gone]");
  if (more) { e.preventDefault(); add(more.value).querySelector("[data-part]").focus(); }
  if (gone) {
    e.preventDefault();
    const row = gone.closest(".ql"), next = row.nextElementSibling || row.previousElementSibling;
    row.remove(); if (!list.children.length) add("line");
    (next || list.firstElementChild).querySelector("[data-part]").focus();
  }
});
// Without scripts there are several empty rows to fill; with them one is enough.
const empty = (row) => row && !row.matches(".is-section") && ["name", "price", "text", "product"].every((part) => !row.querySelector(`[data-part=${part}]`).value);
for (const row of rows().reverse()) if (empty(row) && empty(row.previousElementSibling)) row.remove(); else break;
new MutationObserver(() => soon(0)).observe(list, { childList: true });
