// Formatted text: a small editor over the <textarea>, which keeps the HTML. The server cleans what arrives.
const bound = new WeakSet();
const LOOK = { b: "bold", i: "italic", ul: "insertUnorderedList", ol: "insertOrderedList" };
export function enhance(root) {
  for (const area of root.querySelectorAll("textarea[data-rich]")) {
    if (bound.has(area)) continue;
    bound.add(area);
    const editor = document.createElement("div"), label = area.labels?.[0];
    editor.className = "inp rich-edit"; editor.contentEditable = "true";
    editor.setAttribute("role", "textbox"); editor.setAttribute("aria-multiline", "true"); editor.setAttribute("aria-label", label?.textContent.trim() || area.getAttribute("aria-label") || "");
    editor.innerHTML = area.value; // cleaned by the server before it was stored
    area.hidden = true; area.after(editor);
    const bar = area.parentElement.querySelector("[data-rich-bar]");
    if (bar) {
      bar.hidden = false;
      bar.addEventListener("mousedown", (e) => {
        const look = e.target.closest("[data-look]");
        if (!look) return;
        e.preventDefault(); editor.focus(); document.execCommand(LOOK[look.dataset.look]);
      });
    }
    editor.addEventListener("input", () => { area.value = editor.textContent.trim() ? editor.innerHTML : ""; area.dispatchEvent(new Event("input", { bubbles: true })); });
    editor.addEventListener("paste", (e) => { e.preventDefault(); document.execCommand("insertText", false, e.clipboardData.getData("text/plain")); });
  }
}
