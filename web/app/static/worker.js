// @ts-check
// The service worker: keeps the app's own files, and says that there is no connection where there is none.
/** @type {string[]} */
const kept = /* kept */ [];
const store = 'app-' + kept.join(' ');
const scope = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

scope.addEventListener('install', (event) => {
  event.waitUntil(caches.open(store).then((c) => c.addAll([...kept, '/offline'])).then(() => scope.skipWaiting()));
});
scope.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((n) => n !== store).map((n) => caches.delete(n)))).then(() => scope.clients.claim()));
});
scope.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname.startsWith('/static/')) {
    event.respondWith(caches.match(event.request).then((hit) => hit ?? fetch(event.request)));
  } else if (event.request.mode === 'navigate') {
    event.respondWith(fetch(event.request).catch(() => caches.match('/offline').then((page) => page ?? Response.error())));
  }
});

/** @type {Record<string, string> & {reasons: Record<string, string>}} */
const words = /** @type {any} */ (/* words */ { reasons: {} });

scope.addEventListener('push', (event) => {
  const m = event.data?.json() ?? {};
  const title = (words[m.kind] ?? words.case).replace('{list}', m.list_name ?? '');
  const body = [m.number, words.reasons[m.reason]].filter(Boolean).join(' · ');
  event.waitUntil(scope.registration.showNotification(title, { body, tag: m.tag, data: { path: m.path ?? '/callback' } })
    .then(() => scope.registration.getNotifications())
    .then((all) => scope.navigator.setAppBadge?.(all.length)));
});
scope.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const to = new URL(event.notification.data?.path ?? '/callback', location.origin);
  if (to.origin !== location.origin) return;
  event.waitUntil(scope.clients.matchAll({ type: 'window', includeUncontrolled: true }).then(async (open) => {
    const at = open[0];
    if (!at) return scope.clients.openWindow(to.href);
    await at.focus();
    return at.navigate(to.href);
  }));
});
