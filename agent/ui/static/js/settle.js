// The end of the day at the card terminal: runs it, shows what it says meanwhile, and puts its totals beside the journal's.
import { ask } from './api.js';
import { button, el, icon, setText, show } from './dom.js';
import { has, locale, t } from './i18n.js';
import { block, moment } from './paper.js';
import { money } from './price.js';
import { inWords } from './problems.js';
import { refresh } from './sale.js';
import * as sheet from './sheet.js';
import { changed, state } from './state.js';
import { toast } from './toast.js';

const patience = 180_000; // a card terminal sends its day to the acquirer, over a telephone line perhaps

let running = false;

/** begin runs a settlement and shows it; back is the step before. */
export async function begin(back) {
  busy(back);
  if (running) return;
  running = true;
  const answer = await ask('POST', '/v1/settlements', {}, patience);
  running = false;
  if (!sheet.shows('settle')) return;
  if (answer.kind === 'done') return result(answer.data, back);
  message(answer.kind === 'refused' ? inWords(answer.data) : t('settle.silent'), back);
}

/** isRunning says whether this page waits for a settlement. */
export const isRunning = () => running;

/** busy shows that the card terminal is at work, in its own words. */
function busy(back) {
  const words = el('p', { class: 'settle-device', role: 'status', 'data-testid': 'settle-device' });
  const tick = () => setText(words, devices());
  tick();
  const body = el('div', { class: 'settle-busy' }, icon('clock'), el('p', { class: 'settle-word' }, t('settle.running')), words, el('p', { class: 'quiet' }, t('settle.wait')));
  sheet.open({ name: 'settle', title: t('settle.title'), body, tick, back });
}

/** devices is what the card terminals say now. */
function devices() {
  const list = (state.status?.devices ?? []).filter((device) => device.kind === 'card');
  return list.map((device) => [device.name, device.text].filter(Boolean).join(': ')).join(' · ');
}

function message(text, back) {
  const body = el('div', { class: 'settle-busy' }, icon('stop'), el('p', { class: 'settle-word', role: 'alert', 'data-testid': 'settle-refused' }, text));
  sheet.open({ name: 'settle', title: t('settle.title'), body: el('div', {}, body, el('div', { class: 'actions' }, button('settle-back', t('action.dismiss'), '', back))), back });
}

/** result shows a settlement: both sides of every brand, and each difference with its cause and what to do. */
export function result(settlement, back) {
  const head = el(
    'header',
    { class: `settle-head ${settlement.ok ? 'is-ok' : 'is-off'}`, 'data-testid': 'settle-result', 'data-ok': String(settlement.ok) },
    icon(settlement.ok ? 'check' : 'question'),
    el('h3', {}, t(settlement.ok ? 'settle.ok' : 'settle.off', { n: settlement.differences.length })),
    el('p', { class: 'quiet' }, [settlement.business_date, settlement.ended_at && moment(settlement.ended_at)].filter(Boolean).join(' · ')),
  );
  const paper = el('article', { class: 'paper', 'data-testid': 'settlement' }, head, ...settlement.differences.map(difference), ...settlement.parts.map(part));
  const buttons = el('div', { class: 'actions sheet-actions' }, button('settle-back', t('action.dismiss'), '', back), button('print', t('action.print'), '', () => print(), 'button-primary'));
  sheet.open({ name: 'settle', title: t('settle.title'), body: el('div', { class: 'day-room' }, el('div', { class: 'day-scroll' }, paper), buttons), wide: true, back });
}

function difference({ device, code, cause, next, payment }) {
  const own = has(`difference.${code}`) && locale() !== 'en' ? t(`difference.${code}`) : cause;
  return el(
    'section',
    { class: 'difference', 'data-testid': 'difference', 'data-code': code },
    el('p', { class: 'difference-cause' }, [device, own].filter(Boolean).join(': ')),
    el('p', {}, has(`settle.next.${code}`) && locale() !== 'en' ? t(`settle.next.${code}`) : next),
    payment && button('difference-payment', t('settle.payment'), '', () => lead(payment)),
  );
}

/** lead goes to the payment that a difference speaks of, as it is now. */
async function lead(payment) {
  const answer = await refresh(payment);
  if (answer.kind !== 'done') return toast(answer.kind === 'refused' ? inWords(answer.data) : t('gone.text'), 'warn');
  sheet.close();
  state.viewed = payment;
  state.refusal = null;
  return changed();
}

/** part is a table of one device: a row for each brand, the terminal's figures beside the journal's. */
function part({ device, state: ended, text, journal_only: alone, ...sides }) {
  const both = Boolean(device) && !alone;
  const [terminal, journal] = both ? alike(sides) : [sides.terminal, sides.journal];
  const key = (sum) => [sum.tender, sum.brand, sum.currency].join();
  const keys = [...new Set([...journal, ...terminal].map(key))];
  const of = (list, wanted) => list.find((sum) => key(sum) === wanted);
  const rows = keys.map((wanted) => row(of(terminal, wanted), of(journal, wanted), both));
  const title = device ? t('settle.device', { name: device, state: t(`settle.state.${ended}`) }) : t('settle.own');
  const heads = both ? ['settle.brand', 'settle.terminal', 'settle.journal'] : ['settle.tender', 'settle.journal'];
  const top = el('tr', {}, ...heads.map((name) => el('th', { scope: 'col' }, t(name))));
  const table = el('table', { class: 'sides' }, el('thead', {}, top), el('tbody', {}, ...rows));
  const section = block(title, [el('tr', {})]);
  section.querySelector('table').replaceWith(rows.length > 0 ? table : el('p', { class: 'quiet' }, t('settle.nothing')));
  const note = el('p', { class: 'quiet' }, text ?? '');
  show(note, Boolean(text));
  section.append(note);
  return section;
}

/** alike are both sides in the same rows: of a card terminal that tells one sum and no brands, the journal's sum stands beside it. */
function alike({ terminal, journal, terminal_amount: amount }) {
  if (terminal.length > 0 || amount === undefined || new Set(journal.map((sum) => sum.currency)).size !== 1) return [terminal, journal];
  const all = { tender: 'card', currency: journal[0].currency };
  const sum = (key) => journal.reduce((total, one) => total + one[key], 0);
  return [[{ ...all, amount, full: true }], [{ ...all, amount: sum('amount'), count: sum('count') }]];
}

function row(terminal, journal, both) {
  const { tender, brand } = journal ?? terminal;
  const cell = (sum, side) => el('td', { class: 'paper-amount', 'data-side': side }, sum ? [sum.count !== undefined && t('report.times', { n: sum.count }), money(sum.amount, sum.currency)].filter(Boolean).join(' ') : '–');
  const off = both && (terminal?.amount !== journal?.amount || (terminal?.count !== journal?.count && !terminal?.full));
  const cells = both ? [cell(terminal, 'terminal'), cell(journal, 'journal')] : [cell(journal, 'journal')];
  return el('tr', { class: off ? 'is-off' : '', 'data-testid': `side-${brand || tender}` }, el('th', { scope: 'row' }, brand || t(`tender.${tender}`)), ...cells);
}
