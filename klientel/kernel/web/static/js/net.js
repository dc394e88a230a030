// Requests of the scripts: token, JSON answers, one way to say that something failed.
import { say } from "./words.js";
import { toast } from "./toast.js";
const token = () => JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}")["X-CSRFToken"] || "";
export async function ask(url, { method = "GET", body, signal, quiet = false } = {}) {
  let answer, data;
  try {
    answer = await fetch(url, {
      method, body, signal, credentials: "same-origin", redirect: "manual",
      headers: { Accept: "application/json", "X-Requested-With": "fetch", ...(method === "GET" ? {} : { "X-CSRFToken": token() }) },
    });
    if (answer.type !== "opaqueredirect") data = await ((answer.headers.get("content-type") || "").includes("json") ? answer.json() : answer.text());
  } catch (error) {
    if (error.name !== "AbortError" && !quiet) toast(say("offline"), { tone: "bad" });
    return null;
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) { location.reload(); return null; }
  return { ok: answer.ok, status: answer.status, data };
}
export const problem = (answer) => answer?.data?.message || say("failed");
// htmx: one listener tells of every failure.
const failed = (e) => { if ((e.detail?.ctx?.response?.status ?? 500) !== 422) toast(say("failed"), { tone: "bad" }); };
document.addEventListener("htmx:response:error", failed);
document.addEventListener("htmx:error", () => toast(say("offline"), { tone: "bad" }));
