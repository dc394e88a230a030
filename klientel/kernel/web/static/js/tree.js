// Branches of a tree are fetched when they are opened; "show more" adds to the level it stands on.
import { ask } from "./net.js";
const bound = new WeakSet();
const part = (text) => new DOMParser().parseFromString(text, "text/html").querySelector(".branch");
async function open(e) {
  const details = e.target;
  if (!details.matches?.("[data-branch]") || !details.open) return;
  const answer = await ask(details.dataset.branch);
  if (!answer?.ok) return;
  details.removeAttribute("data-branch");
  details.append(part(answer.data));
}
async function more(e) {
  const link = e.target.closest("[data-branch-more]");
  if (!link) return;
  e.preventDefault();
  const answer = await ask(link.href);
  if (!answer?.ok) return;
  const rows = [...part(answer.data).children];
  link.closest("li").replaceWith(...rows);
  rows[0]?.querySelector("a, summary")?.focus();
}
export function enhance(root) {
  for (const box of root.querySelectorAll("[data-tree]")) {
    if (bound.has(box)) continue;
    bound.add(box);
    box.addEventListener("toggle", open, true);
    box.addEventListener("click", more);
  }
}
