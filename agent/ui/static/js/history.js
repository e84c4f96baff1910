// The list of the last payments, to find one again: by order, amount, time, card or receipt; and of the amounts that are held on cards.
import { ask } from './api.js';
import { button, el, icon, show } from './dom.js';
import * as hold from './hold.js';
import { locale, t } from './i18n.js';
import { canHold, isHeld, look, sumOf } from './look.js';
import { decimal } from './money.js';
import { money, way } from './price.js';
import * as sheet from './sheet.js';
import { changed, learn, state } from './state.js';
import { clock } from './when.js';

const page = 50;

/** open shows the list, of 'all' or of what is 'held'; a tap shows that payment as it is now. */
export function open(which = 'all') {
  const found = new Map();
  let cursor = '';
  const list = el('ol', { class: 'history', 'data-testid': 'history' });
  const empty = el('p', { class: 'quiet', role: 'status', 'data-testid': 'history-empty' });
  const older = button('history-older', t('history.older'), '', () => load(), 'button-wide');
  const field = el('input', {
    type: 'search',
    class: 'search',
    autocomplete: 'off',
    placeholder: t('history.search'),
    'aria-label': t('history.search'),
    'data-testid': 'history-search',
    oninput: () => draw(),
    onkeydown: (event) => event.key === 'Enter' && (event.preventDefault(), first()),
  });

  function draw() {
    const hits = [...found.values()].filter((payment) => matches(payment, field.value.trim().toLowerCase()));
    hits.sort((a, b) => (a.id < b.id ? 1 : -1));
    list.replaceChildren(...hits.map((payment) => row(payment, pick)));
    show(empty, hits.length === 0);
    empty.textContent = hits.length === 0 ? t(which === 'held' && found.size === 0 ? 'history.none_held' : 'history.none') : '';
    show(older, cursor !== '');
  }

  async function load() {
    const answer = await ask('GET', `/v1/payments?limit=${page}${which === 'held' ? '&status=reserved' : ''}${cursor && `&cursor=${cursor}`}`);
    if (answer.kind !== 'done' || !sheet.shows('history') || !list.isConnected) return;
    for (const payment of answer.data.items) found.set(payment.id, payment);
    cursor = answer.data.next_cursor ?? '';
    draw();
  }

  const first = () => list.querySelector('button')?.click();

  function pick(payment) {
    sheet.close();
    learn(payment);
    state.viewed = payment.id;
    state.refusal = null;
    changed();
  }

  const head = el('div', { class: 'history-head' }, field, ...choices(which));
  const body = el('div', { class: 'history-room' }, head, el('div', { class: 'history-scroll' }, list, empty, older));
  sheet.open({ name: 'history', title: t('history.title'), body, focus: field, wide: true });
  load();
}

/**
 * choices are what a till has that can hold amounts on cards: what is held alone, and there the way to hold another one. Whoever only
 * sells never comes by here.
 */
function choices(which) {
  const able = canHold(state.status?.devices);
  if (!able && ![...state.payments.values()].some(isHeld)) return [];
  const items = ['all', 'held'].map((id) => ({ id, label: t(`history.${id}`) }));
  const begin = able && which === 'held' && button('hold', t('action.hold'), '', () => hold.open(() => open('held')), 'button-small');
  return [sheet.choice('history', t('history.which'), items, () => which, (id) => id !== which && open(id)), begin].filter(Boolean);
}

/** matches compares with everything that somebody may have at hand: a slip, the amount, the time. */
function matches(payment, text) {
  const sums = [payment.amount, sumOf(payment)];
  const words = [
    payment.order,
    payment.last4,
    payment.receipt_no,
    payment.brand,
    when(payment.created_at),
    ...sums.map((sum) => decimal(sum, state.status?.shop?.exponent ?? 2)),
    ...sums.map((sum) => money(sum, payment.currency)),
  ];
  return text === '' || words.some((word) => word?.toLowerCase().includes(text));
}

/** when is the time of day, with the date where it was not today. */
function when(at) {
  const day = (time) => new Intl.DateTimeFormat(locale(), { day: '2-digit', month: '2-digit' }).format(time);
  const date = day(new Date(at));
  return date === day(new Date()) ? clock(at) : `${date} ${clock(at)}`;
}

function row(payment, pick) {
  const { tone, symbol, word } = look(payment);
  const back = payment.refunded_amount > 0 ? `−${money(payment.refunded_amount, payment.currency)}` : '';
  return el(
    'li',
    {},
    el(
      'button',
      {
        type: 'button',
        class: `history-row recent tone-${tone}`,
        'data-testid': 'history-row',
        'data-id': payment.id,
        'data-status': payment.status,
        onclick: () => pick(payment),
      },
      icon(symbol),
      el('span', { class: 'history-time' }, when(payment.created_at)),
      el('span', { class: 'history-amount' }, money(sumOf(payment), payment.currency)),
      el('span', { class: 'history-back' }, back),
      el('span', { class: 'history-way' }, way(payment, t)),
      el('span', { class: 'history-word' }, t(word).replace('\n', ' ')),
      el('span', { class: 'history-order' }, payment.order),
    ),
  );
}
