// Fields that a rule of the workspace shows or requires follow what is typed; what does not apply keeps what it holds.
import { ask } from "./net.js";
function put(form, { hidden, needed }) {
  for (const box of form.querySelectorAll("[data-name]")) {
    box.hidden = hidden.includes(box.dataset.name);
    box.toggleAttribute("data-needed", needed.includes(box.dataset.name));
  }
}
const bound = new WeakSet();
export function enhance(root) {
  for (const form of root.querySelectorAll("[data-ruled]")) {
    if (bound.has(form)) continue;
    bound.add(form);
    for (const box of form.querySelectorAll("[data-away]")) box.hidden = true;
    let timer = 0, waiting = null;
    const look = async () => {
      waiting?.abort(); waiting = new AbortController();
      const answer = await ask(form.dataset.ruled, { method: "POST", body: new FormData(form), signal: waiting.signal, quiet: true });
      if (answer?.ok) put(form, answer.data);
    };
    for (const name of ["input", "change"]) form.addEventListener(name, () => { clearTimeout(timer); timer = setTimeout(look, 250); });
  }
}
