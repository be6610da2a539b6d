// @ts-check
// On a wide window a case stands beside the list it was opened from. The address says which: back and forward
// work, and a page that is loaded anew is as it was. On a narrow one a row is a link like any other.
import { elementsOf, listening, part } from './parts.js';

const wide = matchMedia('(min-width: 1100px)');
const pane = () => document.getElementById('pane');
const list = () => /** @type {HTMLElement | null} */ (document.querySelector('#rows[data-live]'));
let shown = ''; // the address of what is in the pane

/** The address of the case that is shown, of whichever of its tabs. */
const caseShown = () => shown.split('/').slice(0, 3).join('/');

/** The row of the case that is shown is marked, also after it changed. */
function mark() {
  const path = caseShown();
  for (const link of document.querySelectorAll('#main .open')) {
    if (path && link.getAttribute('href') === path) link.setAttribute('aria-current', 'true');
    else if (link.hasAttribute('aria-current')) link.removeAttribute('aria-current');
  }
}

/** @param {string} address */
async function show(address) {
  const at = pane();
  if (!at) return;
  const y = shown === address ? at.scrollTop : 0;
  shown = address;
  const answer = await part(address, 'main').catch(() => null);
  if (shown !== address) return; // another was opened meanwhile
  if (!answer) {
    document.dispatchEvent(new CustomEvent('app:offline'));
    return;
  }
  if (answer.redirected || !answer.ok) {
    location.assign(address);
    return;
  }
  const came = elementsOf(await answer.text());
  for (const row of came.querySelectorAll('[id^="case-"]')) row.removeAttribute('id'); // the list's rows have them
  at.replaceChildren(came);
  at.hidden = false;
  document.body.classList.add('split');
  at.scrollTop = y;
  document.dispatchEvent(new CustomEvent('app:shown', { detail: { root: at } }));
  mark();
}

function close() {
  const at = pane();
  if (!at) return;
  shown = '';
  at.hidden = true;
  at.replaceChildren();
  document.body.classList.remove('split');
  mark();
}

/** @param {string} id */
function remember(id) {
  const at = new URL(location.href);
  if (id) at.searchParams.set('case', id);
  else at.searchParams.delete('case');
  if (at.href !== location.href) history.pushState(null, '', at);
}

/** As the address says. */
function follow() {
  const id = new URLSearchParams(location.search).get('case');
  if (id && wide.matches && list()) show('/cases/' + encodeURIComponent(id));
  else close();
}

/** @param {MouseEvent} event */
function onClick(event) {
  const link = /** @type {HTMLAnchorElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('#main .open, #pane .open, #pane .case-tabs a, #pane [data-back]'));
  if (!link || !list() || !wide.matches || event.ctrlKey || event.metaKey || event.shiftKey || link.closest('.choosing')) return;
  event.preventDefault();
  event.stopPropagation();
  if (link.matches('[data-back]')) {
    const row = /** @type {HTMLElement | null} */ (document.querySelector('#main .open[aria-current]'));
    remember('');
    close();
    row?.focus();
    return;
  }
  const address = link.getAttribute('href') ?? '';
  remember(address.split('/')[2]);
  show(address);
}

/** What is shown is asked for anew, unless somebody has begun to fill it in or listens. */
function again() {
  const at = pane();
  if (!shown || !at || at.querySelector('form :is(input, textarea):focus') || at.dataset.touched === shown || listening(at)) return;
  show(shown);
}

/** @param {string} id */
export function paneChanged(id) {
  if (shown && pane()?.querySelector('[data-case="' + id + '"]')) again();
}

export function startPane() {
  if (!pane() || !list()) return;
  document.addEventListener('click', onClick, true);
  document.addEventListener('app:sent', (event) => {
    const sent = /** @type {CustomEvent} */ (event).detail.address;
    if (sent.startsWith(caseShown() + '/')) delete pane()?.dataset.touched;
    again();
  });
  pane()?.addEventListener('input', () => { /** @type {HTMLElement} */ (pane()).dataset.touched = shown; });
  addEventListener('popstate', follow);
  new MutationObserver(mark).observe(/** @type {Node} */ (document.getElementById('main')), { childList: true, subtree: true });
  follow();
}
