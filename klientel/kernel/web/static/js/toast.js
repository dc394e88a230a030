// Messages, with a way to take back what was done or to go on (`link`: words and address). The time stands still while pointer or focus rest on one. Undo posts to the address the server gave.
import { say } from "./words.js";
const box = document.querySelector(".toasts");
export function toast(text, { undo, link, ms = 7000, tone = "" } = {}) {
  if (!box) return;
  const item = document.createElement("div");
  item.className = `toast ${tone}`;
  const words = document.createElement("span");
  words.textContent = text;
  item.append(words);
  if (undo) item.append(undoButton(undo, item));
  if (link) {
    const to = document.createElement("a");
    [to.textContent, to.href] = link; to.className = "btn sm";
    item.append(to);
  }
  box.append(item);
  let left = ms, start = Date.now(), timer = setTimeout(() => item.remove(), left);
  const hold = () => { clearTimeout(timer); left -= Date.now() - start; };
  const go = () => { start = Date.now(); timer = setTimeout(() => item.remove(), Math.max(left, 1500)); };
  item.addEventListener("pointerenter", hold); item.addEventListener("pointerleave", go);
  item.addEventListener("focusin", hold); item.addEventListener("focusout", go);
}
function undoButton(undo, item) {
  const button = document.createElement("button");
  button.type = "button"; button.className = "btn sm"; button.textContent = say("undo");
  button.addEventListener("click", async () => {
    button.classList.add("busy");
    if (typeof undo === "function") { undo(); item.remove(); return; }
    const { ask, problem } = await import("./net.js");
    const answer = await ask(undo, { method: "POST" });
    item.remove();
    if (!answer) return;
    if (!answer.ok) { toast(problem(answer), { tone: "bad" }); return; }
    if (answer.data?.see) { location.href = answer.data.see; return; }
    sessionStorage.setItem("ui.toast", say("undone"));
    sessionStorage.setItem("ui.toast.undo", answer.data?.undo || "");
    location.reload();
  });
  return button;
}
document.addEventListener("ui:toast", (e) => toast(e.detail.text, e.detail));
// What the last page left to say: messages that can be undone become toasts, so that they do not push the page down.
const kept = sessionStorage.getItem("ui.toast");
if (kept) {
  const again = sessionStorage.getItem("ui.toast.undo");
  sessionStorage.removeItem("ui.toast"); sessionStorage.removeItem("ui.toast.undo");
  toast(kept, { ms: again ? 7000 : 3000, undo: again || undefined });
}
for (const flash of document.querySelectorAll(".flashes [data-toast]")) {
  toast(flash.querySelector("p").textContent, { undo: flash.dataset.undo });
  flash.remove();
}
