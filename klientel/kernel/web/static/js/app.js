// Behaviour of the pages. Events are delegated on document, so that they hold after every swap without binding again.
import "./prefs.js"; import "./menu.js"; import "./dialogs.js"; import "./palette.js"; import "./keys.js"; import "./toast.js";
import "./forms.js"; import "./ago.js"; import "./live.js";
const modules = {
  "[data-grid]": "./grid.js", "[role=tablist]": "./tabs.js", "[data-builder]": "./builder.js", "[data-combo]": "./combo.js",
  "[data-entries]": "./entries.js", "[data-similar]": "./similar.js", "[data-facts]": "./facts.js",
  "[data-timeline]": "./timeline.js", "[data-composer]": "./composer.js", "[data-rich]": "./rich.js", "[data-poll]": "./progress.js",
};
export function load(root = document) {
  for (const [selector, file] of Object.entries(modules)) {
    if (root.querySelector(selector)) import(file).then((m) => m.enhance?.(root));
  }
}
load();
document.addEventListener("htmx:after:swap", (e) => load(e.target instanceof Element ? e.target : document));
document.addEventListener("ui:swapped", (e) => load(e.target));
