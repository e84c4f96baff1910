// Draws the goods of the sale, the total, the amount being keyed and the tender buttons.
import { el, find, icon, setText, show } from './dom.js';
import { locale, t } from './i18n.js';
import { due, isEmpty, isSplit, paid, rest, total } from './cart.js';
import { format, typed } from './money.js';
import { state } from './state.js';
import { hint, keys, order, refusal } from './tenders.js';

let lines = '';
let tenders = '';

/** money writes an amount in the shop's currency. */
export const money = (amount) => format(amount, state.status.shop.currency, locale(), state.status.shop.exponent);

/** draw draws everything of the sale. onCount(index, by) changes a line, onTender(tender) begins to pay. */
export function draw(sale, { onCount, onTender }) {
  if (!state.status?.shop) return;
  setText(find('total'), money(due(sale)));
  drawSplit(sale);
  setText(find('typed'), money(typed(sale.typed)));
  find('typed').classList.toggle('is-empty', sale.typed === '');
  drawLines(sale, onCount);
  drawTenders(sale, onTender);
  show(find('attempt'), sale.attempt > 1);
  setText(find('attempt'), t('cart.attempt', { n: sale.attempt }));
}

/** drawSplit says of what the shown amount is a part. */
function drawSplit(sale) {
  const word = sale.part === null ? (sale.parts.length > 0 ? 'split.rest' : 'cart.total') : 'split.now';
  setText(find('total-word'), t(word));
  const words = [
    isSplit(sale) && t('split.of', { amount: money(total(sale)) }),
    paid(sale) > 0 && t('split.paid', { amount: money(paid(sale)) }),
  ];
  setText(find('split-text'), words.filter(Boolean).join(' · '));
  show(find('split-text'), isSplit(sale));
  find('sum').classList.toggle('is-split', isSplit(sale));
  find('total').classList.toggle('is-long', find('total').textContent.length > 9);
  show(find('split'), rest(sale) > 0);
}

function drawLines(sale, onCount) {
  const key = JSON.stringify([sale.lines, document.documentElement.lang]);
  if (key === lines) return;
  lines = key;
  find('cart').replaceChildren(...sale.lines.map((line, index) => row(line, index, onCount)));
  show(find('cart-empty'), sale.lines.length === 0);
  find('cart').lastElementChild?.scrollIntoView({ block: 'nearest' });
  find('cart-count').textContent = sale.lines.reduce((sum, line) => sum + line.quantity, 0) || '';
}

function row(line, index, onCount) {
  const name = line.name ?? t('cart.amount');
  const step = (by, face, label, testid) =>
    el(
      'button',
      {
        type: 'button',
        class: 'step',
        'aria-label': `${label}: ${name}`,
        'data-testid': `${testid}-${index}`,
        onclick: () => onCount(index, by),
      },
      face,
    );
  return el(
    'li',
    { class: 'line', 'data-testid': `line-${index}`, 'data-code': line.code, 'data-quantity': line.quantity },
    el('span', { class: 'line-name' }, name),
    el(
      'span',
      { class: 'line-steps' },
      line.quantity > 1 ? step(-1, '−', t('cart.less'), 'less') : step(-1, '✕', t('cart.remove'), 'remove'),
      el('output', { class: 'line-count' }, String(line.quantity)),
      step(1, '+', t('cart.more'), 'more'),
    ),
    el('span', { class: 'line-price' }, money(line.price * line.quantity)),
  );
}

function drawTenders(sale, onTender) {
  const sum = total(sale);
  const free = !isEmpty(sale) && sum === 0;
  const known = state.status.shop.tenders ?? [];
  const models = (free ? ['none'] : order.filter((tender) => known.includes(tender))).map((tender) => model(tender, free));
  const key = JSON.stringify([models, sum > 0 || free, document.documentElement.lang]);
  if (key === tenders) return;
  tenders = key;
  const focused = document.activeElement?.dataset.testid;
  find('tenders').replaceChildren(...models.map((one) => tenderButton(one, sum > 0 || free, onTender)));
  find('tenders').dataset.count = String(models.length);
  if (focused?.startsWith('tender-')) find('tenders').querySelector(`[data-testid="${focused}"]`)?.focus();
}

const model = (tender, free) => ({
  tender,
  reason: free && state.status.disk?.state !== 'stopped' ? '' : refusal(tender, state.status),
  hint: hint(tender, state.status),
});

/** tenderButton is greyed by aria-disabled: it keeps the focus, and pressing it says why it cannot be used. */
function tenderButton({ tender, reason, hint: remark }, ready, onTender) {
  return el(
    'button',
    {
      type: 'button',
      class: `tender tender-${tender}`,
      'data-testid': `tender-${tender}`,
      'aria-disabled': String(reason !== '' || !ready),
      'data-refused': reason !== '',
      onclick: () => onTender(tender),
    },
    icon(tender),
    el('span', { class: 'tender-name' }, t(`tender.${tender}`)),
    keys[tender] && el('kbd', {}, keys[tender]),
    el(
      'span',
      { class: 'tender-note', 'data-testid': `tender-${tender}-reason` },
      reason || remark || t(`tender.${tender}.note`),
    ),
  );
}
