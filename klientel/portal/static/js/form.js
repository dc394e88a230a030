// The page of a form works without this: here a small piece of work is done that bots shy away from, and buttons work once.
const form = document.querySelector("[data-form]");
const [nonce, bits] = (form?.dataset.work || ":0").split(":");
let busy = null, sent = false;
async function work() {
  const text = new TextEncoder(), out = form.querySelector("[name=worked]");
  for (let n = 0; crypto.subtle && !out.value; n += 1) {
    const head = new DataView(await crypto.subtle.digest("SHA-256", text.encode(`${nonce}:${n}`))).getUint32(0);
    if (head >>> (32 - Number(bits)) === 0) out.value = String(n);
  }
}
form?.addEventListener("input", () => { busy ??= work(); }, { once: true });
form?.addEventListener("submit", async (e) => {
  if (sent) { e.preventDefault(); return; }
  if (!form.querySelector("[name=worked]").value && crypto.subtle) {
    e.preventDefault();
    form.querySelector("[data-busy]").setAttribute("aria-busy", "true");
    await (busy ??= work());
    sent = true;
    form.submit();
    return;
  }
  sent = true;
  form.querySelector("[data-busy]").setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => { sent = false; form?.querySelector("[data-busy]").removeAttribute("aria-busy"); });
document.querySelector("[data-wrong]")?.focus();
// Within a frame of another site: say how high the page is.
if (parent !== window) {
  const tell = () => parent.postMessage({ klientelHeight: document.documentElement.getBoundingClientRect().height }, "*");
  new ResizeObserver(tell).observe(document.body);
  tell();
  addEventListener("message", (e) => {
    if (e.source === parent && form && typeof e.data?.klientelVisitor === "string") form.querySelector("[name=visitor]").value = e.data.klientelVisitor;
  });
}
