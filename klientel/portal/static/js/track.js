// Klientel measures visits where visitors agree. Before that nothing is stored with them and nothing is sent.
(() => {
  const S = "CONFIG", d = document, n = navigator, K = "klientel", now = Date.now;
  const quiet = n.globalPrivacyControl || n.doNotTrack === "1" || n.webdriver;
  const lang = (d.documentElement.lang || n.language || "").startsWith("de") ? "de" : "en", T = S.words[lang];
  const keep = (v) => { try { v === undefined ? localStorage.removeItem(K) : localStorage.setItem(K, v); } catch { /* closed */ } };
  const read = () => { try { return localStorage.getItem(K) || ""; } catch { return ""; } };
  let id = "", words = T.w, queue = [], timer = 0, bar = null, last = "";
  const post = (more) => fetch(S.at, { method: "POST", keepalive: true, credentials: "omit", referrerPolicy: "no-referrer", body: JSON.stringify({ v: id, w: words, l: lang, ...more }) })
    .then((r) => { if (r.status === 409) { id = ""; keep(); } }).catch(() => {});
  const flush = () => {
    clearTimeout(timer); timer = 0;
    while (id && queue.length) post({ e: queue.splice(0, 20).map(({ t, ...e }) => ({ ...e, a: (now() - t) / 1000 })) });
  };
  const tell = (k, name, u, p) => {
    if (!id) return;
    queue.push({ t: now(), k, n: String(name).slice(0, 160), u: u.split(/[?#]/)[0].slice(0, 300), p });
    if (queue.length >= 20) flush(); else timer ||= setTimeout(flush, 1000);
  };
  const page = () => {
    const at = location.origin + location.pathname;
    if (!id || at === last) return;
    const q = new URLSearchParams(location.search), from = d.referrer.startsWith(location.origin) || last ? "" : d.referrer;
    last = at;
    tell("page", d.title, at);
    Object.assign(queue[queue.length - 1], { r: from.split(/[?#]/)[0].slice(0, 300), s: q.get("utm_source") || "", c: q.get("utm_campaign") || "" });
  };
  const consent = (yes) => {
    bar?.remove(); bar = null;
    if (quiet || !yes) {
      if (id) { queue = []; post({ gone: true }); }
      id = ""; last = "";
      keep(S.ask && !yes && !quiet ? "no" : undefined);
    } else if (!id) {
      id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
      words = T.w;
      keep(`${id} ${words}`);
      page();
    }
    d.dispatchEvent(new Event("klientel-consent"));
  };
  const ask = () => {
    if (quiet || bar) return;
    const make = (tag, text, css, to) => { const e = d.createElement(tag); e.textContent = text; e.style.cssText = css; to.append(e); return e; };
    bar = make("section", "", "position:fixed;inset:auto 0 0 0;z-index:2147483647;padding:1rem;font:16px/1.5 system-ui,sans-serif;color-scheme:light dark;color:CanvasText;background:Canvas;border-top:1px solid GrayText;max-height:60vh;overflow:auto", d.body);
    bar.setAttribute("aria-label", T.h); bar.lang = lang;
    make("p", T.t, "margin:0 auto .75rem;max-width:60rem;white-space:pre-line", bar);
    const row = make("div", "", "display:grid;grid-template-columns:1fr 1fr;gap:.75rem;max-width:30rem;margin:auto", bar);
    for (const yes of [false, true]) make("button", yes ? T.y : T.n, "font:inherit;padding:.625rem;min-height:44px;border:1px solid CanvasText;border-radius:6px;color:ButtonText;background:ButtonFace;cursor:pointer", row).onclick = () => consent(yes);
  };
  const early = window.klientel;
  window.klientel = { consent, ask, visitor: () => id, event: (name, props) => tell("event", name, location.href, props) };
  const [stored, shown] = read().split(" ");
  if (stored.length === 32) { id = stored; words = shown || words; }
  if (id && quiet) consent(false);
  if (Array.isArray(early)) for (const [what, ...rest] of early) window.klientel[what]?.(...rest);
  page();
  if (S.ask && !id && stored !== "no") ask();
  addEventListener("popstate", page);
  const push = history.pushState;
  history.pushState = function (...args) { push.apply(this, args); setTimeout(page); };
  addEventListener("visibilitychange", flush);
  d.addEventListener("click", (e) => {
    if (e.target.closest("[data-klientel-ask]")) { e.preventDefault(); ask(); }
    const named = e.target.closest("[data-klientel-event]"), a = e.target.closest("a[href]");
    if (named) tell("event", named.dataset.klientelEvent, location.href);
    if (!a || !id) return;
    if (a.hasAttribute("download") || /\.(pdf|zip|csv|epub|stp|step|dwg|mp[34]|(doc|xls|ppt)x?|od[tsp])$/i.test(a.pathname)) tell("download", decodeURI(a.pathname).split("/").pop(), a.href);
    if (a.href.startsWith(S.forms)) { const to = new URL(a.href); to.searchParams.set("visitor", id); a.href = to; flush(); }
  }, true);
  d.addEventListener("submit", (e) => {
    if (!id || !e.target.action.startsWith(S.forms) || e.target.querySelector("[name=visitor]")) return;
    const i = d.createElement("input");
    Object.assign(i, { type: "hidden", name: "visitor", value: id });
    e.target.append(i);
    flush();
  }, true);
  d.dispatchEvent(new Event("klientel"));
})();
