// Puts into words what the payment screen shows of money on its way back (or, for a capture, of money collected once more).
import { ending, freed } from './ending.js';
import { t } from './i18n.js';
import { doing, isDoubt, isHeld } from './look.js';
import { money, way } from './price.js';

/** giving is what differs from the payment's own scene while an operation is its latest news; null when there is none. */
export function giving(payment) {
  if (isHeld(payment)) return ending(payment);
  const operation = doing(payment);
  if (!operation) return null;
  const write = (amount) => money(amount, payment.currency);
  const base = { detail: where(payment, operation), change: '', reason: '' };
  const now = { ...base, rest: '' }; // one thing at a time
  if (operation.status === 'requested')
    return { ...now, ...wait(operation), amount: write(operation.amount), operation: 'requested' };
  if (isDoubt(payment)) return { ...now, ...doubt(operation), amount: write(operation.amount), operation: 'unknown' };
  if (operation.kind === 'capture') return null;
  if (operation.status === 'done') return freed(payment) ?? ended(payment, operation, write);
  if (payment.next?.code === 'refund_refused') return { ...base, ...refusal(operation), amount: write(operation.amount) };
  return null;
}

/** where names the way back, and what of the payment it is. */
function where(payment, operation) {
  const target = operation.tender === payment.tender ? way(payment, t) : t(`tender.${operation.tender}`);
  const held = payment.approved_amount ?? payment.amount;
  const part = operation.amount !== held ? t('giving.of', { amount: money(held, payment.currency) }) : '';
  return [target === t(`tender.${payment.tender}`) ? '' : target, part].filter(Boolean).join(' · ');
}

const wait = ({ kind }) => ({
  tone: 'waiting',
  symbol: 'clock',
  word: t(kind === 'capture' ? 'state.collecting' : 'state.giving'),
  charged: t(kind === 'capture' ? 'giving.collecting' : 'giving.requested'),
});

const doubt = ({ kind }) => ({
  tone: 'unknown',
  symbol: 'question',
  word: t('state.unknown'),
  charged: t(kind === 'capture' ? 'giving.collect_unknown' : 'giving.unknown'),
});

const refusal = ({ reason }) => ({
  tone: 'declined',
  symbol: 'cross',
  word: t('state.not_returned'),
  reason: reason?.text ?? '',
  charged: t('giving.refused'),
  operation: 'refused',
});

/** ended: the money is back. Cash is only promised by the screen: somebody has to hand it over. */
function ended(payment, operation, write) {
  if (!['voided', 'refunded', 'partly_refunded'].includes(payment.status)) return null;
  const cash = operation.tender === 'cash';
  const left = payment.returnable ? t('giving.left', { amount: write(payment.returnable) }) : '';
  return {
    amount: write(operation.amount),
    detail: [where(payment, operation), left].filter(Boolean).join(' · '),
    change: cash ? write(operation.handed_amount ?? operation.amount) : '',
    changeWord: t('giving.hand_out'),
    charged: cash ? '' : t(operation.kind === 'void' ? 'giving.done_void' : `giving.done_${operation.tender}`),
    operation: 'done',
  };
}
