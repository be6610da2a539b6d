// @ts-check
// Parts of pages: forms that are sent without leaving the page, sheets that open over it, and what is told.

/**
 * Asks for a part of a page: the same address as the page's, by another header.
 * @param {string} address
 * @param {string} part
 * @param {RequestInit} [init]
 */
export async function part(address, part, init = {}) {
  const answer = await fetch(address, { ...init, headers: { ...init.headers, 'X-Part': part }, credentials: 'same-origin' });
  if (answer.status === 401) location.assign('/login?back=' + encodeURIComponent(location.pathname + location.search));
  return answer;
}

/** @param {string} html */
export function elementsOf(html) {
  const t = document.createElement('template');
  t.innerHTML = html;
  return t.content;
}

/**
 * Tells something for a while. A toast with a way back stays longer.
 * @param {string} text
 * @param {{undo?: string, bad?: boolean}} [o]
 */
export function tell(text, o = {}) {
  const from = /** @type {HTMLTemplateElement} */ (document.getElementById('toast'));
  const toast = /** @type {HTMLElement} */ (/** @type {DocumentFragment} */ (from.content.cloneNode(true)).firstElementChild);
  /** @type {HTMLElement} */ (toast.querySelector('p')).textContent = text;
  toast.classList.toggle('bad', !!o.bad);
  const form = /** @type {HTMLFormElement} */ (toast.querySelector('form'));
  if (o.undo) {
    form.action = '/acts/' + encodeURIComponent(o.undo) + '/undo';
    form.hidden = false;
  }
  document.getElementById(sheet().open ? 'sheet-told' : 'told')?.replaceChildren(toast); // what is outside of an open sheet is covered, and not read out
  setTimeout(() => toast.remove(), o.undo || o.bad ? 12000 : 5000);
}

/**
 * Sends a form, or what a gesture stands for, and tells what came of it. It gives the answer, or null when
 * it did not arrive.
 * @param {string} address
 * @param {FormData | URLSearchParams} data
 */
export async function send(address, data) {
  const body = data instanceof FormData ? new URLSearchParams(/** @type {any} */ ([...data].filter(([, value]) => typeof value === 'string'))) : data;
  let answer;
  try {
    answer = await part(address, 'told', { method: 'POST', body });
  } catch {
    document.dispatchEvent(new CustomEvent('app:offline'));
    return null;
  }
  if (answer.headers.get('X-Form')) return answer; // it says itself what is wrong
  if (!answer.ok) {
    tell((await answer.text()) || answer.statusText, { bad: true });
    return answer;
  }
  const said = new URLSearchParams(answer.headers.get('X-Told') ?? '');
  const text = said.get('text');
  if (text) tell(text, { undo: said.get('undo') ?? '', bad: said.get('bad') === '1' });
  document.dispatchEvent(new CustomEvent('app:sent', { detail: { address } }));
  return answer;
}

/** @type {{row: string, menu: boolean} | null} */
let opener = null; // the row that a sheet was opened from

const sheet = () => /** @type {HTMLDialogElement} */ (document.getElementById('sheet'));

/**
 * Opens a page as a sheet over this one.
 * @param {string} address
 */
export async function openSheet(address) {
  let answer;
  try {
    answer = await part(address, 'main');
  } catch {
    document.dispatchEvent(new CustomEvent('app:offline'));
    return;
  }
  if (answer.redirected || !answer.ok) {
    location.assign(address);
    return;
  }
  const body = /** @type {HTMLElement} */ (document.getElementById('sheet-body'));
  body.replaceChildren(elementsOf(await answer.text()));
  body.dataset.address = address;
  delete body.dataset.touched;
  const heading = body.querySelector('h1, h2');
  if (heading) sheet().setAttribute('aria-label', heading.textContent ?? '');
  document.dispatchEvent(new CustomEvent('app:shown', { detail: { root: body } }));
  if (sheet().open) {
    if (!sheet().contains(document.activeElement)) /** @type {HTMLElement | null} */ (sheet().querySelector('.sheet-close button'))?.focus();
    return;
  }
  const from = document.activeElement;
  opener = { row: from?.closest('.row')?.id ?? '', menu: !!from?.matches('.menu') };
  sheet().showModal();
}

/** What a sheet told goes on outside, and so does whoever opened it, even where the row has changed meanwhile. */
function closed() {
  const toast = document.querySelector('#sheet-told .toast:not(.bad)');
  if (toast) document.getElementById('told')?.replaceChildren(toast);
  document.getElementById('sheet-told')?.replaceChildren();
  const at = document.activeElement;
  if (at !== document.body && !sheet().contains(at) || !opener?.row) return; // what is hidden has the focus until it is drawn
  const row = document.getElementById(opener.row);
  /** @type {HTMLElement | null | undefined} */ (row?.querySelector(opener.menu ? '.menu' : '.open'))?.focus();
}

/**
 * Changes a part of a page, and leaves the focus where it was: on what is the same, or else near it.
 * @param {Element} root
 * @param {() => void} change
 */
export function keepFocus(root, change) {
  const at = document.activeElement;
  if (!at || !root.contains(at)) {
    change();
    return;
  }
  const near = ['.case-foot', '.case-tabs', '.chips', '.line'].find((s) => at.closest(s)) ?? '';
  const row = at.closest('.row')?.id ?? '';
  const way = at.getAttribute('href');
  change();
  const place = row ? document.getElementById(row) : near ? root.querySelector(near) : root;
  const links = /** @type {HTMLElement[]} */ ([...place?.querySelectorAll('a, button') ?? []]);
  const same = links.find((l) => way !== null && l.getAttribute('href') === way) ?? (row ? links[0] : near && !way ? links.find((l) => l.matches('button')) : undefined);
  (same ?? document.getElementById('main'))?.focus({ preventScroll: true });
}

/**
 * A case changed that a sheet may show: it is shown anew, unless somebody has begun to fill it in.
 * @param {string} id
 */
export function sheetChanged(id) {
  const body = /** @type {HTMLElement} */ (document.getElementById('sheet-body'));
  if (!sheet().open || !body.querySelector('[data-case="' + id + '"]') || body.dataset.touched || listening(body)) return;
  openSheet(body.dataset.address ?? '');
}

/** @param {SubmitEvent} event */
async function onSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches('[data-quiet]')) return;
  event.preventDefault();
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  const data = new FormData(form, button);
  const inSheet = !!form.closest('#sheet-body, #pane'); // now: what the form does may bring another in its place
  const inBanner = !!form.closest('#hints');
  if (button) button.disabled = true;
  const answer = await send(button?.getAttribute('formaction') ?? form.getAttribute('action') ?? location.href, data);
  if (button) button.disabled = false;
  if (answer?.headers.get('X-Form')) {
    const root = /** @type {HTMLElement} */ (form.closest('#sheet-body') ?? document.getElementById('main'));
    root.replaceChildren(elementsOf(await answer.text()));
    root.scrollIntoView();
    document.dispatchEvent(new CustomEvent('app:shown', { detail: { root } }));
  }
  if (!answer?.ok) return;
  if (form.closest('.toast')) form.closest('.toast')?.remove();
  const next = answer.headers.get('X-Go') ?? '';
  if (inSheet && next.includes('/handling?rest=') || (inSheet || inBanner) && /^\/cases\/[^/]+\/call$/.test(next)) { // one by one, or the call as it goes on
    await openSheet(next);
    return;
  }
  if (inSheet) sheet().close();
  if (form.dataset.gone !== undefined) form.closest('section')?.remove();
  const to = answer.headers.get('X-Go');
  if (to && (form.dataset.quiet === 'go' || form.dataset.quiet === 'page' && !inSheet)) {
    location.assign(to);
    return;
  }
  await refresh();
}

/**
 * Whether somebody listens to a message there, or will go on to.
 * @param {Element} root
 */
export const listening = (root) => [...root.querySelectorAll('audio')].some((a) => a.currentTime > 0 && !a.ended);

/** Fetches the page again and puts its middle in the place of what is there, unless somebody types or listens in it. */
export async function refresh() {
  const main = /** @type {HTMLElement} */ (document.getElementById('main'));
  if (document.getElementById('rows')) return; // rows come one by one
  if (main.querySelector('form :is(input, textarea):focus') || listening(main)) return;
  const answer = await part(location.pathname + location.search, 'main').catch(() => null);
  if (answer?.ok && !answer.redirected) {
    const came = elementsOf(await answer.text());
    keepFocus(main, () => main.replaceChildren(came));
    document.dispatchEvent(new CustomEvent('app:shown', { detail: { root: main } }));
  }
}

/**
 * Dials once the server has said that it may be, and that it is tried. Where it does not answer nobody is dialled.
 * @param {HTMLAnchorElement} link
 */
async function call(link) {
  if (link.ariaDisabled) return; // tapped already
  link.ariaDisabled = 'true';
  const id = link.dataset.attempt ?? '';
  const answer = await send('/cases/' + id + '/attempt', new URLSearchParams());
  link.ariaDisabled = null;
  if (link.closest('#sheet') && answer) sheet().close(); // what is told is under it
  if (!answer?.ok) return;
  sessionStorage.setItem('called', id);
  location.href = link.href;
}

/** @param {MouseEvent} event */
function onClick(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest('a[data-sheet]'));
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    openSheet(link.getAttribute('href') ?? '');
    return;
  }
  const calls = /** @type {HTMLAnchorElement | null} */ (target.closest('a[data-attempt]'));
  if (calls) {
    event.preventDefault();
    call(calls);
    return;
  }
  const back = target.closest('a[data-back]');
  if (back && history.length > 1 && document.referrer.startsWith(location.origin)) {
    event.preventDefault();
    history.back();
    return;
  }
  if (target === sheet()) sheet().close(); // beside it
}

/** After a call from this telephone the handling opens by itself. */
function afterCall() {
  const id = sessionStorage.getItem('called');
  if (document.visibilityState !== 'visible' || !id) return;
  sessionStorage.removeItem('called');
  openSheet('/cases/' + id + '/handling');
}

/**
 * Fields that only some choices ask for are there when one of them is chosen.
 * @param {Element | Document} root
 */
function asked(root) {
  for (const form of root.querySelectorAll('form:has([data-asked])')) {
    const want = [...form.querySelectorAll('[data-asks]:checked')].map((c) => /** @type {HTMLElement} */ (c).dataset.asks);
    for (const field of form.querySelectorAll('[data-asked]')) field.classList.toggle('asked', want.includes(field.id));
  }
}

/** Finds while one types. */
let finding = 0;
/** @param {HTMLInputElement} input */
function find(input) {
  clearTimeout(finding);
  finding = setTimeout(async () => {
    const address = '/search?q=' + encodeURIComponent(input.value);
    const answer = await part(address, 'found').catch(() => null);
    if (!answer?.ok) return;
    document.getElementById('found')?.replaceChildren(elementsOf(await answer.text()));
    history.replaceState(null, '', address);
    document.dispatchEvent(new CustomEvent('app:shown', { detail: { root: document } }));
  }, 180);
}

export function startParts() {
  document.documentElement.classList.add('scripted');
  asked(document);
  document.addEventListener('app:shown', () => asked(document));
  document.addEventListener('change', () => asked(document));
  document.addEventListener('input', (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const body = /** @type {HTMLElement | null} */ (input.closest('#sheet-body'));
    if (body) body.dataset.touched = 'yes';
    if (input.matches('[data-find]')) find(input);
  });
  document.addEventListener('submit', onSubmit);
  document.addEventListener('click', onClick);
  sheet().addEventListener('close', closed);
  document.addEventListener('visibilitychange', afterCall);
  const toast = document.querySelector('#told .toast');
  if (toast) setTimeout(() => toast.remove(), 12000);
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /** @type {HTMLElement} */ (event.target).closest('input, textarea, select, dialog')) return;
    if (event.key === '/') location.assign('/search');
    else if (event.key === '?' && document.body.dataset.me) openSheet('/keys');
    else return;
    event.preventDefault();
  });
}
