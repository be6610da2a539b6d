// @ts-check
// The live board: asked for anew every few seconds while it is looked at.
import { elementsOf, part } from './parts.js';

export function startBoard() {
  const board = document.getElementById('board');
  if (!board) return;
  setInterval(async () => {
    if (document.visibilityState !== 'visible' || board.contains(document.activeElement)) return;
    const answer = await part(location.pathname, 'board').catch(() => null);
    if (answer?.ok && !answer.redirected) board.replaceChildren(elementsOf(await answer.text()));
  }, Number(board.dataset.every) * 1000);
}
