// The course of a sale. The request that may move money is kept before it is sent, and sent again in the same words until there
// is an answer: order and attempt make it one payment, however often it arrives.
import { ask } from './api.js';
import * as cart from './cart.js';
import { collected, isFree, isUnsettled } from './look.js';
import { changed, learn, newer, state } from './state.js';
import * as store from './store.js';

const retry = 500;
let override = null; // a supervisor's word with the PIN, for one attempt of one order; it is never kept
const foreign = 2000; // another tab's request is left to that tab for this long

let sending = false;

/**
 * begin starts a payment of the whole sale, or of extra.amount where that is named. It answers false when the browser cannot keep the
 * request: then nothing was sent.
 */
export function begin(tender, extra = {}) {
  const sale = store.read();
  const amount = extra.amount ?? cart.due(sale);
  if (sale.request || sale.payment || cart.isEmpty(sale) || (amount === 0 && cart.isSplit(sale))) return true;
  const body = {
    order: sale.order,
    attempt: sale.attempt,
    amount,
    currency: state.status.shop.currency,
    tender: amount === 0 ? 'none' : tender,
    ...(cart.isSplit(sale) ? { order_amount: cart.total(sale) } : {}),
    ...extra,
  };
  const request = { body: JSON.stringify(body), tender, amount, extra, at: Date.now() };
  const kept = store.write({ ...sale, problem: null, request });
  if (kept) send();
  return kept;
}

/** resume goes on after a reload or with a request of another tab that has not been answered. */
export function resume() {
  const { request } = store.read();
  if (request && !sending && Date.now() - request.at > foreign) send();
}

/**
 * insist begins a refused payment anew: offline 'allow' is the cashier's word; vouch, {supervisor, pin}, a supervisor's. It goes
 * with the first request only. Should that one be lost, the kept words find what it has begun, or are refused again.
 */
export function insist({ offline, vouch } = {}) {
  const { problem, order, attempt } = store.read();
  if (!problem) return;
  override = vouch ? { order, attempt, word: vouch } : null;
  store.change((sale) => ({ ...sale, problem: null }));
  begin(problem.tender, { ...problem.extra, ...(offline ? { offline } : {}) });
}

async function send() {
  if (sending) return;
  sending = true;
  try {
    while (await sendOnce()) await new Promise((done) => setTimeout(done, retry));
  } finally {
    sending = false;
  }
}

/** sendOnce says whether the request has to be sent again. */
async function sendOnce() {
  const { request, order, attempt } = store.read();
  if (!request || state.paired === false) return false;
  const word = override?.order === order && override.attempt === attempt ? override.word : null;
  const vouched = word && { ...JSON.parse(request.body), override: word };
  override = null;
  const answer = await ask('POST', '/v1/payments', vouched ?? request.body);
  if (store.read().request?.body !== request.body) return false; // another tab was answered first
  if (answer.kind === 'done') return adopt(answer.data);
  if (answer.kind === 'unpaired') return unpaired();
  if (answer.kind === 'silent') return true;
  const begun = await search(order, attempt, answer.data);
  if (begun) return adopt(begun);
  if (answer.data.money !== 'none_moved') return doubt(answer.data);
  store.change((sale) => ({
    ...sale,
    request: null,
    problem: { ...answer.data, tender: request.tender, amount: request.amount, extra: request.extra },
  }));
  return false;
}

/** search looks for the payment that a refusal speaks of: our own attempt after all, or an earlier one that is not decided. */
async function search(order, attempt, problem) {
  if (!['order_conflict', 'order_open', 'internal'].includes(problem.code)) return null;
  const answer = await ask('GET', `/v1/payments?order=${encodeURIComponent(order)}&limit=50`);
  if (answer.kind !== 'done') return null;
  const wanted = problem.code === 'order_open' ? (payment) => !isFree(payment) : (payment) => payment.attempt === attempt;
  return answer.data.items.find(wanted) ?? null;
}

function adopt(payment) {
  store.change((sale) => ({
    ...sale,
    request: null,
    problem: null,
    payment: payment.id,
    seen: payment,
    attempt: payment.attempt,
  }));
  learn(payment);
  return false;
}

function unpaired() {
  state.paired = false;
  changed();
  return false;
}

/** doubt shows a problem that leaves the money open, and goes on asking. */
function doubt(problem) {
  store.change((sale) => ({ ...sale, request: sale.request && { ...sale.request, doubt: problem } }));
  return true;
}

/** hear takes news of a payment into the sale if it is the running one. */
export function hear(payment) {
  learn(payment);
  const sale = store.read();
  const same = JSON.stringify(payment) === JSON.stringify(sale.seen);
  if (sale.payment === payment.id && !same && newer(payment, sale.seen)) store.write({ ...sale, seen: payment });
  correct(payment);
}

/** correct follows a part of a split order whose money went back. */
function correct(payment) {
  const { parts } = store.read();
  const known = parts.find((part) => part.id === payment.id);
  if (!known || known.amount === collected(payment) || isUnsettled(payment)) return;
  const others = parts.map((part) => (part === known ? { ...part, amount: collected(payment) } : part));
  store.change((sale) => ({ ...sale, parts: others.filter((part) => part.amount > 0) }));
}

/** refresh asks for a payment. */
export async function refresh(id) {
  const answer = await ask('GET', `/v1/payments/${id}`);
  if (answer.kind === 'done') hear(answer.data);
  if (answer.status === 404 && answer.kind === 'refused') forget(id, answer.data);
  return answer;
}

/** forget lets go of a payment that this till does not know: it was made with another till's data. */
function forget(id, problem) {
  const { payment, seen } = store.read();
  if (payment !== id) return;
  store.change((sale) => ({
    ...sale,
    payment: null,
    seen: null,
    problem: { ...problem, tender: seen?.tender, amount: seen?.amount ?? 0 },
  }));
}

/** cancel asks the device or the platform to stop a pending payment, and frees the order of an unknown one. */
export async function cancel(id) {
  state.asking.add('cancel');
  changed();
  const answer = await ask('POST', `/v1/payments/${id}/cancel`);
  state.asking.delete('cancel');
  if (answer.kind === 'done') hear(answer.data);
  else await refresh(id);
  changed();
  return answer;
}

/** askAgain has device or platform asked now what became of something unknown. */
export async function askAgain(id) {
  state.asking.add('ask');
  changed();
  const answer = await ask('POST', `/v1/payments/${id}/ask?wait=5s`);
  state.asking.delete('ask');
  if (answer.kind === 'done') hear(answer.data);
  changed();
  return answer;
}

/** again keeps goods and order and goes back to the tenders for the next attempt. Only after an end without money. */
export function again() {
  store.change((sale) =>
    sale.seen && isFree(sale.seen) ? { ...sale, attempt: sale.attempt + 1, payment: null, seen: null } : sale,
  );
}

/** goesOn keeps what was paid and asks for the rest of the order with the next attempt. */
export function goesOn() {
  store.change((sale) => {
    if (!sale.seen || cart.restAfter(sale) <= 0) return sale;
    const { id, tender } = sale.seen;
    const parts = [...sale.parts, { id, amount: collected(sale.seen), tender }];
    return { ...sale, attempt: sale.attempt + 1, parts, part: null, payment: null, seen: null };
  });
}

/** back returns to the goods after a refusal that moved no money: the attempt was never used. */
export function back() {
  store.change((sale) => ({ ...sale, problem: null }));
}

/** next is the next customer: a new order. A payment that is still open goes on without the page and stays on top of the list. */
export function next() {
  store.write(store.fresh());
}
