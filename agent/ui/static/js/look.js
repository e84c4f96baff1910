// Decides how a payment looks: one tone, one symbol, one word. Pure; the only place that maps states to looks.

const charged = ['approved', 'approved_offline', 'captured', 'partly_refunded'];
const uncharged = ['declined', 'cancelled', 'expired'];
const ended = [...uncharged, 'voided', 'refunded'];

const looks = {
  approved: ['approved', 'check'],
  captured: ['approved', 'check'],
  approved_offline: ['offline', 'check-offline'],
  declined: ['declined', 'cross'],
  forward_declined: ['declined', 'cross'],
  cancelled: ['ended', 'stop'],
  expired: ['ended', 'clock'],
  voided: ['ended', 'back'],
  refunded: ['ended', 'back'],
  partly_refunded: ['ended', 'back'],
  written_off: ['ended', 'cross'],
  refund_due: ['refund', 'back'],
  reserved: ['held', 'hold'],
  unknown: ['unknown', 'question'],
};

/** look returns {tone, symbol, word}: word is the key of the big word. */
export function look(payment) {
  if (isDoubt(payment)) return { tone: 'unknown', symbol: 'question', word: 'state.unknown' };
  if (isGiving(payment)) return { tone: 'waiting', symbol: 'clock', word: `state.${ending(payment) || 'giving'}` };
  if (payment.status === 'pending') {
    return isPresented(payment)
      ? { tone: 'presented', symbol: 'qr', word: 'state.presented' }
      : { tone: 'waiting', symbol: 'clock', word: 'state.pending' };
  }
  if (payment.unwanted && isCharged(payment)) return { tone: 'refund', symbol: 'back', word: 'state.refund_due' };
  if (isReleased(payment)) return { tone: 'ended', symbol: 'back', word: 'state.released' };
  const [tone, symbol] = looks[payment.status] ?? ['unknown', 'question'];
  return { tone, symbol, word: `state.${payment.status}` };
}

/** isPresented: a QR code that the customer may have paid while nobody can confirm it. Never to be taken for paid. */
export const isPresented = (payment) => payment.status === 'pending' && payment.next?.code === 'not_confirmed';

/** isOpen: the outcome is still to come. */
export const isOpen = (payment) => payment.status === 'pending' || payment.status === 'unknown';

/** doing is the operation that a screen speaks of: the one without an end, or else the last one. */
export function doing(payment) {
  const list = payment.operations ?? [];
  return list.find(({ status }) => status === 'requested') ?? list.find(({ status }) => status === 'unknown') ?? list.at(-1);
}

/** isGiving: money is on its way back, or is being collected once more. */
export const isGiving = (payment) => doing(payment)?.status === 'requested';

/** isDoubt: nobody knows whether money went back, and the search goes on. */
export const isDoubt = (payment) => doing(payment)?.status === 'unknown' && payment.next?.code !== 'given_up';

/** isHold: an amount was to be held on a card, whatever has become of it since. */
export const isHold = (payment) => payment.reserve === true || payment.reserved_amount !== undefined;

/** isHeld: an amount is held on the card, and nobody has it yet. Never to be taken for paid. */
export const isHeld = (payment) => payment.status === 'reserved';

/** ending is what the screen's operation does to an amount that is held: 'booking' or 'releasing'; '' of any other payment. */
export const ending = (payment) => (isHeld(payment) && doing(payment) ? { capture: 'booking', void: 'releasing' }[doing(payment).kind] : '');

/** isReleased: what was held went free, and nothing of it was ever booked. */
export const isReleased = (payment) =>
  payment.status === 'voided' && isHold(payment) && !(payment.operations ?? []).some(({ kind, status }) => kind === 'capture' && status === 'done');

/** canEnd: some of what is held can be booked, or all of it released. After a search that was given up a supervisor has the word. */
export const canEnd = (payment) => isHeld(payment) && !['requested', 'unknown'].includes(doing(payment)?.status);

/** sumOf is the amount that stands for a payment: what was booked, else what is or was held, else what was asked for. */
export const sumOf = (payment) => payment.approved_amount ?? payment.reserved_amount ?? payment.amount;

/** isUnsettled: something about the payment is still to come. */
export const isUnsettled = (payment) => isOpen(payment) || isGiving(payment) || isDoubt(payment);

/** collected is what a payment has brought of its order: without the tip and the rounding, and less what went back. */
export const collected = (payment) =>
  isCharged(payment)
    ? Math.max(0, (payment.approved_amount ?? 0) - (payment.tip ?? 0) - (payment.rounding ?? 0) - payment.refunded_amount)
    : 0;

/** canVoid: the whole payment can be taken back where it was made; whether it is settled already, the till knows. */
export const canVoid = (payment) =>
  ['card', 'cash'].includes(payment.tender) &&
  ['approved', 'approved_offline', 'captured'].includes(payment.status) &&
  !isGiving(payment) &&
  !isDoubt(payment) &&
  payment.refunded_amount === 0;

/** canRefund: there is something left that can go back. */
export const canRefund = (payment) =>
  payment.returnable > 0 &&
  payment.status !== 'approved_offline' &&
  isCharged(payment) &&
  !isGiving(payment) &&
  !isDoubt(payment) &&
  !(payment.unwanted && ['code', 'qr'].includes(payment.tender));

/** can says whether the card terminal that took a payment has a function, such as "void", "refund" or "cancel"; every other tender can. */
export const can = (payment, what, devices) =>
  payment.tender !== 'card' || !(devices ?? []).some(({ name, lacks }) => name === payment.device && lacks?.includes(what));

/** canHold says whether a card terminal of the till can hold an amount on a card. */
export const canHold = (devices) => (devices ?? []).some(({ kind, lacks }) => kind === 'card' && lacks?.includes('reservation') === false);

/** isCharged: the customer's money is ours. */
export const isCharged = (payment) => charged.includes(payment.status);

/** isUncharged: it ended without the customer's money. */
export const isUncharged = (payment) => uncharged.includes(payment.status);

/** isFree: the order may be collected by another attempt. */
export const isFree = (payment) =>
  (ended.includes(payment.status) || payment.unwanted) && !isCharged(payment) && payment.status !== 'pending';

/** awaitsCode: the next payment code that is scanned belongs to this payment. */
export const awaitsCode = (payment) => payment?.status === 'pending' && payment.next?.code === 'scan_code';

/** ends is the time that the countdown runs to. */
export const ends = (payment) => (payment.status === 'pending' ? (payment.expires_at ?? payment.qr?.expires_at) : undefined);
