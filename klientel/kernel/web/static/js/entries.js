// Repeatable entries (mails, phones, addresses): add and remove rows. Without scripts there is always one empty row.
let made = 1000;
document.addEventListener("click", (e) => {
  const box = e.target.closest("[data-entries]");
  if (!box) return;
  if (e.target.closest("[data-add]")) {
    const row = box.querySelector("template").content.cloneNode(true);
    made += 1;
    for (const el of row.querySelectorAll("[name],[id],[for]")) {
      for (const at of ["name", "id", "for"]) if (el.hasAttribute(at)) el.setAttribute(at, el.getAttribute(at).replace("-n-", `-${made}-`));
    }
    const first = row.querySelector("input");
    box.querySelector("[data-rows]").append(row);
    first.focus();
  }
  const gone = e.target.closest("[data-remove]");
  if (gone) {
    const row = gone.closest("[data-row]"), next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    (next?.querySelector("input") || box.querySelector("[data-add]")).focus();
  }
});
