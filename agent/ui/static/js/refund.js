// Asks how much goes back and which way, names both once more, and hands it to operate.js.
import * as amount from './amount.js';
import { confirm } from './confirm.js';
import { el, setText } from './dom.js';
import { t } from './i18n.js';
import { can } from './look.js';
import * as operate from './operate.js';
import { money, way } from './price.js';
import * as sheet from './sheet.js';
import { state } from './state.js';
import { toast } from './toast.js';

const target = (payment, tender) => (tender === 'cash' ? t('tender.cash') : way(payment, t));

/** takeBack asks whether the whole payment is to be taken back, and begins it. */
export async function takeBack(payment) {
  const held = payment.approved_amount ?? payment.amount;
  const values = { amount: money(held, payment.currency), target: target(payment, payment.tender) };
  const question = payment.tender === 'cash' ? 'confirm.void_cash' : 'confirm.void';
  if (await confirm(question, 'confirm.void.yes', values)) start(payment, 'void', held);
}

/** giveBack asks for the amount and the way of a refund. */
export function giveBack(payment) {
  const whole = payment.returnable;
  const own = can(payment, 'refund', state.status?.devices) ? [payment.tender] : []; // else only cash goes back
  let tender = own[0] ?? 'cash';
  const goes = el('p', { class: 'sum-label' }, t('refund.way'));
  const ways = [...new Set([...own, 'cash'])].map((id) => ({ id, label: target(payment, id) }));
  const choose = (id) => {
    tender = id;
    setText(warning, id === payment.tender ? '' : t('refund.cash_instead'));
  };
  const warning = el('p', { class: 'quiet' });
  const note = (sum) => {
    if (sum > whole) return t('refund.too_much', { amount: money(whole, payment.currency) });
    return sum === whole ? t('refund.all') : t('refund.left', { amount: money(whole - sum, payment.currency) });
  };
  amount.askAmount({
    name: 'refund',
    title: t('refund.title'),
    label: t('refund.amount'),
    value: whole,
    least: 1,
    most: whole,
    note,
    yes: (sum) => t('refund.yes', { amount: money(sum, payment.currency) }),
    more: ways.length > 1 ? [goes, sheet.choice('way', t('refund.way'), ways, () => tender, choose), warning] : [],
    then: (sum) => ask(payment, sum, tender),
    currency: payment.currency,
  });
}

/** ask names amount and card; the answer no leads back to the payment. */
async function ask(payment, sum, tender) {
  sheet.close();
  const values = { amount: money(sum, payment.currency), target: target(payment, tender) };
  const question = tender === 'cash' ? 'confirm.refund_cash' : 'confirm.refund';
  if (!(await confirm(question, 'confirm.refund.yes', values))) return;
  start(payment, 'refund', sum, { amount: sum, ...(tender === payment.tender ? {} : { tender }) });
}

/** collectAgain asks for an offline payment that the bank refused later. */
export async function collectAgain(payment) {
  const values = { amount: money(payment.approved_amount ?? payment.amount, payment.currency), target: way(payment, t) };
  if (await confirm('confirm.capture', 'confirm.capture.yes', values)) start(payment, 'capture', payment.amount);
}

function start(payment, what, sum, more) {
  if (!operate.begin(payment, what, sum, more)) toast(t('operation.busy'), 'warn');
}
