// What the page knows of the till at this moment. It is a copy that may be lost: the sale itself is in store.js, the truth in
// the till.
import { isUnsettled } from './look.js';

/** state is written by live.js and read by everything that draws. */
export const state = {
  paired: undefined, // undefined until the till has said so
  goneSince: 0, // milliseconds since 1970 when the till's program stopped to answer, 0 while it answers
  status: null, // GET /v1/status
  goods: [],
  payments: new Map(), // by id: the recent ones and every unknown one
  viewed: null, // id of a payment that was tapped in the list
  asking: new Set(), // what was pressed and has no answer yet, such as "cancel"
  refusal: null, // {payment, what, problem, amount} of an operation that the till did not begin
  people: [], // who works at the till
  note: null, // {text, at} of the last scan, for the screen that waits for one
};

const listeners = new Set();

/** follow calls back, at most once a frame, after changes. */
export function follow(listener) {
  listeners.add(listener);
}

let due = false;

/**
 * changed says that something in state or in the sale is new. Drawing waits for the end of the present work, so that it
 * happens once.
 */
export function changed() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    for (const listener of listeners) listener();
  });
}

/** newer says whether a payment tells more than the one known: records count up within an epoch, and epochs sort by time. */
export function newer(payment, known) {
  if (!known?.record || !payment.record) return true;
  if (payment.record.epoch !== known.record.epoch) return payment.record.epoch > known.record.epoch;
  return payment.record.seq >= known.record.seq;
}

/** learn takes a payment into the list unless a later state is known. */
export function learn(payment) {
  if (!newer(payment, state.payments.get(payment.id))) return;
  state.payments.set(payment.id, payment);
  if (state.payments.size > most) prune();
  changed();
}

const most = 300;

/** prune forgets the oldest decided payments: a screen runs for weeks. Ids sort by time. */
function prune() {
  const decided = [...state.payments.values()].filter(
    (payment) => !isUnsettled(payment) && payment.id !== state.viewed,
  );
  decided.sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const { id } of decided.slice(0, most / 2)) state.payments.delete(id);
}
