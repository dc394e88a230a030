// Behaviour of the pages. Events are delegated on document, so that they hold after every swap without binding again.
import "./prefs.js"; import "./menu.js"; import "./dialogs.js"; import "./palette.js"; import "./keys.js"; import "./toast.js";
import "./forms.js"; import "./tabs.js"; import "./ago.js"; import "./live.js"; import { begin } from "./focus.js";
const modules = {
  "[data-grid]": "./grid.js", "[data-builder]": "./builder.js", "[data-combo]": "./combo.js",
  "[data-entries]": "./entries.js", "[data-file]": "./files.js", "[data-similar]": "./similar.js", "[data-facts]": "./facts.js",
  "[data-composer]": "./composer.js", "[data-rich]": "./rich.js", "[data-poll]": "./progress.js", "[data-twins]": "./twins.js", "[data-ruled]": "./ruled.js", "[data-tree]": "./tree.js",
  "[data-order]": "./order.js", "[data-board]": "./board.js", "[data-calendar]": "./calendar.js", "[data-call], [data-call-form]": "./call.js",
};
export function load(root = document) {
  const wanted = Object.entries(modules).filter(([selector]) => root.querySelector(selector));
  return Promise.all(wanted.map(([, file]) => import(file).then((m) => m.enhance?.(root))));
}
load().then(() => { begin(); document.documentElement.dataset.ready = "1"; });
// After a swap the scripts of what is new are loaded, and focus stays where it was or goes to the content.
let focused = "";
document.addEventListener("htmx:before:request", () => { focused = document.activeElement?.id || ""; });
document.addEventListener("htmx:after:swap", () => {
  load();
  if (document.activeElement !== document.body) return;
  (document.getElementById(focused) || document.getElementById("main"))?.focus({ preventScroll: true });
});
document.addEventListener("ui:swapped", (e) => load(e.target));
