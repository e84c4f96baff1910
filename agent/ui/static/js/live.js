// Keeps state.js true: pairing, the event stream, and what must be asked for after every gap.
import { ask } from './api.js';
import { listen } from './events.js';
import { allow } from './i18n.js';
import { canHold, isUnsettled } from './look.js';
import { hear, refresh } from './sale.js';
import { changed, state } from './state.js';
import * as store from './store.js';

const retry = 500;
const handlers = {
  status: onStatus,
  ack: onAck,
  payment: onPayment,
  device: onDevice,
  shift: onShift,
  scan: (scan) => told.onScan(scan),
};
let told = { onMode: () => {}, onScan: () => {}, onUp: () => {} };
let stop = null;
let due = 0;
let heard = 0; // events that changed the status

/** start connects for good. onMode(status) is called when the mode changes, onScan(scan) for every
 * scan, and onUp() whenever the till's program answers again. */
export function start(callbacks) {
  told = { ...told, ...callbacks };
  setInterval(askOpen, 5000);
  setInterval(() => state.paired && state.goneSince === 0 && (askStatus(), people()), 15000);
  return connect();
}

/** connect finds out whether this browser is paired and opens the stream; without an answer it asks on. */
export async function connect() {
  for (;;) {
    const answer = await ask('GET', '/v1/session');
    if (answer.kind === 'done') {
      state.paired = answer.data.paired === true;
      state.till = answer.data.till;
      state.goneSince = 0;
      break;
    }
    state.goneSince ||= Date.now();
    changed();
    await new Promise((done) => setTimeout(done, retry));
  }
  changed();
  if (state.paired) open();
}

function open() {
  stop?.();
  stop = listen({
    onEvent: (name, data) => {
      if (name !== 'payment' && name !== 'scan') heard += 1;
      handlers[name]?.(data);
    },
    onUp: () => {
      state.goneSince = 0;
      changed();
      catchUp();
    },
    onDown: (since) => {
      state.goneSince = since;
      changed();
    },
    onUnpaired: () => {
      state.paired = false;
      changed();
    },
  });
}

/** catchUp asks for everything that may have changed while nobody listened. */
async function catchUp() {
  told.onUp();
  const { payment } = store.read();
  if (payment) refresh(payment);
  await askStatus();
  people();
  list('/v1/payments?limit=20');
  if (state.status?.unknown?.length) list('/v1/payments?status=unknown&limit=50');
  if (canHold(state.status?.devices)) list('/v1/payments?status=reserved&limit=50'); // one may be booked just now
  if (state.status?.shop?.goods) goods();
}

async function list(path) {
  const answer = await ask('GET', path);
  if (answer.kind === 'done') answer.data.items.forEach(hear);
}

async function people() {
  const answer = await ask('GET', '/v1/people');
  if (answer.kind === 'done') state.people = answer.data.items;
  changed();
}

async function goods() {
  const answer = await ask('GET', '/v1/goods');
  if (answer.kind === 'done') state.goods = answer.data.items;
  changed();
}

/**
 * askStatus brings the backlog up to date: a sale adds to it, and only its delivery is an event. An answer that an event overtook
 * may be older than the event, so it is asked for again.
 */
export async function askStatus() {
  const before = heard;
  const answer = await ask('GET', '/v1/status');
  if (heard !== before) return askStatus();
  if (answer.kind === 'done') onStatus(answer.data);
  if (answer.kind === 'unpaired') {
    state.paired = false;
    changed();
  }
}

function soon() {
  clearTimeout(due);
  due = setTimeout(askStatus, 250);
}

/** askOpen is a second way to the end of a running payment, should its event be lost. */
function askOpen() {
  const shown = [store.read().seen, state.payments.get(state.viewed)];
  for (const payment of state.paired && state.goneSince === 0 ? shown : []) if (payment && isUnsettled(payment)) refresh(payment.id);
}

function onStatus(status) {
  const before = state.status;
  state.status = status;
  allow(status.shop?.languages);
  if (before && before.mode !== status.mode) told.onMode(status);
  changed();
}

function onAck({ acked_seq: acked, backlog }) {
  if (!state.status) return;
  state.status = { ...state.status, acked_seq: acked, backlog };
  changed();
}

function onShift(shift) {
  if (state.status) state.status = { ...state.status, shift: shift.state === 'open' ? shift : undefined };
  changed();
}

function onPayment(payment) {
  hear(payment);
  soon();
}

function onDevice(device) {
  if (!state.status) return;
  const others = (state.status.devices ?? []).filter((known) => known.name !== device.name);
  state.status = { ...state.status, devices: [...others, device] };
  changed();
}
