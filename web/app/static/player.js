// @ts-check
// Messages of customers: the waveform shows how far one is played, and takes one there. What is played is heard.
import { part, refresh } from './parts.js';
import { paneChanged } from './pane.js';

/** @param {Event} event */
const audioOf = (event) => (event.target instanceof HTMLAudioElement && event.target.dataset.message ? event.target : null);

/** @param {HTMLAudioElement} audio */
function show(audio) {
  const wave = /** @type {SVGSVGElement | null | undefined} */ (audio.closest('.message')?.querySelector('[data-wave]'));
  const done = audio.duration > 0 ? audio.currentTime / audio.duration : 0;
  wave?.querySelector('svg')?.setAttribute('width', String(wave.viewBox.baseVal.width * done));
}

/**
 * Whoever has listened for two seconds, or to half of less, has heard it.
 * @param {HTMLAudioElement} audio
 */
async function heard(audio) {
  if (audio.dataset.unheard === undefined || audio.currentTime < Math.min(2, audio.duration / 2)) return;
  delete audio.dataset.unheard;
  const answer = await part('/messages/' + encodeURIComponent(audio.dataset.message ?? '') + '/heard', 'told', {
    method: 'POST', body: new URLSearchParams({ heard: 'yes', played: 'yes' }),
  }).catch(() => null);
  if (!answer?.ok) {
    audio.dataset.unheard = ''; // once more
    return;
  }
  const mark = /** @type {HTMLElement | null | undefined} */ (audio.closest('.message')?.querySelector('[data-new]'));
  if (mark) mark.hidden = true;
}

/** @param {MouseEvent} event */
function onClick(event) {
  const wave = /** @type {Element} */ (event.target).closest('[data-wave]');
  const audio = wave?.closest('.message')?.querySelector('audio');
  if (!wave || !audio) return;
  const at = (event.clientX - wave.getBoundingClientRect().left) / wave.clientWidth;
  const go = () => { audio.currentTime = at * audio.duration; };
  if (audio.readyState > 0) go();
  else audio.addEventListener('loadedmetadata', go, { once: true });
  audio.play().catch(() => {}); // the player says itself why not
}

export function startPlayer() {
  document.addEventListener('timeupdate', (event) => {
    const audio = audioOf(event);
    if (!audio) return;
    show(audio);
    heard(audio);
  }, true);
  document.addEventListener('play', (event) => { // one at a time
    const audio = audioOf(event);
    for (const other of audio ? document.querySelectorAll('audio') : []) if (other !== audio) other.pause();
  }, true);
  document.addEventListener('ended', (event) => { // what changed meanwhile
    const audio = audioOf(event);
    if (!audio) return;
    refresh();
    paneChanged(/** @type {HTMLElement | null} */ (audio.closest('[data-case]'))?.dataset.case ?? '');
  }, true);
  document.addEventListener('click', onClick);
}
