// Decides what the customer sees. Money is called paid only if it is; everything unclear is "one moment".
import { due, isEmpty, restAfter } from './cart.js';
import { doing, ends, isCharged, isDoubt, isGiving, isHeld, isHold, isOpen, isPresented, isReleased, isUncharged, look, sumOf } from './look.js';
import { state } from './state.js';
import { now } from './when.js';

const linger = 12000; // how long an end is shown after the cashier has gone on

let last = null; // id of the payment that was shown last

/** pick returns {status, tone, symbol?, word, text?, amount?, …}; words are keys. */
export function pick(sale) {
  const payment = sale.payment ? sale.seen : null;
  if (payment) return { ...remember(payment), ...(restAfter(sale) > 0 ? { word: 'display.part' } : {}) };
  if (sale.request)
    return { status: 'sending', tone: 'waiting', symbol: 'clock', word: 'display.moment', amount: sale.request.amount };
  if (!isEmpty(sale)) return cart(sale);
  const open = [...state.payments.values()]
    .filter((known) => known.status === 'pending' || isGiving(known))
    .sort((a, b) => (a.id < b.id ? 1 : -1))[0];
  if (open) return remember(open);
  const ended = state.payments.get(last);
  const fresh = ended && !isOpen(ended) && now() - Date.parse(ended.updated_at) < linger;
  return fresh ? describe(ended) : { status: 'idle', tone: 'idle', word: 'display.welcome' };
}

function remember(payment) {
  last = payment.id;
  return describe(payment);
}

function cart(sale) {
  const lines = sale.typed === '' ? sale.lines : [...sale.lines, { price: Number(sale.typed), quantity: 1 }];
  return { status: 'cart', tone: 'idle', word: 'cart.total', amount: due(sale), lines };
}

function describe(payment) {
  const { tone, symbol } = look(payment);
  const { status, tender, currency } = payment;
  const base = { status, tender, tone, symbol, currency, amount: payment.amount };
  if (isHeld(payment)) return held(payment, base);
  if (isReleased(payment)) return { ...base, word: 'display.released', text: 'money.none_moved', amount: sumOf(payment) };
  if (isGiving(payment)) return { ...base, symbol: 'back', word: 'display.giving', amount: doing(payment).amount };
  if (isDoubt(payment)) return { ...base, tone: 'waiting', symbol: 'clock', word: 'display.moment' };
  if (['voided', 'refunded', 'partly_refunded'].includes(status))
    return { ...base, word: 'display.returned', amount: doing(payment)?.amount ?? payment.refunded_amount };
  if (status === 'pending')
    return { ...base, ...(isHold(payment) ? { text: 'display.hold' } : {}), ...waiting(payment), symbol: payment.qr ? '' : tender, ends: ends(payment), qr: payment.qr?.image };
  if (isCharged(payment))
    return {
      ...base,
      word: 'display.thanks',
      amount: payment.approved_amount ?? payment.amount,
      change: payment.change,
      text: payment.unwanted ? 'display.ask' : '',
    };
  if (isUncharged(payment)) return { ...base, word: `display.${status}`, text: 'money.none_moved' };
  if (status === 'unknown') return { ...base, tone: 'waiting', symbol: 'clock', word: 'display.moment', text: 'display.unknown' };
  return { ...base, tone: 'ended', word: 'display.ask' };
}

/** held: the customer sees that the amount is only held, and while it is booked or released nothing that may turn out wrong. */
function held(payment, base) {
  if (isGiving(payment) || doing(payment)?.status === 'unknown') return { ...base, tone: 'waiting', symbol: 'clock', word: 'display.moment', amount: doing(payment).amount };
  return { ...base, tone: 'held', symbol: 'hold', word: 'display.held', text: 'money.reserved', amount: sumOf(payment) };
}

/** waiting says what the customer should do now. */
function waiting(payment) {
  if (isPresented(payment)) return { tone: 'presented', word: 'display.scan', text: 'display.presented' };
  if (payment.qr) return { word: 'display.scan' };
  const word = { card: 'display.card', code: payment.next?.code === 'scan_code' ? 'display.code' : 'display.confirm' }[
    payment.tender
  ];
  return { word: word ?? 'display.moment' };
}
