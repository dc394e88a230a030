// Klientel measures visits where visitors agree. Before that nothing is stored with them and nothing is sent.
(() => {
  const S = "CONFIG", d = document, n = navigator, L = location, K = "klientel", now = Date.now;
  const quiet = n.globalPrivacyControl || n.doNotTrack === "1" || n.webdriver;
  const lang = (d.documentElement.lang || n.language || "").startsWith("de") ? "de" : "en", T = S.words[lang];
  const keep = (v) => { try { v ? localStorage.setItem(K, v) : localStorage.removeItem(K); } catch {} };
  const read = () => { try { return localStorage.getItem(K) || ""; } catch { return ""; } };
  const bare = (url) => url.split(/[?#]/)[0];
  let id = "", words = T.w, todo = [], timer = 0, bar, last = "";
  const post = (more) => fetch(S.at, { method: "POST", keepalive: true, credentials: "omit", referrerPolicy: "no-referrer", body: JSON.stringify({ v: id, w: words, l: lang, ...more }) })
    .then((r) => { if (r.status === 409) keep(id = ""); }).catch(() => {});
  const flush = () => {
    timer = clearTimeout(timer);
    while (id && todo.length) post({ e: todo.splice(0, 20).map(({ t, ...e }) => ({ ...e, a: (now() - t) / 1000 })) });
  };
  const tell = (k, name, url, more) => {
    if (!id) return;
    todo.push({ t: now(), k, n: name, u: bare(url), ...more });
    if (todo.length > 19) flush(); else timer ||= setTimeout(flush, 1000);
  };
  const page = () => {
    if (!id || bare(L.href) === last) return;
    const q = new URLSearchParams(L.search), r = last ? "" : bare(d.referrer);
    last = bare(L.href);
    tell("page", d.title, last, { r: r.startsWith(L.origin) ? "" : r, s: q.get("utm_source"), c: q.get("utm_campaign"), m: q.get("kv") });
  };
  const consent = (yes) => {
    bar = bar?.remove();
    if (quiet || !yes) {
      todo = [];
      if (id) post({ gone: true });
      id = last = "";
      keep(S.ask && !quiet && "no");
    } else if (!id) {
      id = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
      keep(`${id} ${words = T.w}`);
      page();
    }
    d.dispatchEvent(new Event("klientel-consent"));
  };
  const ask = () => {
    if (quiet || bar) return;
    const make = (tag, text, css, to) => { const e = d.createElement(tag); e.textContent = text; e.style.cssText = css; to.append(e); return e; };
    bar = make("section", "", "position:fixed;inset:auto 0 0;z-index:2147483647;padding:1rem;font:1rem/1.5 system-ui;color-scheme:light dark;color:CanvasText;background:Canvas;border-top:1px solid;max-height:60vh;overflow:auto", d.body);
    bar.ariaLabel = T.h; bar.lang = lang;
    make("p", T.t, "margin:0 auto .75rem;max-width:60rem;white-space:pre-line", bar);
    const row = make("div", "", "display:grid;grid-template-columns:1fr 1fr;gap:.75rem;max-width:30rem;margin:auto", bar);
    for (const yes of [false, true]) make("button", yes ? T.y : T.n, "font:inherit;min-height:44px;border:1px solid;color:ButtonText;background:ButtonFace", row).onclick = () => consent(yes);
  };
  window.klientel = { consent, ask, visitor: () => id, event: (name, p) => tell("event", name, L.href, { p }) };
  const [stored, shown] = read().split(" ");
  if (stored.length > 31) { id = stored; words = shown; }
  if (id && quiet) consent();
  page();
  if (S.ask && !stored) ask();
  addEventListener("popstate", page);
  const push = history.pushState;
  history.pushState = function (...args) { push.apply(this, args); setTimeout(page); };
  addEventListener("visibilitychange", flush);
  const on = (what, does) => d.addEventListener(what, does, true);
  on("click", (e) => {
    const near = (css) => e.target.closest(css), named = near("[data-klientel-event]"), a = near("a[href]");
    if (near("[data-klientel-ask]")) { e.preventDefault(); ask(); }
    if (named) tell("event", named.dataset.klientelEvent, L.href);
    if (!a || !id) return;
    if (a.hasAttribute("download") || /\.(pdf|zip|csv|epub|ste?p|dwg|mp[34]|(doc|xls|ppt)x?|od[tsp])$/i.test(a.pathname)) tell("download", "", a.href);
    if (a.href.startsWith(S.forms)) { const to = new URL(a.href); to.searchParams.set("visitor", id); a.href = to; flush(); }
  });
  on("submit", ({ target: form }) => {
    if (!id || !form.action.startsWith(S.forms) || form.visitor) return;
    const i = d.createElement("input");
    form.append(Object.assign(i, { type: "hidden", name: "visitor", value: id }));
    flush();
  });
  d.dispatchEvent(new Event(K));
})();
