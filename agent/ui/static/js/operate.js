// Sends what is done to a finished payment: void, refund, capture. The request is kept before it is sent, and sent again in the same
// words until there is an answer: its key makes it one operation, however often it arrives.
import { ask } from './api.js';
import { hear } from './sale.js';
import { changed, state } from './state.js';
import * as store from './store.js';

const place = 'tillproof.operation';
const retry = 500;
const paths = { void: 'void', refund: 'refunds', capture: 'capture' };

let sending = false;

/** kept is the operation that has no answer yet: {payment, what, amount, path, body, at}, or null. */
export function kept() {
  try {
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
}

/** begin starts an operation. It answers false when the browser cannot keep the request, or another one has no answer yet. */
export function begin(payment, what, amount, more = {}) {
  if (kept()) return false;
  const body = JSON.stringify({ operation: key(), ...more });
  try {
    const path = `/v1/payments/${payment.id}/${paths[what]}`;
    localStorage.setItem(place, JSON.stringify({ payment: payment.id, what, amount, path, body, at: Date.now() }));
  } catch {
    return false;
  }
  state.refusal = null;
  changed();
  resume();
  return true;
}

function key() {
  const random = crypto.getRandomValues(new Uint8Array(4));
  return `B-${Date.now().toString(36)}-${[...random].map((byte) => (byte % 36).toString(36)).join('')}`.toUpperCase();
}

/** resume goes on with an operation that has no answer, also after a reload: its payment is shown again. */
export async function resume() {
  if (sending || !kept()) return;
  sending = true;
  if (store.read().payment !== kept().payment) state.viewed ??= kept().payment;
  try {
    while (await sendOnce()) await new Promise((done) => setTimeout(done, retry));
  } finally {
    sending = false;
  }
  changed();
}

/** sendOnce says whether the request has to be sent again. */
async function sendOnce() {
  const request = kept();
  if (!request || state.paired === false) return false;
  const answer = await ask('POST', request.path, request.body);
  if (answer.kind === 'done') hear(answer.data);
  if (answer.kind === 'silent') return true;
  if (answer.kind === 'unpaired') {
    state.paired = false;
    return false;
  }
  if (answer.kind === 'refused' && answer.data.money !== 'none_moved') return true;
  if (answer.kind === 'refused') state.refusal = { payment: request.payment, what: request.what, problem: answer.data, amount: request.amount };
  localStorage.removeItem(place);
  return false;
}
