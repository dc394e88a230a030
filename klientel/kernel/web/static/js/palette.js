// Command palette: a combobox whose focus stays in the field. Places come when it first opens, records while one types.
import { ask } from "./net.js";
import { say } from "./words.js";
const palette = document.querySelector("#palette");
const fold = (s) => s.toLowerCase().replace(/ä|ae/g, "a").replace(/ö|oe/g, "o").replace(/ü|ue/g, "u").replace(/ß/g, "ss").normalize("NFD").replace(/\p{M}/gu, "");
function start() {
  const input = palette.querySelector("input"), found = palette.querySelector("[data-found]"), none = palette.querySelector("[data-none]"), places = palette.querySelector("[data-places]");
  const all = () => [...palette.querySelectorAll("[role=option]")], shown = () => all().filter((o) => !o.hidden);
  const chosen = () => shown().find((o) => o.getAttribute("aria-selected") === "true");
  let waiting = null, timer = 0, entered = false;
  const pick = (o) => {
    for (const x of all()) x.setAttribute("aria-selected", x === o);
    if (o) { input.setAttribute("aria-activedescendant", o.id); o.scrollIntoView({ block: "nearest" }); } else input.removeAttribute("aria-activedescendant");
  };
  const settle = (keep) => {
    for (const g of palette.querySelectorAll("[role=group]")) g.hidden = !g.querySelector("[role=option]:not([hidden])");
    const n = shown().length;
    pick(keep && !keep.hidden && keep.isConnected ? keep : shown()[0]); none.hidden = n > 0; palette.querySelector("[role=status]").textContent = say("hits", { n });
  };
  const filter = (keep) => {
    const wanted = fold(input.value.trim()).split(/\s+/);
    for (const o of all()) if (!found.contains(o)) o.hidden = !wanted.every((w) => fold(`${o.textContent} ${o.dataset.alias || ""}`).includes(w));
    settle(keep);
  };
  const search = async () => {
    waiting?.abort(); waiting = new AbortController();
    const answer = await ask(`${palette.dataset.url}?q=${encodeURIComponent(input.value.trim())}`, { signal: waiting.signal, quiet: true });
    if (!answer?.ok || typeof answer.data !== "string") return;
    const keep = chosen();
    found.innerHTML = answer.data; // our own template, escaped by the server
    settle(input.value.trim() && keep); // Enter opens what was chosen when it was pressed, also when results come late
  };
  const load = async () => {
    const answer = await ask(palette.dataset.placesUrl, { quiet: true });
    if (!answer?.ok || typeof answer.data !== "string") return;
    const keep = chosen();
    places.innerHTML = answer.data; // our own template, escaped by the server
    filter(keep);
    if (entered && palette.open && shown()[0]) go(shown()[0]); // Enter was pressed before there was anything to open
  };
  input.addEventListener("input", () => { entered = false; filter(); clearTimeout(timer); timer = setTimeout(search, 90); });
  input.addEventListener("keydown", (e) => {
    const list = shown(), i = list.indexOf(chosen());
    if (e.key === "ArrowDown") { e.preventDefault(); pick(list[(i + 1) % list.length]); }
    else if (e.key === "ArrowUp") { e.preventDefault(); pick(list.at(i - 1)); }
    else if (e.key === "Enter" && list[i]) { e.preventDefault(); go(list[i], e.ctrlKey || e.metaKey); }
    else if (e.key === "Enter") entered = !places.hasChildNodes();
  });
  const go = (option, apart) => { palette.close(); if (apart) open(option.dataset.href); else location.href = option.dataset.href; };
  palette.addEventListener("click", (e) => { const o = e.target.closest("[role=option]"); if (o) go(o, e.ctrlKey || e.metaKey); });
  input.addEventListener("focus", () => input.select()); // at once: "toggle" comes later, and would select what was typed meanwhile
  palette.addEventListener("toggle", () => { if (palette.open) { entered = false; if (!places.hasChildNodes()) load(); if (!found.hasChildNodes()) search(); else settle(); } });
}
if (palette) start();
