import { keep } from "./focus.js";
import { ask, problem } from "./net.js";
import { toast } from "./toast.js";
import { language, say } from "./words.js";
// Files: what was chosen or dropped is named with its size and can be taken back; data-upload sends it at once.
const STEPS = ["byte", "kilobyte", "megabyte", "gigabyte"];
export function size(bytes) {
  const step = Math.min(STEPS.length - 1, bytes && Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(language, { style: "unit", unit: STEPS[step], maximumFractionDigits: step ? 1 : 0 }).format(bytes / 1000 ** step);
}
function line(file) {
  const row = document.createElement("span"), name = document.createElement("b"), much = document.createElement("span");
  name.className = "med trunc"; name.textContent = name.title = file.name;
  much.className = "muted nowrap"; much.textContent = size(file.size);
  row.append(name, much);
  return row;
}
export function show(input) {
  const box = input.closest("[data-file]")?.querySelector("[data-chosen]");
  if (!box) return;
  box.replaceChildren(...[...input.files].map(line));
  if (!input.files.length) return;
  const away = document.createElement("button");
  away.type = "button"; away.className = "btn ghost sm"; away.textContent = say("remove");
  away.addEventListener("click", () => { input.value = ""; input.focus(); show(input); });
  box.lastElementChild.append(away);
}
async function send(input) {
  const label = input.closest("label");
  label.classList.add("busy");
  const answer = await ask(input.form.action, { method: "POST", body: new FormData(input.form) });
  label.classList.remove("busy");
  if (answer?.ok) { keep(input); location.reload(); }
  else if (answer) toast(answer.data?.refused?.message || problem(answer), { tone: "bad" });
}
document.addEventListener("change", (e) => {
  if (e.target.type !== "file") return;
  if (e.target.matches("[data-upload]")) { if (e.target.files.length) send(e.target); } else show(e.target);
});
const within = (e) => (e.dataTransfer?.types.includes("Files") ? e.target.closest?.("[data-file]") : null);
const over = (box) => { for (const one of document.querySelectorAll("[data-file].over")) if (one !== box) one.classList.remove("over"); box?.classList.add("over"); };
document.addEventListener("dragover", (e) => { const box = within(e); over(box); if (box) e.preventDefault(); });
document.addEventListener("dragleave", (e) => { if (!e.relatedTarget) over(null); });
document.addEventListener("drop", (e) => {
  const box = within(e), input = box?.querySelector("input[type=file]");
  over(null);
  if (!input) return;
  e.preventDefault();
  const given = new DataTransfer();
  for (const file of [...e.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) given.items.add(file);
  input.files = given.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.focus();
});
// What was chosen before the script came, or before the browser went back to this page.
export const enhance = (root) => { for (const input of root.querySelectorAll("[data-file] input[type=file]:not([data-upload])")) show(input); };
