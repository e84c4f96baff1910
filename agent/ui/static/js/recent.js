// The strip of recent payments. What is not decided stands first and stays until it is; a tap opens it.
import { el, find, icon } from './dom.js';
import { t } from './i18n.js';
import { isDoubt, isGiving, isHeld, isUnsettled, look, sumOf } from './look.js';
import { format } from './money.js';
import { locale } from './i18n.js';
import { changed, state } from './state.js';
import { clock } from './when.js';

const most = 20;
let drawn = '';

/** rank sorts unknown before what is under way before everything else. */
const rank = (payment) =>
  payment.status === 'unknown' || isDoubt(payment) ? 0 : payment.status === 'pending' || isGiving(payment) ? 1 : 2;

/** ordered lists open payments first, then the newest. */
export function ordered(payments) {
  const sorted = [...payments].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? 1 : -1));
  return sorted.filter((payment, index) => index < most || isUnsettled(payment));
}

/** draw writes the strip. */
export function draw() {
  const payments = ordered(state.payments.values());
  const key = JSON.stringify([
    document.documentElement.lang,
    state.status?.shop?.exponent,
    payments.map((p) => [p.id, p.record?.seq, p.next?.code]),
  ]);
  if (key === drawn) return;
  drawn = key;
  find('recent').replaceChildren(...payments.map(chip));
  find('recent-empty').hidden = payments.length > 0;
}

function chip(payment) {
  const { tone, symbol, word } = look(payment);
  const amount = format(sumOf(payment), payment.currency, locale());
  return el(
    'li',
    {},
    el(
      'button',
      {
        type: 'button',
        class: `recent tone-${tone}`,
        'data-testid': 'recent',
        'data-id': payment.id,
        'data-status': payment.status,
        'aria-label': `${t(word)}, ${amount}, ${clock(payment.created_at)}`,
        onclick: () => {
          state.viewed = payment.id;
          state.refusal = null;
          changed();
        },
      },
      icon(symbol),
      el('span', { class: 'recent-amount' }, amount),
      el('span', { class: 'recent-time' }, isUnsettled(payment) || isHeld(payment) ? t(word) : clock(payment.created_at)),
    ),
  );
}
