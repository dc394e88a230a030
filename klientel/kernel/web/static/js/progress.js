// Work in the background: the page asks for its progress until it is done, then shows the result.
import { ask } from "./net.js";
async function look(box) {
  const answer = await ask(box.dataset.poll, { quiet: true });
  if (answer?.ok) {
    const { done, total, text, ready } = answer.data, bar = box.querySelector("progress");
    if (total) { bar.max = total; bar.value = done; }
    box.querySelector("[data-text]").textContent = text;
    if (ready) { location.reload(); return; }
  }
  if (box.isConnected) setTimeout(() => look(box), 1000);
}
const bound = new WeakSet();
export function enhance(root) {
  for (const box of root.querySelectorAll("[data-poll]")) if (!bound.has(box)) { bound.add(box); look(box); }
}
