// Holds an amount on a card, for a customer who pays later: asks how much, and hands it to the sale. Books or releases what is held.
import { askAmount } from './amount.js';
import * as cart from './cart.js';
import { confirm } from './confirm.js';
import { t } from './i18n.js';
import { sumOf } from './look.js';
import { maxAmount } from './money.js';
import * as operate from './operate.js';
import { money, way } from './price.js';
import * as sale from './sale.js';
import * as sheet from './sheet.js';
import { state } from './state.js';
import * as store from './store.js';
import { refusal } from './tenders.js';
import { toast } from './toast.js';

/** open asks how much is to be held; back is the step before. What lies in the basket is proposed. */
export function open(back) {
  const reason = cart.isSplit(store.read()) ? t('hold.split') : refusal('card', state.status);
  if (reason) return toast(reason, 'warn');
  return askAmount({
    name: 'hold',
    title: t('hold.title'),
    label: t('hold.amount'),
    value: cart.due(store.read()),
    least: 1,
    most: maxAmount,
    note: () => t('hold.note'),
    yes: (sum) => t('hold.yes', { amount: money(sum) }),
    then: begin,
    back,
  });
}

/** begin makes what was keyed the amount of an empty sale; a basket stays as it is, whatever is held for it. */
function begin(sum) {
  sheet.close();
  if (cart.isEmpty(store.read())) store.change((kept) => ({ ...kept, typed: String(sum) }));
  const extra = { reserve: true, ...(sum === cart.due(store.read()) ? {} : { amount: sum }) };
  if (!sale.begin('card', extra)) toast(t('store.full'), 'warn');
}

/** book asks how much of what is held the customer owes, and names it once more with what goes free. */
export function book(payment) {
  const held = sumOf(payment);
  const write = (sum) => money(sum, payment.currency);
  askAmount({
    name: 'book',
    title: t('book.title'),
    label: t('book.amount'),
    value: held,
    least: 1,
    most: held,
    note: (sum) => remark(sum, held, write),
    yes: (sum) => t('book.yes', { amount: write(sum) }),
    then: (sum) => ask(payment, sum, held),
    currency: payment.currency,
  });
}

function remark(sum, held, write) {
  if (sum > held) return t('book.too_much', { amount: write(held) });
  return sum === held ? t('book.all') : t('book.free', { amount: write(held - sum) });
}

async function ask(payment, sum, held) {
  sheet.close();
  const values = { amount: money(sum, payment.currency), rest: money(held - sum, payment.currency), target: way(payment, t) };
  const question = sum === held ? 'confirm.book_all' : 'confirm.book';
  if (await confirm(question, 'confirm.book.yes', values)) start(payment, 'capture', sum, { amount: sum });
}

/** release asks whether the whole amount is to go free, and begins it. */
export async function release(payment) {
  const values = { amount: money(sumOf(payment), payment.currency), target: way(payment, t) };
  if (await confirm('confirm.release', 'confirm.release.yes', values)) start(payment, 'void', sumOf(payment));
}

function start(payment, what, sum, more) {
  if (!operate.begin(payment, what, sum, more)) toast(t('operation.busy'), 'warn');
}
