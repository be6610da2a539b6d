// @ts-check
// What the server cannot know of the device: its time zone. And the worker that keeps the app at hand.

/** @param {string} name @param {string} value */
function keep(name, value) {
  const safe = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = name + '=' + encodeURIComponent(value) + '; Path=/; Max-Age=31536000; SameSite=Lax' + safe;
}

export function startDevice() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split('; ').includes('zone=' + encodeURIComponent(zone))) keep('zone', zone);
  if ('serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => {}); // without it the app works, but not without a network
}
