// Puts into words what the payment screen shows: the running payment, a request without an answer, a refusal, or a payment from
// the list.
import { restAfter } from './cart.js';
import { canDecide } from './decide.js';
import { giving } from './giving.js';
import { has, locale, t } from './i18n.js';
import { awaitsCode, can, canEnd, canRefund, canVoid, doing, ends, isCharged, isDoubt, isFree, isGiving, isHeld, isHold, isOpen, isPresented, isUncharged, look, sumOf } from './look.js';
import * as operate from './operate.js';
import { money, way } from './price.js';
import { headroom } from './problems.js';
import { state } from './state.js';

/** current picks what to show: the sale comes before what was tapped. */
export function current(sale) {
  if (sale.problem) return refused(sale.problem);
  if (sale.request) return asked(sale.request);
  if (sale.payment) return sale.seen && (meanwhile(sale.seen, 'aside') ?? described(sale.seen, true, restAfter(sale)));
  const viewed = state.payments.get(state.viewed);
  return viewed ? (meanwhile(viewed, 'close') ?? described(viewed, false)) : null;
}

/** meanwhile is an operation on the payment that has no answer yet, or was not begun; else null. leave is the way out of a long wait. */
function meanwhile(payment, leave) {
  const { what, amount, payment: id, at } = operate.kept() ?? {};
  if (id === payment.id)
    return {
      key: `asking ${what} ${payment.id}`,
      payment,
      status: 'sending',
      tone: 'waiting',
      symbol: 'clock',
      word: t('state.sending'),
      tender: payment.tender,
      amount: money(amount, payment.currency),
      detail: way(payment, t),
      charged: '',
      next: { text: t(state.goneSince !== 0 ? 'next.sending_doubt' : 'next.sending_back'), quote: '' },
      actions: Date.now() - at > 10000 ? [leave] : [],
    };
  if (state.refusal?.payment !== payment.id) return null;
  const { problem, amount: asked, what: tried } = state.refusal;
  const charged = t(isHeld(payment) ? 'held.still' : tried === 'capture' ? 'giving.nothing_changed' : 'giving.not_begun');
  return { ...refused({ ...problem, tender: payment.tender, amount: asked }), key: `refused ${problem.code}`, payment, charged, actions: ['dismiss'] };
}

/**
 * said gives a till's {code, text} in the page's language: in English its own sentence, elsewhere ours with its own as a
 * quotation.
 */
function said(key, { text = '' }) {
  if (!has(key)) return { text, quote: '' };
  return locale() === 'en' && text ? { text, quote: '' } : { text: t(key), quote: text };
}

function asked(request) {
  const { currency } = state.status?.shop ?? {};
  return {
    key: 'sending',
    status: 'sending',
    tone: 'waiting',
    symbol: 'clock',
    word: t('state.sending'),
    tender: request.tender,
    amount: currency ? money(request.amount, currency) : '',
    detail: request.extra?.reserve ? t('detail.hold') : '',
    reason: request.doubt ? request.doubt.detail : '',
    charged: '',
    next: { text: t(request.doubt || state.goneSince !== 0 ? 'next.sending_doubt' : 'next.sending'), quote: '' },
    actions: Date.now() - request.at > 10000 ? ['leave'] : [],
  };
}

/** overridable are the rules that a supervisor may let a sale pass: what is only a matter of amount, number and time. */
const overridable = ['amount', 'total', 'count', 'age', 'away'];

function refused(problem) {
  const { code, detail, next, money: moved } = problem;
  const { currency } = state.status?.shop ?? {};
  const rule = problem.rule && has(`rule.${problem.rule}`) ? t(`rule.${problem.rule}`) : '';
  const insisting = code === 'offline_refused' ? { ask: 'sell-offline' }[problem.rule] || (overridable.includes(problem.rule) && 'override') : '';
  return {
    key: `refused ${code}`,
    status: 'refused',
    tone: 'ended',
    symbol: 'stop',
    word: t('state.refused'),
    tender: problem.tender,
    code,
    amount: currency ? money(problem.amount, currency) : '',
    reason: has(`problem.${code}`) ? t(`problem.${code}`) : problem.title,
    rule: problem.rule,
    explain: [rule || detail, headroom(problem)].filter(Boolean).join(' '),
    charged: t(`money.${moved}`),
    next: said(`remedy.${code}`, { text: next }),
    actions: ['back', insisting, problem.payment && 'blocker', ['order_conflict', 'order_expired'].includes(code) && 'next'].filter(Boolean),
    blocker: problem.payment,
  };
}

function described(payment, running, rest = 0) {
  const { tone, symbol, word } = look(payment);
  const operation = doing(payment);
  return {
    key: [payment.id, payment.status, payment.next?.code, payment.unwanted, operation?.id, operation?.status, rest].join(' '),
    payment,
    running,
    status: payment.status,
    tone,
    symbol,
    word: t(word),
    tender: payment.tender,
    amount: money(isCharged(payment) || isHeld(payment) ? sumOf(payment) : payment.amount, payment.currency),
    change: payment.change > 0 && isCharged(payment) ? money(payment.change, payment.currency) : '',
    changeWord: t('cash.change_word'),
    rest: rest > 0 ? money(rest, payment.currency) : '',
    detail: detail(payment),
    reason: payment.reason ? said(`reason.${payment.reason.code}`, payment.reason).text : '',
    charged: verdict(payment),
    next: step(payment),
    facts: facts(payment),
    qr: payment.status === 'pending' ? payment.qr?.image : '',
    ends: ends(payment),
    awaitsCode: awaitsCode(payment) && running,
    actions: actions(payment, running, rest),
    ...giving(payment),
  };
}

/** verdict says in one sentence what it means for the money. */
function verdict(payment) {
  if (isUncharged(payment)) return t('money.none_moved');
  if (isPresented(payment)) return t('money.presented');
  if (payment.status === 'unknown') return t(`money.${isHold(payment) ? 'hold_' : ''}${payment.unwanted ? 'unwanted' : 'unknown'}`);
  if (has(`money.${payment.status}`)) return t(`money.${payment.status}`);
  return '';
}

/** step is the exact next step. A tender's own sentence comes before the general one. */
function step(payment) {
  const { next, tender, status } = payment;
  if (status === 'pending' && !able(payment, 'cancel')) return { text: t('next.end_there'), quote: next?.text ?? '' };
  if (status === 'pending' && !next) return { text: t('next.wait'), quote: '' };
  if (!next || next.code === 'retry') return { text: '', quote: '' };
  const own = isHeld(payment) ? '' : `next.${next.code}.${tender}`;
  return said(has(own) ? own : `next.${next.code}`, next);
}

function detail(payment) {
  const parts = [[payment.brand, payment.last4 && `•••• ${payment.last4}`].filter(Boolean).join(' ')];
  if (isHold(payment) && isOpen(payment)) parts.push(t('detail.hold'));
  if (isHold(payment)) parts.push(held(payment));
  else if (isCharged(payment) && payment.approved_amount !== undefined && payment.approved_amount !== payment.amount + (payment.tip ?? 0) + (payment.rounding ?? 0)) {
    parts.push(t('detail.asked', { amount: money(payment.amount, payment.currency) }));
  }
  if (payment.rounding) parts.push(t('detail.rounding', { amount: money(payment.rounding, payment.currency) }));
  if (payment.tip) parts.push(t('detail.tip', { amount: money(payment.tip, payment.currency) }));
  if (payment.refunded_amount) parts.push(t('detail.refunded', { amount: money(payment.refunded_amount, payment.currency) }));
  return parts.filter(Boolean).join(' · ');
}

/** held is what was held, where that is not the amount on the screen; of an amount that is held, what was asked for. */
function held(payment) {
  const { reserved_amount: sum, amount, currency } = payment;
  if (isHeld(payment) && sum !== amount) return t('detail.asked', { amount: money(amount, currency) });
  return isCharged(payment) && sum !== undefined && sum !== sumOf(payment) ? t('detail.held', { amount: money(sum, currency) }) : '';
}

/** facts are the small print: what somebody needs who asks for this payment later. */
function facts(payment) {
  const named = [
    ['order', payment.order],
    ['attempt', payment.attempt > 1 ? payment.attempt : ''],
    ['receipt', payment.receipt_no],
    ['trace', payment.trace],
    ['auth', payment.auth_code],
  ];
  return named
    .filter(([, value]) => value)
    .map(([name, value]) => `${t(`fact.${name}`)} ${value}`)
    .join(' · ');
}

/** backward are the ways in which money of a finished payment may go back. */
const backward = (payment) => [canVoid(payment) && able(payment, 'void') && 'void', canRefund(payment) && 'refund'].filter(Boolean);

const able = (payment, what) => can(payment, what, state.status?.devices);

/** stopping is the button that ends a sale, where the card terminal listens to the till while it works. */
const stopping = (payment) => (able(payment, 'cancel') ? ['cancel'] : []);

function actions(payment, running, rest) {
  if (!running) return viewing(payment);
  if (payment.status === 'pending') return isPresented(payment) ? ['cancel', 'aside'] : stopping(payment);
  if (payment.status === 'unknown' && !payment.unwanted) return ['ask', 'aside', 'decide', 'give-up'];
  if (isGiving(payment)) return ['aside'];
  if (isDoubt(payment)) return ['ask', 'aside', 'decide'];
  if (isHeld(payment)) return ['next', ...forward(payment)];
  if (rest > 0) return ['rest', ...backward(payment)];
  if (isUncharged(payment) || payment.status === 'unknown') return ['again', 'next', ...(canDecide(payment) ? ['decide'] : [])];
  return isFree(payment) ? ['next', 'again'] : ['next', ...more(payment), ...backward(payment)];
}

function viewing(payment) {
  if (isDoubt(payment)) return ['close', 'ask', 'decide'];
  if (isHeld(payment)) return ['close', ...forward(payment), ...(isGiving(payment) || !canEnd(payment) ? [] : ['decide'])];
  if (!isOpen(payment)) return ['close', ...more(payment), ...backward(payment)];
  if (payment.status === 'pending') return ['close', ...stopping(payment)];
  const decide = canDecide(payment) ? ['decide'] : [];
  if (payment.next?.code === 'given_up') return ['close', ...decide];
  return payment.unwanted ? ['close', 'ask', ...decide] : ['close', 'ask', ...decide, 'give-up'];
}

/** forward are the ways in which a held amount ends. Of an order that was freed nothing is booked any more. */
function forward(payment) {
  if (canEnd(payment)) return payment.unwanted ? ['release'] : ['book', 'release'];
  return isGiving(payment) ? [] : ['decide'];
}

/** more is what can be done about an offline payment that the bank refused later. */
const more = (payment) => (payment.status === 'forward_declined' && !isGiving(payment) ? ['capture', 'decide'] : []);
