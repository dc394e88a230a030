// One stream per browser. Messages carry ids; what is shown is fetched under the viewer's own rights.
import { ask } from "./net.js";
import { toast } from "./toast.js";
import { say } from "./words.js";
const url = document.body.dataset.live;
let stream = null, wait = 2000;
function unread(n) {
  const bell = document.querySelector("#bell");
  if (!bell || n === undefined) return;
  let dot = bell.querySelector(".dot");
  if (!dot) { dot = document.createElement("span"); dot.className = "dot"; dot.setAttribute("aria-hidden", "true"); bell.append(dot); }
  dot.textContent = n; dot.hidden = !n;
}
async function notified() {
  const answer = await ask("/notifications/latest", { quiet: true });
  if (!answer?.ok) return;
  unread(answer.data.unread);
  document.querySelector("#bell")?.setAttribute("aria-label", answer.data.label);
  if (answer.data.text) toast(answer.data.text);
}
function changed(message) {
  document.dispatchEvent(new CustomEvent("live:record", { detail: message }));
  const page = document.querySelector(`[data-record="${CSS.escape(message.id)}"]`);
  if (!page || Number(page.dataset.version) >= (message.version ?? Infinity)) return;
  const bar = document.querySelector("#newer");
  if (bar) bar.hidden = false; else toast(say("newer"), { ms: 10000 });
}
function connect() {
  stream = new EventSource(url, { withCredentials: true });
  stream.addEventListener("open", () => { wait = 2000; });
  stream.addEventListener("hello", (e) => unread(JSON.parse(e.data).count));
  stream.addEventListener("notification", notified);
  stream.addEventListener("reload", () => toast(say("newer"), { ms: 10000 }));
  stream.addEventListener("record", (e) => changed(JSON.parse(e.data)));
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 120_000);
  });
}
if (url && "EventSource" in window) {
  if (document.readyState === "complete") connect(); else addEventListener("load", connect, { once: true });
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (e) => { if (e.persisted) connect(); });
}
