// Warns of likely duplicates while somebody types. The server compares and renders the warning.
import { ask } from "./net.js";
const bound = new WeakSet();
export function enhance(root) {
  for (const form of root.querySelectorAll("form[data-similar]")) {
    if (bound.has(form)) continue;
    bound.add(form);
    const box = form.querySelector("[data-similar-box]");
    let timer = 0, waiting = null, before = "";
    const look = async () => {
      const body = new FormData(form);
      for (const [name, value] of [...body]) if (typeof value !== "string") body.delete(name);
      const now = new URLSearchParams([...body].filter(([k, v]) => k !== "csrfmiddlewaretoken" && typeof v === "string")).toString();
      if (now === before) return;
      before = now;
      waiting?.abort(); waiting = new AbortController();
      const answer = await ask(form.dataset.similar, { method: "POST", body, signal: waiting.signal, quiet: true });
      if (answer?.ok && typeof answer.data === "string" && box.innerHTML.trim() !== answer.data.trim()) box.innerHTML = answer.data;
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 350); });
  }
}
