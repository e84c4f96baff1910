// Puts into words what the payment screen shows: the running payment, a request without an answer, a refusal, or a payment from
// the list.
import { has, locale, t } from './i18n.js';
import { awaitsCode, ends, isCharged, isFree, isOpen, isPresented, isUncharged, look } from './look.js';
import { format } from './money.js';
import { state } from './state.js';

/** current picks what to show: the sale comes before what was tapped. */
export function current(sale) {
  if (sale.problem) return refused(sale.problem);
  if (sale.request) return asked(sale.request);
  if (sale.payment) return sale.seen && described(sale.seen, true);
  const viewed = state.payments.get(state.viewed);
  return viewed ? described(viewed, false) : null;
}

const money = (amount, currency) =>
  format(amount, currency, locale(), currency === state.status?.shop?.currency ? state.status.shop.exponent : undefined);

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
    reason: request.doubt ? request.doubt.detail : '',
    charged: '',
    next: { text: t(request.doubt || state.goneSince !== 0 ? 'next.sending_doubt' : 'next.sending'), quote: '' },
    actions: Date.now() - request.at > 10000 ? ['leave'] : [],
  };
}

function refused(problem) {
  const { code, detail, next, money: moved } = problem;
  const { currency } = state.status?.shop ?? {};
  const rule = problem.rule && has(`rule.${problem.rule}`) ? t(`rule.${problem.rule}`) : '';
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
    explain: rule || detail,
    charged: t(`money.${moved}`),
    next: said(`remedy.${code}`, { text: next }),
    actions: ['back', problem.payment && 'blocker', ['order_conflict', 'order_expired'].includes(code) && 'next'].filter(Boolean),
    blocker: problem.payment,
  };
}

function described(payment, running) {
  const { tone, symbol, word } = look(payment);
  return {
    key: `${payment.id} ${payment.status} ${payment.next?.code} ${payment.unwanted}`,
    payment,
    running,
    status: payment.status,
    tone,
    symbol,
    word: t(word),
    tender: payment.tender,
    amount: money(isCharged(payment) ? (payment.approved_amount ?? payment.amount) : payment.amount, payment.currency),
    change: payment.change > 0 && isCharged(payment) ? money(payment.change, payment.currency) : '',
    detail: detail(payment),
    reason: payment.reason ? said(`reason.${payment.reason.code}`, payment.reason).text : '',
    charged: verdict(payment),
    next: step(payment),
    facts: facts(payment),
    qr: payment.status === 'pending' ? payment.qr?.image : '',
    ends: ends(payment),
    awaitsCode: awaitsCode(payment) && running,
    actions: actions(payment, running),
  };
}

/** verdict says in one sentence what it means for the money. */
function verdict(payment) {
  if (isUncharged(payment)) return t('money.none_moved');
  if (isPresented(payment)) return t('money.presented');
  if (payment.status === 'unknown') return t(payment.unwanted ? 'money.unwanted' : 'money.unknown');
  if (has(`money.${payment.status}`)) return t(`money.${payment.status}`);
  return '';
}

/** step is the exact next step. A tender's own sentence comes before the general one. */
function step(payment) {
  const { next, tender, status } = payment;
  if (status === 'pending' && !next) return { text: t('next.wait'), quote: '' };
  if (!next || isUncharged(payment)) return { text: '', quote: '' };
  const own = `next.${next.code}.${tender}`;
  return said(has(own) ? own : `next.${next.code}`, next);
}

function detail(payment) {
  const parts = [[payment.brand, payment.last4 && `•••• ${payment.last4}`].filter(Boolean).join(' ')];
  if (isCharged(payment) && payment.approved_amount !== undefined && payment.approved_amount !== payment.amount) {
    parts.push(t('detail.asked', { amount: money(payment.amount, payment.currency) }));
  }
  if (payment.tip) parts.push(t('detail.tip', { amount: money(payment.tip, payment.currency) }));
  if (payment.refunded_amount) parts.push(t('detail.refunded', { amount: money(payment.refunded_amount, payment.currency) }));
  return parts.filter(Boolean).join(' · ');
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

function actions(payment, running) {
  if (!running) return viewing(payment);
  if (payment.status === 'pending') return isPresented(payment) ? ['cancel', 'aside'] : ['cancel'];
  if (payment.status === 'unknown' && !payment.unwanted) return ['keep', 'aside', 'give-up'];
  return isFree(payment) ? ['again', 'next'] : ['next'];
}

function viewing(payment) {
  if (!isOpen(payment)) return ['close'];
  if (payment.status === 'pending') return ['close', 'cancel'];
  return payment.unwanted ? ['close', 'keep'] : ['close', 'keep', 'give-up'];
}
