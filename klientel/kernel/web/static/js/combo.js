// Links to other records: a <select> becomes a type-ahead combobox; several choices become chips. The select keeps the value.
import { ask } from "./net.js";
import { say } from "./words.js";
let made = 0;
const bound = new WeakSet();
function chips(select, box, input) {
  for (const old of box.querySelectorAll(".combo-chip")) old.remove();
  for (const option of select.selectedOptions) {
    if (!option.value) continue;
    const chip = document.createElement("span"), x = document.createElement("button");
    chip.className = "tag combo-chip"; chip.textContent = option.textContent;
    x.type = "button"; x.setAttribute("aria-label", `${say("remove")}: ${option.textContent}`); x.textContent = "×";
    x.addEventListener("click", () => { option.selected = false; chips(select, box, input); changed(select); input.focus(); });
    chip.append(x); box.insertBefore(chip, input);
  }
}
const changed = (select) => { for (const name of ["input", "change"]) select.dispatchEvent(new Event(name, { bubbles: true })); };
function take(select, id, title) {
  let option = [...select.options].find((o) => o.value === id);
  if (!option) { option = new Option(title, id); select.append(option); }
  option.selected = true;
  changed(select);
}
function build(select) {
  made += 1;
  const many = select.multiple, box = document.createElement("div"), input = document.createElement("input"), list = document.createElement("ul");
  const id = `combo-${made}`;
  box.className = many ? "combo many inp" : "combo";
  input.className = many ? "combo-in" : "inp"; input.type = "text"; input.autocomplete = "off"; input.spellcheck = false;
  for (const [k, v] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list" })) input.setAttribute(k, v);
  for (const k of ["aria-describedby", "aria-invalid", "aria-label"]) if (select.hasAttribute(k)) input.setAttribute(k, select.getAttribute(k));
  input.id = `${select.id || id}-text`; input.placeholder = select.dataset.placeholder || "";
  const label = select.id ? document.querySelector(`label[for="${CSS.escape(select.id)}"]`) : null;
  if (label) label.htmlFor = input.id;
  list.className = "combo-list menu"; list.id = id; list.setAttribute("role", "listbox"); list.hidden = true;
  list.setAttribute("aria-label", label?.textContent.trim() || select.getAttribute("aria-label") || "");
  select.hidden = true; select.tabIndex = -1; if (select.required) select.required = false;
  select.after(box); box.append(input, list);
  return { select, many, box, input, list };
}
function wire({ select, many, box, input, list }) {
  let timer = 0, waiting = null;
  const options = () => [...list.children], chosen = () => list.querySelector("[aria-selected=true]");
  const shown = () => select.selectedOptions[0]?.value ? select.selectedOptions[0].textContent.trim() : "";
  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
  const mark = (o) => { for (const x of options()) x.setAttribute("aria-selected", x === o); if (o) { input.setAttribute("aria-activedescendant", o.id); o.scrollIntoView({ block: "nearest" }); } };
  const pick = (o) => { if (!o?.dataset.id) return; take(select, o.dataset.id, o.dataset.title); if (many) { chips(select, box, input); input.value = ""; } else input.value = o.dataset.title; close(); };
  const show = (items) => {
    list.replaceChildren(...items.map((item, i) => {
      const li = document.createElement("li"), sub = document.createElement("span");
      li.id = `${list.id}-${i}`; li.setAttribute("role", "option"); li.setAttribute("aria-selected", i === 0); li.dataset.id = item.id; li.dataset.title = item.title;
      li.textContent = item.title; sub.className = "end"; sub.textContent = item.sub || ""; li.append(sub);
      return li;
    }));
    if (!items.length) { const li = document.createElement("li"); li.className = "none"; li.textContent = say("noMatch"); list.append(li); }
    list.hidden = false; input.setAttribute("aria-expanded", "true");
    if (items.length) mark(list.firstElementChild);
  };
  const search = async () => {
    waiting?.abort(); waiting = new AbortController();
    const join = select.dataset.combo.includes("?") ? "&" : "?";
    const answer = await ask(`${select.dataset.combo}${join}q=${encodeURIComponent(input.value.trim())}`, { signal: waiting.signal, quiet: true });
    if (answer?.ok && document.activeElement === input) show(answer.data.items);
  };
  input.value = many ? "" : shown();
  if (many) chips(select, box, input);
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  input.addEventListener("click", () => { if (list.hidden) search(); });
  input.addEventListener("keydown", (e) => {
    const all = options(), i = all.indexOf(chosen());
    if (e.key === "ArrowDown") { e.preventDefault(); if (list.hidden) search(); else mark(all[(i + 1) % all.length]); }
    else if (e.key === "ArrowUp" && !list.hidden) { e.preventDefault(); mark(all.at(i - 1)); }
    else if (e.key === "Enter" && !list.hidden) { e.preventDefault(); pick(chosen()); }
    else if (e.key === "Escape" && !list.hidden) { e.preventDefault(); e.stopPropagation(); close(); }
    else if (e.key === "Backspace" && many && !input.value) { const tags = box.querySelectorAll(".combo-chip button"); tags[tags.length - 1]?.click(); }
  });
  list.addEventListener("mousedown", (e) => { e.preventDefault(); pick(e.target.closest("[role=option]")); });
  input.addEventListener("blur", () => { close(); if (many) { input.value = ""; return; } if (input.value.trim()) input.value = shown(); else if (select.value) { select.value = ""; changed(select); } });
}
export function enhance(root) {
  for (const select of root.querySelectorAll("select[data-combo]")) {
    if (bound.has(select)) continue;
    bound.add(select);
    wire(build(select));
  }
}
