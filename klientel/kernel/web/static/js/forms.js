// Forms: focus goes to the summary of errors, a button shows that it works, a second click sends nothing, drafts survive.
const summary = document.querySelector(".errors[tabindex]");
if (summary) summary.focus();
document.addEventListener("submit", (e) => {
  const form = e.target, button = e.submitter;
  if (e.defaultPrevented || form.method === "dialog" || form.method === "get") return;
  if (form.dataset.sent) { e.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => button?.classList.add("busy"), 100);
  if (form.dataset.draft) localStorage.removeItem(`draft.${form.dataset.draft}`);
  setTimeout(() => { delete form.dataset.sent; button?.classList.remove("busy"); }, 8000);
});
addEventListener("pageshow", (e) => {
  if (!e.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll(".btn.busy")) button.classList.remove("busy");
});
// data-autosubmit: a select or checkbox that sends its form when it changes.
document.addEventListener("change", (e) => { if (e.target.matches("[data-autosubmit]")) e.target.form?.requestSubmit(); });
// Drafts of longer texts, per page and form.
for (const form of document.querySelectorAll("form[data-draft]")) {
  const area = form.querySelector("textarea"), key = `draft.${form.dataset.draft}`;
  if (!area) continue;
  if (!area.value) area.value = localStorage.getItem(key) || "";
  area.addEventListener("input", () => { if (area.value) localStorage.setItem(key, area.value); else localStorage.removeItem(key); });
}
// Fields that matter only for one choice: data-shows="name=value".
const dependent = () => {
  for (const box of document.querySelectorAll("[data-when]")) {
    const [name, value] = box.dataset.when.split("="), scope = box.closest("form") || document;
    const source = scope.querySelector(`[name="${CSS.escape(name)}"]:checked, select[name="${CSS.escape(name)}"]`);
    box.hidden = !value.split("|").includes(source?.value);
  }
};
document.addEventListener("change", dependent);
dependent();
