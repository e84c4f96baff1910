// The shift: opening it with the float, its report so far, closing it with the cash counted, and the reports of earlier ones.
import * as amount from './amount.js';
import { ask } from './api.js';
import { button, el, find, setText, show } from './dom.js';
import { t } from './i18n.js';
import { maxAmount } from './money.js';
import { moment, paper } from './paper.js';
import * as pin from './pin.js';
import { money } from './price.js';
import { inWords } from './problems.js';
import * as settle from './settle.js';
import * as sheet from './sheet.js';
import { state } from './state.js';

const named = 'tillproof.cashier'; // the id that was typed last where nobody is set up

/** draw writes the button of the desk: whose shift it is. */
export function draw() {
  const shift = state.status?.shift;
  setText(find('day-text'), shift ? t('day.chip', { n: shift.number, who: nameOf(shift.cashier) }) : t('day.chip_none'));
  find('day').dataset.shift = shift ? 'open' : 'closed';
}

const nameOf = (id) => state.people.find((person) => person.id === id)?.name ?? id;

/** open shows the shift as it is now. */
export async function open() {
  if (settle.isRunning()) return settle.begin(open);
  if (!state.status?.shift) return idle();
  const answer = await ask('GET', '/v1/shifts/current');
  if (answer.kind === 'done') report(answer.data);
  else notice(answer.kind === 'refused' ? inWords(answer.data) : t('gone.text'));
}

const actions = (...buttons) => el('div', { class: 'actions sheet-actions' }, ...buttons);

/** idle is what there is to do without a shift. */
function idle() {
  const body = el(
    'div',
    { class: 'settle-busy' },
    el('p', { class: 'settle-word', 'data-testid': 'day-none' }, t('day.none')),
    el('p', { class: 'quiet' }, t('day.none_text')),
    actions(
      button('shift-open', t('day.open'), 'Enter', begin, 'button-primary'),
      button('settle', t('settle.start'), '', confirmSettle),
      button('shifts', t('day.earlier'), '', earlier),
    ),
  );
  sheet.open({ name: 'day', title: t('day.title'), body, key: enter(begin) });
}

const enter = (act) => (name) => name === 'Enter' && (act(), true);

function notice(text) {
  sheet.open({ name: 'day', title: t('day.title'), body: el('p', { class: 'settle-word', role: 'alert', 'data-testid': 'day-notice' }, text), back: open });
}

/** report shows a shift's report with what can be done now. */
function report(shift, back) {
  const buttons = [button('print', t('action.print'), '', () => print())];
  if (shift.state === 'open') {
    buttons.push(button('shifts', t('day.earlier'), '', earlier), button('settle', t('settle.start'), '', confirmSettle));
    buttons.push(button('shift-close', t('day.close'), '', () => count(shift), 'button-primary'));
  } else {
    buttons.push(button('settle', t('settle.start'), '', confirmSettle));
    buttons.push(button('day-back', t('action.close'), 'Esc', back ?? sheet.close, 'button-primary'));
  }
  const body = el('div', { class: 'day-room' }, el('div', { class: 'day-scroll' }, paper(shift, state.till, nameOf(shift.cashier))), actions(...buttons));
  sheet.open({ name: 'report', title: t('day.title'), body, wide: true, back });
}

/** begin asks for the float, then for who it is. */
function begin() {
  amount.askAmount({
    name: 'float',
    title: t('day.open'),
    label: t('day.float'),
    value: 0,
    least: 0,
    most: maxAmount,
    note: () => t('day.float_note'),
    yes: (sum) => t('day.float_yes', { amount: money(sum) }),
    then: (sum) => who(sum),
    back: open,
  });
}

function who(float) {
  const text = t('day.open_text', { amount: money(float) });
  const submit = (cashier, digits) => ask('POST', '/v1/shifts', { cashier, float, ...(digits ? { pin: digits } : {}) });
  const done = (shift) => {
    state.status = { ...state.status, shift };
    report(shift);
  };
  vouch({ name: 'shift-pin', title: t('day.open'), text, people: state.people, yes: t('day.open'), submit, done, back: begin });
}

/** count asks for the cash in the drawer. What is expected is not shown before: it is to be counted, not confirmed. */
function count(shift) {
  amount.askAmount({
    name: 'count',
    title: t('day.close'),
    label: t('day.counted'),
    value: 0,
    least: 0,
    most: maxAmount,
    note: () => t('day.count_note'),
    yes: (sum) => t('day.count_yes', { amount: money(sum) }),
    then: (sum) => finish(shift, sum),
    back: open,
  });
}

function finish(shift, counted) {
  const own = state.people.filter((person) => person.id === shift.cashier || person.role === 'supervisor');
  const submit = (cashier, digits) =>
    ask('POST', '/v1/shifts/close', { shift: shift.id, counted, cashier, ...(digits ? { pin: digits } : {}) });
  const done = (closed) => {
    state.status = { ...state.status, shift: undefined };
    report(closed);
  };
  const text = t('day.close_text', { amount: money(counted) });
  const ready = { name: 'shift-pin', title: t('day.close'), text, people: own, yes: t('day.close'), submit, done, back: () => count(shift) };
  vouch({ ...ready, chosen: own.some((person) => person.id === shift.cashier) ? shift.cashier : '', cashier: shift.cashier });
}

/** vouch asks for a PIN where people are set up, else only for who it is. */
function vouch(task) {
  if (state.people.length > 0) return pin.askPIN(task);
  const error = el('p', { class: 'pin-error', role: 'alert', 'data-testid': 'pin-error', hidden: true });
  const field = el('input', { class: 'field', maxlength: 32, autocomplete: 'off', autocapitalize: 'none', 'data-testid': 'cashier-id', 'aria-label': t('day.who'), onkeydown: (event) => event.key === 'Enter' && (event.preventDefault(), send()) });
  field.value = task.cashier ?? localStorage.getItem(named) ?? '';
  async function send() {
    const answer = await task.submit(field.value.trim().toLowerCase(), '');
    if (answer.kind === 'done') {
      localStorage.setItem(named, field.value.trim().toLowerCase());
      return task.done(answer.data);
    }
    setText(error, answer.kind === 'refused' ? inWords(answer.data) : t('pin.silent'));
    show(error, true);
  }
  const go = button('cashier-confirm', task.yes, 'Enter', send, 'button-primary button-wide');
  const body = el('div', { class: 'decide' }, el('p', { class: 'pin-text' }, task.text), el('p', { class: 'sum-label' }, t('day.who')), field, error, go);
  return sheet.open({ name: task.name, title: task.title, body, focus: field, back: task.back, key: enter(send) });
}

/** earlier lists the shifts that were closed. */
async function earlier() {
  const answer = await ask('GET', '/v1/shifts?limit=20');
  if (answer.kind !== 'done') return notice(t('gone.text'));
  const rows = answer.data.items.map((shift) =>
    el(
      'li',
      {},
      el(
        'button',
        { type: 'button', class: 'history-row recent shift-row', 'data-testid': 'shift-row', 'data-number': shift.number, onclick: () => report(shift, earlier) },
        el('span', { class: 'history-amount' }, t('day.chip', { n: shift.number, who: nameOf(shift.cashier) })),
        el('span', {}, moment(shift.closed_at)),
        el('span', { class: 'history-back' }, money(shift.drawer.difference, shift.drawer.currency)),
      ),
    ),
  );
  const list = rows.length > 0 ? el('ol', { class: 'history' }, ...rows) : el('p', { class: 'quiet' }, t('day.earlier_none'));
  return sheet.open({ name: 'shifts', title: t('day.earlier'), body: el('div', { class: 'history-scroll' }, list), wide: true, back: open });
}

/** confirmSettle says what a settlement does before it begins. */
function confirmSettle() {
  const last = el('div', {});
  const body = el(
    'div',
    { class: 'decide' },
    el('p', { class: 'pin-text' }, t('settle.text')),
    last,
    button('settle-start', t('settle.yes'), 'Enter', run, 'button-primary button-wide'),
  );
  sheet.open({ name: 'settle-ask', title: t('settle.title'), body, back: open, key: enter(run) });
  before(last);
}

const run = () => settle.begin(open);

/** before shows the settlement before, and one that is still under way. */
async function before(room) {
  const answer = await ask('GET', '/v1/settlements?limit=1');
  const known = answer.kind === 'done' && answer.data.items[0];
  if (!known || !sheet.shows('settle-ask')) return;
  const label = known.ended_at ? t('settle.last', { time: moment(known.ended_at) }) : t('settle.under_way');
  room.replaceChildren(button('settle-last', label, '', () => settle.result(known, confirmSettle), 'button-wide'));
}
