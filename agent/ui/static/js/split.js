// Payments that are not simply of the whole order: a part of it, and those that the offline policy stops.
import { askAmount } from './amount.js';
import * as cart from './cart.js';
import { confirm } from './confirm.js';
import { t } from './i18n.js';
import * as pin from './pin.js';
import { money } from './price.js';
import { headroom } from './problems.js';
import * as sale from './sale.js';
import * as sheet from './sheet.js';
import { state } from './state.js';
import * as store from './store.js';

/** open asks how much of the order is paid now. The whole rest is no part. */
export function open() {
  const kept = store.read();
  const rest = cart.rest(kept);
  if (rest === 0 || !state.status?.shop) return;
  askAmount({
    name: 'split',
    title: t('split.title'),
    label: t('split.now'),
    value: kept.part ?? rest,
    least: 1,
    most: rest,
    note: (sum) => remark(sum, rest),
    yes: (sum) => t('split.yes', { amount: money(sum) }),
    then: (sum) => {
      store.change((before) => ({ ...before, part: sum < rest ? sum : null }));
      sheet.close();
    },
  });
}

function remark(sum, rest) {
  if (sum > rest) return t('split.too_much', { amount: money(rest) });
  return sum === rest ? t('split.all') : t('split.after', { amount: money(rest - sum) });
}

/** sellOffline asks the cashier whether the sale is to be made although the platform is away. */
export async function sellOffline(problem) {
  if (await confirm('confirm.offline', 'confirm.offline.yes', { amount: money(problem.amount) })) sale.insist({ offline: 'allow' });
}

/** override lets a supervisor pass a sale that the policy's numbers refuse. */
export function override(problem) {
  pin.askPIN({
    name: 'override',
    title: t('override.title'),
    text: `${t('override.text', { amount: money(problem.amount) })} ${headroom(problem)}`,
    people: state.people.filter((person) => person.role === 'supervisor'),
    yes: t('override.yes'),
    submit: vouched,
    done: () => sheet.close(),
  });
}

/** vouched checks the PIN first, so that a wrong one is said here, and hands it to the request. */
async function vouched(supervisor, digits) {
  const answer = await pin.check(supervisor, digits, 'supervisor');
  if (answer.kind === 'done') sale.insist({ vouch: { supervisor, pin: digits } });
  return answer;
}
