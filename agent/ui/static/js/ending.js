// Puts into words what the payment screen shows while an amount that is held on a card is booked or released, and what came of it.
import { t } from './i18n.js';
import { doing, ending as kindOf, isDoubt, isReleased, sumOf } from './look.js';
import { money, way } from './price.js';

/** ending is what differs from the payment's own scene because of its last booking or release; null when there was none. */
export function ending(payment) {
  const operation = doing(payment);
  const kind = kindOf(payment);
  if (!kind) return null;
  const base = { amount: money(operation.amount, payment.currency), detail: where(payment, operation), reason: '' };
  if (operation.status === 'requested')
    return { ...base, tone: 'waiting', symbol: 'clock', word: t(`state.${kind}`), charged: t(`held.${kind}`), operation: 'requested' };
  if (isDoubt(payment))
    return { ...base, tone: 'unknown', symbol: 'question', word: t('state.unknown'), charged: t(`held.${kind}_unknown`), operation: 'unknown' };
  if (operation.status === 'unknown') return { charged: t('held.given_up'), operation: 'unknown' };
  if (operation.status !== 'refused') return null;
  const reason = operation.reason?.text ?? '';
  return { ...base, reason, tone: 'declined', symbol: 'cross', word: t(`state.not_${kind}`), charged: t('held.still'), operation: 'refused' };
}

/** freed is what differs when what was held went free; null of any other payment. */
export function freed(payment) {
  if (!isReleased(payment)) return null;
  const target = way(payment, t);
  return { amount: money(sumOf(payment), payment.currency), detail: target === t('tender.card') ? '' : target, charged: t('held.released'), operation: 'done' };
}

/** where names the card, and what of the held amount it is. */
function where(payment, { amount }) {
  const target = way(payment, t);
  const part = amount === sumOf(payment) ? '' : t('held.of', { amount: money(sumOf(payment), payment.currency) });
  return [target === t('tender.card') ? '' : target, part].filter(Boolean).join(' · ');
}
