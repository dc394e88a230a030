// Puts a form of Klientel where this script stands. It sets no cookie, stores nothing and loads nothing from elsewhere.
(() => {
  const me = document.currentScript, at = new URL("frame", `${me.src.replace(/form\.js.*$/, "")}`), here = new URL(location.href);
  for (const [name, value] of here.searchParams) if (name.startsWith("utm_")) at.searchParams.set(name, value);
  at.searchParams.set("page", here.origin + here.pathname);
  if (document.referrer) at.searchParams.set("referrer", document.referrer);
  const visitor = () => window.klientel?.visitor?.() || "";
  if (visitor()) at.searchParams.set("visitor", visitor());
  const frame = document.createElement("iframe");
  Object.assign(frame, { src: at.href, title: me.dataset.title || "", loading: "lazy", referrerPolicy: "no-referrer" });
  Object.assign(frame.style, { width: "100%", border: "0", minHeight: "24rem" });
  me.after(frame);
  // The script that measures may come later than this one, and later than the form: whoever is ready last is told.
  let there = false;
  const greet = () => { if (there) frame.contentWindow.postMessage({ klientelVisitor: visitor() }, at.origin); };
  for (const ready of ["klientel", "klientel-consent"]) document.addEventListener(ready, greet);
  addEventListener("message", (e) => {
    if (e.source !== frame.contentWindow || e.origin !== at.origin || !e.data || typeof e.data.klientelHeight !== "number") return;
    frame.style.height = `${Math.min(Math.max(e.data.klientelHeight, 100), 10000)}px`;
    there = true;
    if (visitor()) greet();
  });
})();
