// Keeps the one sale of this browser in localStorage, so that a reload, another tab or a restart of the till's program goes on
// exactly there. All tabs share it: a change in one is told to the others by the storage event.

const place = 'tillproof.sale';
const listeners = new Set();

/**
 * fresh is a sale that has not begun: a new order number, nothing in it. parts are the payments of a split order that have brought
 * money, {id, amount, tender}; part is what was chosen to be paid next, null for all that is left.
 */
export function fresh() {
  const payments = { request: null, payment: null, seen: null, problem: null, parts: [], part: null };
  return { order: orderNumber(), attempt: 1, lines: [], typed: '', ...payments };
}

/** orderNumber is unique without asking anybody: the time, and 4 random characters for two tills at the same moment. */
function orderNumber() {
  const random = crypto.getRandomValues(new Uint8Array(4));
  return `T-${Date.now().toString(36)}-${[...random].map((byte) => (byte % 36).toString(36)).join('')}`.toUpperCase();
}

/** read returns the sale as it is kept. What is not readable is no sale of ours. */
export function read() {
  try {
    const sale = JSON.parse(localStorage.getItem(place));
    if (sale && Array.isArray(sale.lines) && typeof sale.order === 'string') return { ...fresh(), ...sale };
  } catch {
    // falls through to a new sale
  }
  const sale = fresh();
  write(sale);
  return sale;
}

/** write keeps a sale and says whether the browser really did. */
export function write(sale) {
  try {
    localStorage.setItem(place, JSON.stringify(sale));
  } catch {
    return false;
  }
  tell();
  return true;
}

/** change applies a function to the kept sale. */
export const change = (apply) => write(apply(read()));

/**
 * lead calls back in one tab only, for as long as that tab is open: what every tab hears, such as a scan, must go into the sale
 * once. Without the browser's locks every tab leads; they are given to pages of the machine itself and over TLS, which is all
 * that the till serves.
 */
export function lead(onLead) {
  if (!navigator.locks) return onLead();
  return navigator.locks.request(place, () => {
    onLead();
    return new Promise(() => {});
  });
}

/** follow calls back after every change, in whichever tab it was made. */
export function follow(listener) {
  listeners.add(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

window.addEventListener('storage', (event) => {
  if (event.key === place || event.key === null) tell();
});
