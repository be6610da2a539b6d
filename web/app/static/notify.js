// @ts-check
// Being told on this device: asked for when somebody presses the button, never by itself.
import { tell } from './parts.js';

const api = '/v1/session/push-subscriptions';

/** @param {string} text */
function bytes(text) {
  const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

/** @param {string} which */
function show(which) {
  for (const part of document.querySelectorAll('#notify [data-when]')) /** @type {HTMLElement} */ (part).hidden = /** @type {HTMLElement} */ (part).dataset.when !== which;
}

async function state() {
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) {
    show(/iPhone|iPad/.test(navigator.userAgent) ? 'install' : 'unsupported');
    return;
  }
  if (Notification.permission === 'denied') {
    show('denied');
    return;
  }
  const worker = await navigator.serviceWorker.ready;
  show(await worker.pushManager.getSubscription() ? 'done' : 'ready');
}

/** @param {string} key */
async function subscribe(key) {
  if (await Notification.requestPermission() !== 'granted') {
    await state();
    return;
  }
  const worker = await navigator.serviceWorker.ready;
  const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const answer = await fetch(api, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(subscription) });
  if (!answer.ok) {
    await subscription.unsubscribe();
    const problem = await answer.json().catch(() => ({}));
    tell(problem.detail ?? answer.statusText, { bad: true });
    return;
  }
  location.reload();
}

/** Whoever logs out is no longer told on this device: it may be another's next. */
async function quiet() {
  const worker = await navigator.serviceWorker?.getRegistration();
  const subscription = await worker?.pushManager?.getSubscription();
  if (subscription) await Promise.race([subscription.unsubscribe(), new Promise((done) => setTimeout(done, 2000))]);
}

export function startNotify() {
  const at = document.getElementById('notify');
  if (at) {
    state();
    at.querySelector('[data-subscribe]')?.addEventListener('click', () => {
      subscribe(at.dataset.key ?? '').catch((err) => tell(String(err.message ?? err), { bad: true }));
    });
  }
  document.addEventListener('submit', (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.getAttribute('action') !== '/logout') return;
    event.preventDefault();
    quiet().catch(() => {}).then(() => form.submit());
  });
  // What was announced has been seen.
  const seen = async () => {
    if (document.visibilityState !== 'visible') return;
    navigator.clearAppBadge?.().catch(() => {});
    const worker = await navigator.serviceWorker?.getRegistration();
    for (const n of await worker?.getNotifications() ?? []) n.close();
  };
  document.addEventListener('visibilitychange', seen);
  seen();
  invite();
}

/** The list says once, to somebody who has come back some times, that he can be told. */
function invite() {
  const card = document.getElementById('invite');
  if (!card || !('PushManager' in window) || Notification.permission !== 'default') return;
  const visits = Number(localStorage.getItem('visits') ?? 0) + 1;
  localStorage.setItem('visits', String(visits));
  if (visits < 3 || localStorage.getItem('invited')) return;
  card.hidden = false;
  card.querySelector('button')?.addEventListener('click', () => {
    localStorage.setItem('invited', 'yes');
    card.hidden = true;
  });
}
