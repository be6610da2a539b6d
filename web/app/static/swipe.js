// @ts-check
// Rows that are swiped: to the right takes the case, lets go of it or accepts it, to the left comments. The menu
// of the row has the same for those who do not swipe.
import { openSheet, send } from './parts.js';

const far = 96; // pixels from which a swipe counts

/** @type {{row: HTMLElement, card: HTMLElement, x: number, y: number, id: number, on: boolean} | null} */
let swipe = null;

/** @param {PointerEvent} event */
function down(event) {
  const row = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest('.row[data-swipe]'));
  const card = /** @type {HTMLElement | null} */ (row?.querySelector(':scope > .card'));
  if (!row || !card || event.pointerType === 'mouse' || row.closest('.choosing')) return;
  swipe = { row, card, x: event.clientX, y: event.clientY, id: event.pointerId, on: false };
}

/** @param {PointerEvent} event */
function move(event) {
  if (!swipe || event.pointerId !== swipe.id) return;
  const dx = event.clientX - swipe.x;
  if (!swipe.on) {
    if (Math.abs(event.clientY - swipe.y) > 12) {
      swipe = null;
      return;
    }
    if (Math.abs(dx) < 12) return;
    swipe.on = true;
    swipe.row.classList.add('swiping');
    swipe.card.setPointerCapture(event.pointerId);
  }
  swipe.card.style.translate = Math.max(-160, Math.min(160, dx)) + 'px 0';
}

/** @param {PointerEvent} event */
async function up(event) {
  if (!swipe || event.pointerId !== swipe.id) return;
  const { row, card, x, on } = swipe;
  swipe = null;
  if (!on) return;
  const dx = event.type === 'pointerup' ? event.clientX - x : 0;
  card.style.translate = '';
  setTimeout(() => row.classList.remove('swiping'), 200);
  card.addEventListener('click', (e) => e.preventDefault(), { once: true, capture: true });
  const id = row.id.slice('case-'.length);
  if (dx > far) await send('/cases/' + id + '/' + row.dataset.swipe, new URLSearchParams());
  else if (dx < -far) openSheet('/cases/' + id + '/comment');
}

export function startSwipes() {
  document.addEventListener('pointerdown', down);
  document.addEventListener('pointermove', move);
  document.addEventListener('pointerup', up);
  document.addEventListener('pointercancel', up);
}
