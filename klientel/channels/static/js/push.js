// Switches notifications of this browser on and off, when somebody asks for it.
import { ask, problem } from "./net.js";
import { toast } from "./toast.js";
const root = document.querySelector("[data-push]"), form = root.querySelector("form");
const known = new Set(root.dataset.known.split(" ").filter(Boolean));
const show = (state) => { for (const el of root.querySelectorAll("[data-state]")) el.hidden = el.dataset.state !== state; };
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const recognised = async (endpoint) => {
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint)));
  return known.has([...found].map((b) => b.toString(16).padStart(2, "0")).join(""));
};
const worker = () => navigator.serviceWorker.register(root.dataset.worker);
async function state() {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator && "PushManager" in window)) return navigator.standalone === false ? "homescreen" : "unsupported";
  if (Notification.permission === "denied") return "denied";
  const there = await (await navigator.serviceWorker.getRegistration(root.dataset.worker))?.pushManager.getSubscription();
  return there && (await recognised(there.endpoint)) ? "on" : "off";
}
async function send(op, body) {
  const data = new FormData(form);
  data.set("op", op);
  data.set("subscription", body);
  const answer = await ask(location.pathname, { method: "POST", body: data });
  if (answer?.ok) location.reload();
  else if (answer) toast(problem(answer), { tone: "bad" });
}
async function on() {
  if ((await Notification.requestPermission()) !== "granted") return show(await state());
  const { pushManager } = await worker();
  await navigator.serviceWorker.getRegistration(root.dataset.worker).then((one) => one.installing && new Promise((done) => {
    one.installing.addEventListener("statechange", (e) => e.target.state === "activated" && done());
  }));
  await (await pushManager.getSubscription())?.unsubscribe();  // it may have been made for another key
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(root.dataset.key) });
  await send("on", JSON.stringify(made));
}
async function off() {
  const there = await (await navigator.serviceWorker.getRegistration(root.dataset.worker))?.pushManager.getSubscription();
  if (!there) return show("off");
  const text = JSON.stringify(there);
  await there.unsubscribe();
  await send("off", text);
}
root.addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (!what) return;
  event.preventDefault();
  (what === "on" ? on() : off()).catch((error) => { toast(`${root.dataset.failed} (${error.name})`, { tone: "bad" }); });
});
state().then(show);
