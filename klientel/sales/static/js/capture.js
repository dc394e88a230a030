// The quick form on a bad network: what was typed stays, is sent again as soon as there is a connection, and counts once.
import { ask } from "./net.js";
const area = document.querySelector("[data-capture-area]");
let sending = false, again = null;
async function send(form, submitter) {
  if (sending) return;
  sending = true;
  submitter?.classList.add("busy");
  const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
  sending = false;
  submitter?.classList.remove("busy");
  if (answer === null) { again = () => send(form, submitter); return; }
  again = null;
  if (answer.data?.location) { location.assign(answer.data.location); return; }
  if (typeof answer.data !== "string") return;
  const photo = form.elements.photo.files;
  area.innerHTML = answer.data;
  area.querySelector("[name=photo]").files = photo; // the server cannot send it back
  area.dispatchEvent(new CustomEvent("ui:swapped", { bubbles: true }));
  (area.querySelector(".errors, [type=radio]") || area).focus();
}
area.addEventListener("submit", (e) => { e.preventDefault(); send(e.target, e.submitter); });
addEventListener("online", () => again?.());
