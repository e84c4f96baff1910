// Turns what the platform answers into rows, tiles and tags. Everything is set as text, never as markup.
import { format } from './money.js';
import { locale, say } from './text.js';
import { clock } from './when.js';

const tones = {
  pending: ['waiting', '…'], approved: ['approved', '✓'], captured: ['approved', '✓'], approved_offline: ['offline', '✓'], declined: ['declined', '✕'],
  forward_declined: ['declined', '✕'], cancelled: ['ended', '–'], expired: ['ended', '–'], voided: ['ended', '↩'], written_off: ['ended', '–'],
  refunded: ['ended', '↩'], partly_refunded: ['approved', '↩'], refund_due: ['refund', '!'], unknown: ['unknown', '?'], reserved: ['held', '◔'],
};

/** element makes an element of a class, with text or with others inside. */
export function element(name, style, text, ...inside) {
  const e = document.createElement(name);
  if (style) e.className = style;
  if (text !== undefined) e.textContent = text;
  e.append(...inside);
  return e;
}

/** small is a second line. */
export const small = (text) => element('small', '', text);

/** payment is the row of a payment. */
export function payment(p, exponent) {
  const [tone, symbol] = tones[p.status] ?? ['ended', ''];
  const row = element('tr');
  row.dataset.testid = 'payment';
  row.dataset.id = p.id;
  row.dataset.status = p.status;
  const order = element('td', '', p.order);
  if (p.attempt > 1) order.append(small(say('attempt', { n: p.attempt })));
  const tender = element('td', '', say(`tender.${p.tender}`));
  if (p.scheme) tender.append(small(p.scheme));
  const status = element('td', '', undefined, element('span', `status tone-${tone}`, `${symbol} ${say(`status.${p.status}`)}`));
  if (p.unwanted) status.append(small(say('unwanted')));
  if (p.fork) status.append(small(say('fork')));
  const money = (amount) => format(amount, p.currency, locale(), exponent[p.currency]);
  const amount = element('td', 'money', money(p.amount));
  if (p.refunded_amount > 0) amount.append(small(say('refunded', { amount: money(p.refunded_amount) })));
  row.append(element('td', '', clock(p.created_at)), element('td', '', p.till), order, tender, status, amount);
  return row;
}

const counted = (n) => say(n === 1 ? 'count.one' : 'count', { n });

/** tiles are the totals, one for a tender and currency. */
export function tiles(t) {
  return Object.entries(t.totals).flatMap(([tender, sums]) => Object.entries(sums).map(([currency, sum]) => {
    const amount = element('strong', '', format(sum.amount, currency, locale(), t.exponent[currency]));
    const tile = element('li', 'tile', say(`tender.${tender}`), amount, counted(sum.count));
    tile.dataset.testid = `total-${tender}-${currency}`;
    return tile;
  }));
}

/** statuses count payments by what is known of them. */
export function statuses(t) {
  return Object.entries(t.by_status).map(([status, sums]) => {
    const n = Object.values(sums).reduce((all, sum) => all + sum.count, 0);
    return element('li', ['unknown', 'refund_due'].includes(status) ? 'alarm' : '', `${say(`status.${status}`)} ${n}`);
  });
}

/** states are the choices of a search, all of them first. */
export function states() {
  return ['', ...Object.keys(tones)].map((status) => {
    const option = element('option', '', status === '' ? say('any') : say(`status.${status}`));
    option.value = status;
    return option;
  });
}

/** intake counts what came in; what should not happen stands out. */
export function intake(counts) {
  const alarms = ['forks', 'held', 'forged', 'broken', 'failed'];
  return Object.entries(counts).map(([name, n]) => element('li', n > 0 && alarms.includes(name) ? 'alarm' : '', say(`intake.${name}`, { n })));
}
