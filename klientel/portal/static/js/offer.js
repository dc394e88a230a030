// The page of a quote works without this: here sums follow the options, a signature can be drawn, and buttons work once.
const form = document.querySelector("[data-offer]");
const sums = form?.querySelector("[data-sums]");
if (form?.dataset.opened && document.visibilityState === "visible") fetch(form.dataset.opened, { method: "POST" }).catch(() => {});
form?.querySelector("[data-sum]")?.setAttribute("hidden", "");
const chooses = (one) => one.name === "option" || one.name.startsWith("instead-");
let asked = 0;
form?.addEventListener("change", async (e) => {
  if (!chooses(e.target)) return;
  const mine = ++asked, body = new FormData();
  for (const one of form.querySelectorAll(".offer-lines :checked")) body.append(one.name, one.value);
  body.append("sum", "1");
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [fresh, rows] = [page.querySelector("[data-sums]"), page.querySelectorAll(".offer-lines tbody tr")];
    if (mine !== asked || !answer.ok || !fresh) return;
    sums.replaceChildren(...fresh.childNodes);
    form.querySelectorAll(".offer-lines tbody tr").forEach((row, n) => {
      row.className = rows[n].className;
      row.lastElementChild.textContent = rows[n].lastElementChild.textContent;
    });
  } catch { form.querySelector("[data-sum]").hidden = false; }
});
let sent = false;
form?.addEventListener("submit", (e) => {
  if (sent) { e.preventDefault(); return; }
  if (e.submitter?.hasAttribute("data-busy")) { sent = true; e.submitter.setAttribute("aria-busy", "true"); }
  if (e.submitter?.name === "accept" && drawn) form.querySelector("[data-drawn]").value = canvas.toDataURL("image/png");
});
addEventListener("pageshow", () => { sent = false; });
form?.addEventListener("keydown", (e) => { // an answer is given by its button, never by a key in a field
  if (e.key !== "Enter" || !e.target.matches("input.inp, [name=agree]")) return;
  e.preventDefault();
  e.target.closest("section").querySelector("[data-busy]").focus();
});
const canvas = form?.querySelector("[data-canvas]");
let drawn = false;
if (canvas) {
  form.querySelector("[data-sign]").hidden = false;
  const pen = canvas.getContext("2d");
  const before = form.querySelector("[data-drawn]").value.split(",")[1]; // drawn before the page came back with a fault
  if (before) {
    const bytes = Uint8Array.from(atob(before), (c) => c.charCodeAt(0));
    createImageBitmap(new Blob([bytes], { type: "image/png" })).then((picture) => { pen.drawImage(picture, 0, 0); drawn = true; }, () => {});
  }
  let last = null;
  const at = (e) => { const box = canvas.getBoundingClientRect(); return [(e.clientX - box.left) * canvas.width / box.width, (e.clientY - box.top) * canvas.height / box.height]; };
  canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); last = at(e); e.preventDefault(); });
  canvas.addEventListener("pointermove", (e) => {
    if (!last) return;
    const now = at(e);
    Object.assign(pen, { lineWidth: 5, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
    pen.beginPath(); pen.moveTo(...last); pen.lineTo(...now); pen.stroke();
    last = now; drawn = true;
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
  form.querySelector("[data-clear]").addEventListener("click", () => { pen.clearRect(0, 0, canvas.width, canvas.height); drawn = false; form.querySelector("[data-drawn]").value = ""; });
}
