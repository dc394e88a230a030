// Facts of a record: the value is a link to the form; with scripts it becomes the field in place.
import { edit } from "./inline.js";
// On a phone the facts begin folded, so that next step and history come first.
if (matchMedia("(max-width: 47.99rem)").matches) for (const facts of document.querySelectorAll("details.facts")) facts.open = false;
document.addEventListener("click", (e) => {
  const value = e.target.closest("[data-facts] .val");
  if (!value || e.ctrlKey || e.metaKey || e.target.closest("a:not(.val)")) return;
  e.preventDefault();
  edit(value.closest("[data-field]"));
});
