// Timeline: filters and older entries are fetched in place; without scripts they are links.
import { ask } from "./net.js";
async function swap(url, push) {
  const box = document.querySelector("[data-timeline]");
  box.setAttribute("aria-busy", "true");
  const answer = await ask(url);
  box.removeAttribute("aria-busy");
  if (!answer?.ok || typeof answer.data !== "string") return;
  const shell = document.createElement("div");
  shell.innerHTML = answer.data; // our own template, escaped by the server
  const fresh = shell.querySelector("[data-timeline]");
  if (!fresh) return;
  if (push) { box.replaceWith(fresh); fresh.querySelector("[aria-current]")?.focus(); }
  else { box.querySelector("[data-older]")?.replaceWith(...fresh.querySelector("[data-events]").childNodes, ...fresh.querySelectorAll("[data-older]")); }
}
document.addEventListener("click", (e) => {
  const link = e.target.closest("[data-timeline] [data-filter], [data-timeline] [data-older] a");
  if (!link || e.ctrlKey || e.metaKey) return;
  e.preventDefault();
  swap(link.dataset.part || link.href, Boolean(link.dataset.filter));
});
