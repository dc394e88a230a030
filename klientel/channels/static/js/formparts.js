// What a form asks: parts are added and taken away at once, and the preview follows (the server draws it).
import { ask } from "./net.js";
const form = document.querySelector("[data-form-parts]"), list = form.querySelector("[data-order]");
let timer = 0, waiting = null, made = Math.max(0, ...[...list.children].map((row) => Number(row.dataset.part))) + 1;
function add(role) {
  const box = document.createElement("ol");
  box.innerHTML = form.querySelector(`[data-template="${role}"]`).innerHTML.replaceAll("NEW", made);
  made += 1;
  const row = box.firstElementChild;
  list.append(row);
  row.dispatchEvent(new Event("ui:swapped", { bubbles: true }));
  return row;
}
async function show() {
  waiting?.abort(); waiting = new AbortController();
  for (const [i, row] of [...list.children].entries()) row.querySelector("[name$=-place]").value = (i + 1) * 10;
  const answer = await ask(location.pathname, { method: "POST", body: new FormData(form), signal: waiting.signal, quiet: true });
  if (answer?.ok) form.querySelector("[data-preview]").outerHTML = answer.data;
}
const soon = (ms = 250) => { clearTimeout(timer); timer = setTimeout(show, ms); };
form.addEventListener("input", (e) => { if (e.target.name) soon(); });
form.addEventListener("keydown", (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); form.querySelector("[name=save]").click(); } });
form.addEventListener("click", (e) => {
  const more = e.target.closest("[name=add]"), gone = e.target.closest("[data-gone]");
  if (more) { e.preventDefault(); add(more.value).querySelector("[data-first]").focus(); }
  if (gone) {
    e.preventDefault();
    const row = gone.closest(".fp"), next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    (next?.querySelector("[data-first]") || form.querySelector("[name=add]")).focus();
  }
});
new MutationObserver(() => soon(0)).observe(list, { childList: true });
