// @ts-check
// What happens while one looks: the event stream, one for all open tabs of the app.
import { openSheet, elementsOf, keepFocus, part, refresh, sheetChanged, tell } from './parts.js';
import { paneChanged } from './pane.js';
import { again, changed, recent } from './list.js';

const offline = () => /** @type {HTMLElement} */ (document.getElementById('offline'));
/** @type {string | null} */
let call = null; // the call whose hint is shown

let shown = ''; // the hints as they stand there

async function hints() {
  const place = document.getElementById('hints');
  const answer = await part('/hints', 'hints').catch(() => null);
  if (!answer?.ok || !place) return;
  const html = await answer.text();
  if (html === shown) return; // nothing is read out again
  shown = html;
  keepFocus(place, () => place.replaceChildren(elementsOf(html)));
  count();
}

let counting = 0;

/** How long an offer stands: whoever sees it is shown the seconds, nobody is read them. */
function count() {
  clearTimeout(counting);
  const clocks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#hints [data-until]')]);
  for (const clock of clocks) {
    clock.textContent = Math.max(0, Math.round((Date.parse(clock.dataset.until ?? '') - Date.now()) / 1000)) + ' s';
  }
  if (clocks.length) counting = setTimeout(count, 1000);
}

/** A call that is shown has come further. */
function goesOn() {
  if (document.querySelector('#main .steps')) refresh();
  const inSheet = /** @type {HTMLElement | null} */ (document.querySelector('#sheet .case:has(.steps)'));
  if (inSheet) sheetChanged(inSheet.dataset.case ?? '');
}

/** What happened before the stream was open nobody told. */
function catchUp() {
  again();
  goesOn();
  hints();
}

/**
 * @param {string} kind
 * @param {any} data
 */
function happened(kind, data) {
  if (kind === 'lost') {
    offline().hidden = false;
    return;
  }
  if (kind === 'open' || kind === 'reset') {
    offline().hidden = true;
    catchUp();
    return;
  }
  if (kind === 'case' || kind === 'message') {
    changed(data.case);
    if (document.querySelector('#main [data-case="' + data.case + '"]')) refresh();
    sheetChanged(data.case);
    paneChanged(data.case);
  } else if (kind === 'callback' || kind === 'offer') {
    if (data.agent !== document.body.dataset.me) return;
    if (kind === 'offer') hints();
    else goesOn();
  } else if (kind === 'hint' && data.agent === document.body.dataset.me) {
    hints();
    recent();
    if (data.event === 'withdrawn' && call === data.call && data.reason !== 'dismissed') openSheet('/cases/' + data.case + '/handling');
    call = data.event === 'withdrawn' ? null : data.call;
  } else if (kind === 'call') {
    document.dispatchEvent(new CustomEvent('app:call', { detail: data }));
  }
}

/** @param {(kind: string, data: any) => void} to */
function follow(to) {
  let lost = 0;
  const stream = new EventSource('/v1/events?kind=case,hint,callback,offer,message');
  stream.onopen = () => {
    clearTimeout(lost);
    to('open', null);
  };
  stream.onerror = () => {
    clearTimeout(lost);
    lost = setTimeout(() => to('lost', null), 1500); // a moment's break is none
    if (stream.readyState !== EventSource.CLOSED) return;
    stream.close();
    setTimeout(() => follow(to), 3000 + Math.random() * 3000);
  };
  for (const kind of ['case', 'hint', 'callback', 'offer', 'message', 'reset']) {
    stream.addEventListener(kind, (event) => to(kind, JSON.parse(/** @type {MessageEvent} */ (event).data)));
  }
}

export function startLive() {
  const others = new BroadcastChannel('live');
  others.onmessage = (event) => happened(event.data.kind, event.data.data);
  // One tab follows and tells the others; when it closes another takes over.
  const lead = () => {
    follow((kind, data) => {
      happened(kind, data);
      others.postMessage({ kind, data });
    });
    return new Promise(() => {});
  };
  navigator.locks.request('live', { ifAvailable: true }, (free) => {
    if (free) return lead();
    catchUp();
    navigator.locks.request('live', lead);
    return null;
  });
  document.addEventListener('app:offline', () => {
    offline().hidden = false;
    tell(offline().textContent?.trim() ?? '', { bad: true });
  });
  addEventListener('offline', () => { offline().hidden = false; });
  addEventListener('online', () => { again().then(() => { offline().hidden = true; }); });
}
