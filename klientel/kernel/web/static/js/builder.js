// The condition builder: groups (all, any, not), clauses over own and related fields, related records. Writes JSON into the form.
import { ask } from "./net.js";
import { enhance as combos } from "./combo.js";
const cache = new Map();
const schema = async (url) => { if (!cache.has(url)) cache.set(url, ask(url).then((a) => a?.data)); return cache.get(url); };
const make = (tag, attributes = {}, ...inside) => {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) { if (k in el && k !== "list") el[k] = v; else el.setAttribute(k, v); }
  el.append(...inside);
  return el;
};
const picker = (entries, value, label) => {
  const select = make("select", { className: "inp", ariaLabel: label });
  for (const [v, text] of entries) select.append(new Option(text, v, false, v === value));
  return select;
};
const button = (text, label, act, css = "btn ghost sm") => { const b = make("button", { type: "button", className: css, textContent: text }); if (label) b.setAttribute("aria-label", label); b.addEventListener("click", act); return b; };
class Clause {
  constructor(info, json, drop) {
    this.info = info; this.drop = drop;
    this.el = make("div", { className: "clause" });
    this.field = this.fields(json.has ? `has:${json.has}` : json.field || info.fields[0]?.path);
    this.rest = make("div", { className: "clause-rest" });
    this.el.append(this.field, this.rest, button("×", info.words.remove, () => this.drop(this), "btn ghost icon sm"));
    this.field.addEventListener("change", () => this.draw({}));
    this.draw(json);
  }
  fields(chosen) {
    const select = make("select", { className: "inp", ariaLabel: this.info.words.field }), groups = new Map();
    for (const f of this.info.fields) {
      if (!groups.has(f.group)) groups.set(f.group, f.group ? select.appendChild(make("optgroup", { label: f.group })) : select);
      groups.get(f.group).append(new Option(f.label, f.path, false, f.path === chosen));
    }
    if (this.info.relations.length) {
      const group = select.appendChild(make("optgroup", { label: this.info.words.related }));
      for (const r of this.info.relations) group.append(new Option(r.label, `has:${r.name}`, false, `has:${r.name}` === chosen));
    }
    return select;
  }
  async draw(json) {
    this.rest.replaceChildren(); this.inner = null;
    if (this.field.value.startsWith("has:")) { await this.related(json); return; }
    const found = this.info.fields.find((f) => f.path === this.field.value);
    if (!found) return;
    this.op = picker(found.ops.map(([k, l]) => [k, l]), json.op, this.info.words.comparison);
    this.slot = make("span", { className: "clause-value" });
    this.op.addEventListener("change", () => this.value(found, undefined));
    this.rest.append(this.op, this.slot);
    this.value(found, json.value);
  }
  async related(json) {
    const relation = this.info.relations.find((r) => `has:${r.name}` === this.field.value);
    const info = await schema(relation.url);
    this.times = make("input", { className: "inp times", type: "number", min: 1, value: json.times?.over === undefined ? 1 : json.times.over + 1, ariaLabel: this.info.words.times });
    this.inner = new Group(info, json.where || { all: [] }, null);
    this.rest.append(make("span", { className: "sm muted", textContent: this.info.words.times }), this.times, this.inner.el);
  }
  value(field, value) {
    const takes = field.ops.find(([k]) => k === this.op.value)?.[2];
    this.takes = takes; this.kept = undefined;
    if (takes === "none") { this.slot.replaceChildren(); return; }
    if (value && typeof value === "object" && !Array.isArray(value) && !value.me && !value.amount) { this.kept = value; this.slot.replaceChildren(make("code", { textContent: JSON.stringify(value) })); return; }
    const label = this.info.words.value, list = Array.isArray(value) ? value : value === undefined ? [] : [value];
    if (takes === "range") this.inputs = [0, 1].map((i) => this.input(field, list[i], label));
    else if (takes === "many") this.inputs = [this.choices(field, list, true, label)];
    else if (takes === "days") this.inputs = [make("input", { className: "inp", type: "number", value: value ?? 30, ariaLabel: label })];
    else if (takes === "text") this.inputs = [make("input", { className: "inp", value: value ?? "", ariaLabel: label })];
    else this.inputs = [field.options || field.to ? this.choices(field, list, false, label) : this.input(field, list[0], label)];
    this.slot.replaceChildren(...this.inputs);
    combos(this.slot);
  }
  input(field, value, label) { return make("input", { className: "inp", type: { date: "date", datetime: "datetime-local", number: "number" }[field.input] || "text", step: "any", value: value?.amount ?? value ?? "", ariaLabel: label }); }
  choices(field, list, many, label) {
    const select = make("select", { className: "inp", multiple: many, ariaLabel: label }), wanted = list.map((v) => (v?.me ? "@me" : v?.my_teams ? "@my_teams" : String(v)));
    if (!many) select.append(new Option("", ""));
    for (const [v, text] of field.options || []) select.append(new Option(text, v, false, wanted.includes(v)));
    for (const v of wanted) if (v && ![...select.options].some((o) => o.value === v)) select.append(new Option(this.info.titles?.[v] || v, v, true, true));
    if (field.to) select.dataset.combo = field.to;
    return select;
  }
  json() {
    if (this.inner) { const n = Number(this.times.value) || 1; return { has: this.field.value.slice(4), where: this.inner.json(), ...(n > 1 ? { times: { over: n - 1 } } : {}) }; }
    const clause = { field: this.field.value, op: this.op?.value };
    if (!this.op || this.takes === "none") return clause;
    const special = (v) => (v === "@me" ? { me: true } : v === "@my_teams" ? { my_teams: true } : v);
    if (this.kept) return { ...clause, value: this.kept };
    if (this.takes === "range") return { ...clause, value: this.inputs.map((i) => i.value) };
    if (this.takes === "days") return { ...clause, value: Math.trunc(Number(this.inputs[0].value)) };
    if (this.takes === "many") return { ...clause, value: [...this.inputs[0].selectedOptions].map((o) => special(o.value)).filter((v) => v !== "") };
    return { ...clause, value: special(this.inputs[0].value) };
  }
}
class Group {
  constructor(info, json, drop) {
    this.info = info; this.parts = [];
    const inverted = Boolean(json.not), inside = json.not || json, plain = Boolean(inside.all || inside.any), w = info.words;
    this.how = picker([["all", w.all], ["any", w.any], ["not", w.none]], inverted ? "not" : inside.any ? "any" : "all", w.group);
    this.body = make("div", { className: "group-parts" });
    const foot = make("div", { className: "row gap-s" }, button(`+ ${w.condition}`, "", () => this.add({}).el.querySelector("select").focus()), button(`+ ${w.group}`, "", () => this.add({ any: [] })));
    this.el = make("fieldset", { className: "group" }, make("div", { className: "row gap-s" }, this.how), this.body, foot);
    if (drop) this.el.firstElementChild.append(button("×", w.remove, () => drop(this), "btn ghost icon sm push"));
    for (const part of plain ? inside.all || inside.any : inside.field || inside.has ? [inside] : []) this.add(part);
  }
  add(json) {
    const drop = (p) => { this.parts.splice(this.parts.indexOf(p), 1); p.el.remove(); };
    const made = json.all || json.any || json.not ? new Group(this.info, json, drop) : new Clause(this.info, json, drop);
    this.parts.push(made); this.body.append(made.el);
    return made;
  }
  json() {
    const parts = this.parts.map((p) => p.json());
    return this.how.value === "not" ? { not: { any: parts } } : { [this.how.value]: parts };
  }
}
const bound = new WeakSet();
export function enhance(root) {
  for (const form of root.querySelectorAll("[data-builder]")) {
    if (bound.has(form)) continue;
    bound.add(form);
    const box = form.querySelector("[data-builder-body]"), out = form.querySelector("[name=where]");
    const start = async () => {
      if (box.childElementCount) return;
      const info = await schema(form.dataset.builder);
      if (!info) return;
      const group = new Group(info, JSON.parse(out.value || '{"all":[]}'), null);
      if (!group.parts.length) group.add({});
      box.replaceChildren(group.el);
      form.addEventListener("submit", () => { out.value = JSON.stringify(group.json()); });
      form.addEventListener("formdata", (e) => { const json = group.json(); e.formData.set("where", json.all && !json.all.length ? "" : JSON.stringify(json)); });
    };
    const dialog = form.closest("dialog");
    if (dialog) dialog.addEventListener("toggle", () => dialog.open && start()); else start();
  }
}
