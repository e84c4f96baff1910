// Writes amounts in the page's language, in the shop's own currency unless another one is named.
import { locale } from './i18n.js';
import { format } from './money.js';
import { state } from './state.js';

/** money writes minor units; '' before the till has told its currency. */
export function money(amount, currency = state.status?.shop?.currency) {
  if (!currency) return '';
  return format(amount, currency, locale(), currency === state.status?.shop?.currency ? state.status.shop.exponent : undefined);
}

/** way names by what a payment's money came, and so where it goes back to: "Visa •••• 1111" or a tender. */
export function way(payment, t) {
  const card = [payment.brand, payment.last4 && `••••\u00a0${payment.last4}`].filter(Boolean).join(' ');
  return card || t(`tender.${payment.tender}`);
}
