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
