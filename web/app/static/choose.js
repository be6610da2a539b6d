// @ts-check
// Several cases at once: how many are chosen, and a row that is touched is chosen rather than opened.

function count() {
  const at = /** @type {HTMLElement | null} */ (document.querySelector('#batch .count'));
  if (!at) return;
  const n = document.querySelectorAll('.pick:checked').length;
  const text = n === 1 ? at.dataset.one : n > 1 ? (at.dataset.many ?? '').replace('{n}', String(n)) : at.dataset.none;
  at.textContent = text ?? '';
  for (const b of document.querySelectorAll('#batch button')) /** @type {HTMLButtonElement} */ (b).disabled = n === 0;
}

export function startChoosing() {
  const at = /** @type {HTMLElement | null} */ (document.querySelector('#batch .count'));
  if (at) at.dataset.none = at.textContent ?? '';
  document.addEventListener('change', (event) => {
    if (/** @type {HTMLElement} */ (event.target).matches('.pick')) count();
  });
  document.addEventListener('click', (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest('.choosing .open');
    if (!link) return;
    event.preventDefault();
    const box = /** @type {HTMLInputElement} */ (link.closest('.card')?.querySelector('.pick'));
    box.checked = !box.checked;
    count();
  });
  document.addEventListener('app:sent', count);
  if (document.querySelector('.choosing')) count();
}
