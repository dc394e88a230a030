// Shows what is pushed, although Klientel is not open; a click leads to it. It keeps nothing and calls nobody.
const HOME = self.location.origin;
self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json(); } catch { /* a message that is not ours still has to be shown as something */ }
  const data = { url: new URL(told.url || "/notifications", HOME).href };
  event.waitUntil(self.registration.showNotification(told.title || "Klientel", { body: told.body || "", tag: told.tag, data }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data?.url || HOME;
  if (!url.startsWith(`${HOME}/`)) return;
  event.waitUntil(self.clients.matchAll({ type: "window", includeUncontrolled: true }).then((all) => {
    const open = all.find((one) => one.url === url);
    return open ? open.focus() : self.clients.openWindow(url);
  }));
});
