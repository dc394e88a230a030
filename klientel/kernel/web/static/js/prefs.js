// Theme and row height change at once and are kept with the login; the server writes them into the next page.
import { ask } from "./net.js";
const root = document.documentElement;
const quiet = { theme: "system", density: "standard" };
document.addEventListener("click", (e) => {
  const button = e.target.closest("[data-set-theme],[data-set-density]");
  if (!button) return;
  e.preventDefault();
  const key = button.dataset.setTheme === undefined ? "density" : "theme";
  const value = button.dataset.setTheme ?? button.dataset.setDensity;
  if (value === quiet[key]) delete root.dataset[key]; else root.dataset[key] = value;
  for (const other of button.closest(".menu")?.querySelectorAll(`[data-set-${key}]`) ?? []) other.setAttribute("aria-checked", other === button);
  const body = new FormData();
  body.set(key, value);
  ask("/preferences", { method: "POST", body });
});
