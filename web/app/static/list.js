// @ts-check
// The list of cases: further pages as one scrolls, and rows that change while one looks without moving what is
// under the finger.
import { elementsOf, keepFocus, part } from './parts.js';

const rows = () => document.getElementById('rows');
let held = false; // a finger is down
/** @type {Set<string>} */
const waiting = new Set(); // cases that changed meanwhile

/** @param {Element} link */
async function more(link) {
  const item = link.closest('li');
  const answer = await part(link.getAttribute('href') ?? '', 'rows').catch(() => null);
  if (!answer?.ok || !item) return;
  const came = elementsOf(await answer.text());
  for (const row of came.querySelectorAll(':scope > li[id]')) if (document.getElementById(row.id)) row.remove();
  item.replaceWith(came);
  watchEnd();
}

const end = new IntersectionObserver((entries) => {
  for (const e of entries) {
    if (!e.isIntersecting) continue;
    end.unobserve(e.target);
    more(e.target);
  }
}, { rootMargin: '600px' });

function watchEnd() {
  const link = document.querySelector('a[data-next]');
  if (link) end.observe(link);
}

/**
 * Changes the list, and keeps on its place what is looked at.
 * @param {() => void} change
 */
function inPlace(change) {
  const at = [...document.querySelectorAll('#rows > li')].find((r) => r.getBoundingClientRect().bottom > 60);
  const before = scrollY > 0 && at ? at.getBoundingClientRect().top : null;
  change();
  if (before !== null && at?.isConnected) scrollBy({ top: at.getBoundingClientRect().top - before, behavior: 'instant' });
}

/**
 * Puts a row where it belongs by its key.
 * @param {HTMLElement} row
 */
function put(row) {
  const list = /** @type {HTMLElement} */ (rows());
  const old = document.getElementById(row.id);
  const key = row.dataset.key ?? '';
  const all = /** @type {HTMLElement[]} */ ([...list.children].filter((r) => r !== old));
  const after = all.find((r) => r.classList.contains('next') || (r.dataset.key ?? '') > key);
  if (after?.classList.contains('next') && !old) return; // it is on a later page
  inPlace(() => keepFocus(list, () => {
    old?.remove();
    list.insertBefore(row, after ?? null);
  }));
  if (old) return;
  row.classList.add('fresh');
  if (row.getBoundingClientRect().bottom < 60) /** @type {HTMLElement} */ (document.getElementById('fresh')).hidden = false;
}

/** Takes a case's row away; a focus in it goes on to the next.
 * @param {string} id
 */
function drop(id) {
  const row = document.getElementById('case-' + id);
  if (!row) return;
  const focused = row.contains(document.activeElement);
  const next = row.nextElementSibling ?? row.previousElementSibling;
  inPlace(() => row.remove());
  if (focused) (/** @type {HTMLElement | null | undefined} */ (next?.querySelector('.open')) ?? document.getElementById('main'))?.focus({ preventScroll: true });
}

let calls = 0;
/** The cases of one's recent calls stand on top. Several changes are one. */
export function recent() {
  const place = document.getElementById('recent');
  if (!place || calls) return;
  calls = setTimeout(async () => {
    calls = 0;
    if (held) {
      recent();
      return;
    }
    const answer = await part(location.pathname + location.search, 'recent').catch(() => null);
    if (!answer?.ok) return;
    const came = elementsOf(await answer.text());
    const before = new Set([...place.querySelectorAll('.rows > li')].map((r) => r.id));
    const now = new Set([...came.querySelectorAll('.rows > li')].map((r) => r.id));
    inPlace(() => keepFocus(place, () => {
      place.replaceChildren(came);
      for (const id of now) document.querySelector('#rows > #' + CSS.escape(id))?.remove();
    }));
    for (const id of before) if (!now.has(id)) changed(id.slice('case-'.length)); // it stands among the others again
    empty();
  }, 150);
}

function empty() {
  const at = document.getElementById('empty');
  if (at) at.hidden = !!document.querySelector('.rows > li[id]');
}

/** @param {string} id */
export async function changed(id) {
  const list = rows();
  if (!list?.dataset.live) return;
  if (asking) meanwhile.add(id);
  if (held) {
    waiting.add(id);
    return;
  }
  if (document.querySelector('#recent #case-' + CSS.escape(id))) {
    recent();
    sum();
    return;
  }
  const answer = await part('/cases/' + id + '/row?' + list.dataset.live, 'row').catch(() => null);
  if (!answer || answer.status >= 500) return;
  if (answer.headers.get('X-Recent')) {
    recent();
    sum();
    return;
  }
  const under = answer.headers.get('X-Row');
  if (under) {
    changed(under);
  }
  const row = answer.status === 200 ? /** @type {HTMLElement | null} */ (elementsOf(await answer.text()).querySelector('li')) : null;
  if (row) put(row);
  else drop(id);
  empty();
  sum();
}

let summing = 0;
/** The counters follow a moment later: many changes are one. */
function sum() {
  if (summing) return;
  summing = setTimeout(async () => {
    summing = 0;
    const answer = await part(location.pathname + location.search, 'sum').catch(() => null);
    if (answer?.ok) document.getElementById('sum')?.replaceChildren(elementsOf(await answer.text()));
  }, 400);
}

/** @param {ParentNode} root */
const versions = (root) => [...root.querySelectorAll('.rows .row')].map((r) => r.id + /** @type {HTMLElement} */ (r).dataset.version).join();

/** How often all is being asked for, and the cases that change meanwhile, of which the answer may know nothing. */
let asking = 0;
/** @type {Set<string>} */
const meanwhile = new Set();

/** All is asked for anew: what happened before is not known. Where nothing did, nothing moves. */
export async function again() {
  if (!rows()) return;
  asking++;
  try {
    await renew();
  } finally {
    asking--;
  }
  if (asking) return;
  const late = [...meanwhile];
  meanwhile.clear();
  for (const id of late) changed(id);
}

async function renew() {
  const answer = await part(location.pathname + location.search, 'main').catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const came = elementsOf(await answer.text());
  if (versions(came) === versions(document)) return;
  const y = scrollY;
  const main = /** @type {HTMLElement} */ (document.getElementById('main'));
  keepFocus(main, () => main.replaceChildren(came));
  scrollTo({ top: y, behavior: 'instant' });
  document.dispatchEvent(new CustomEvent('app:shown', { detail: { root: document } }));
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!rows() || event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select, dialog')) return;
  const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.rows > li > .card .open')]);
  const at = links.findIndex((l) => l.closest('.row') === document.activeElement?.closest('.row'));
  const here = links[at]?.closest('.row');
  if (event.key === 'j') links[Math.min(at + 1, links.length - 1)]?.focus();
  else if (event.key === 'k') links[Math.max(at - 1, 0)]?.focus();
  else if (event.key === 'c') /** @type {HTMLElement | null} */ (here?.querySelector('.call'))?.click();
  else if (event.key === 'a') /** @type {HTMLElement | null} */ (here?.querySelector('.menu'))?.click();
  else return;
  event.preventDefault();
}

export function startList() {
  watchEnd();
  document.addEventListener('app:shown', watchEnd);
  document.addEventListener('keydown', onKey);
  document.addEventListener('pointerdown', () => { held = true; });
  for (const over of ['pointerup', 'pointercancel']) {
    document.addEventListener(over, () => {
      held = false;
      for (const id of waiting) changed(id);
      waiting.clear();
    });
  }
  document.addEventListener('click', (event) => {
    if (!/** @type {HTMLElement} */ (event.target).closest('[data-top]')) return;
    /** @type {HTMLElement} */ (document.getElementById('fresh')).hidden = true;
    scrollTo({ top: 0 });
  });
  addEventListener('scroll', () => {
    const pill = document.getElementById('fresh');
    if (pill && scrollY < 60) pill.hidden = true;
  }, { passive: true });
}
