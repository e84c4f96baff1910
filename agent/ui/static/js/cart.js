// The goods of a sale: lines with quantities and the amount being keyed. Pure functions; every one returns a new sale.
import { collected, isCharged, isHold } from './look.js';
import { maxAmount, typed } from './money.js';

/** total is the sum of the lines and of the amount being keyed. */
export const total = (sale) => sale.lines.reduce((sum, line) => sum + line.price * line.quantity, typed(sale.typed));

/** paid is what earlier payments of a split order have brought. */
export const paid = (sale) => sale.parts.reduce((sum, part) => sum + part.amount, 0);

/** rest is what is still to be paid. */
export const rest = (sale) => Math.max(0, total(sale) - paid(sale));

/** due is what the next payment is for: all that is left, or the part of it that was chosen. */
export const due = (sale) => Math.min(sale.part ?? rest(sale), rest(sale));

/** isSplit says whether several payments share the order. */
export const isSplit = (sale) => sale.part !== null || sale.parts.length > 0;

/**
 * restAfter is what is left to pay once the payment on the screen counts. What went back of it is not asked for again, and what was
 * booked of an amount that was held is all that the customer owes.
 */
export const restAfter = (sale) =>
  sale.seen && isCharged(sale.seen) && !isHold(sale.seen) ? rest(sale) - collected(sale.seen) - sale.seen.refunded_amount : 0;

/** fits says whether a sale may still be paid: a payment has a largest amount, and what is paid already cannot be taken out. */
export const fits = (sale) => total(sale) <= maxAmount && total(sale) >= paid(sale);

/** isEmpty says whether nothing has been keyed or scanned. */
export const isEmpty = (sale) => sale.lines.length === 0 && sale.typed === '';

/** add puts goods into the sale; the same goods again count up. */
export function add(sale, item) {
  const at = sale.lines.findIndex((line) => line.code === item.code && line.price === item.price);
  const lines =
    at < 0
      ? [...sale.lines, { code: item.code, name: item.name, price: item.price, quantity: 1 }]
      : sale.lines.map((line, index) => (index === at ? { ...line, quantity: line.quantity + 1 } : line));
  const next = { ...sale, lines };
  return fits(next) ? next : sale;
}

/** addTyped makes a line of the keyed amount, so that another one can be keyed. Lines without a code are amounts. */
export function addTyped(sale) {
  const price = typed(sale.typed);
  return price === 0 ? { ...sale, typed: '' } : { ...sale, typed: '', lines: [...sale.lines, { price, quantity: 1 }] };
}

/** count changes a line's quantity; at 0 the line goes. */
export function count(sale, index, by) {
  const lines = sale.lines.map((line, at) => (at === index ? { ...line, quantity: line.quantity + by } : line));
  const next = { ...sale, lines: lines.filter((line) => line.quantity > 0) };
  return fits(next) ? next : sale;
}

/** key sets the keyed digits, unless the total would be more than a payment may be. */
export function key(sale, digits) {
  const next = { ...sale, typed: digits };
  return fits(next) ? next : sale;
}
