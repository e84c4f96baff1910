// Remembers for this tab which payment was looked at while something about it was still to come: a reload in the middle of a booking or a
// refund goes on there.
import { isUnsettled } from './look.js';
import { refresh } from './sale.js';
import { changed, state } from './state.js';

const place = 'tillproof.viewed';
let restored = false;

/** keep writes down what is looked at now, or that nothing is. Before the restoring there is nothing to write. */
export function keep() {
  if (!restored) return;
  const payment = state.payments.get(state.viewed);
  const id = payment && isUnsettled(payment) ? payment.id : '';
  if (id !== (sessionStorage.getItem(place) ?? '')) sessionStorage.setItem(place, id);
}

/** restore shows the payment of before the reload once the till answers, whatever has become of it meanwhile. */
export async function restore() {
  if (restored) return;
  restored = true;
  const id = sessionStorage.getItem(place);
  if (!id) return;
  await refresh(id);
  if (state.payments.has(id)) state.viewed ??= id;
  changed();
}
