// Draws a shift's report: what was sold and given back, and what the drawer has to hold. It prints as one narrow column.
import { el } from './dom.js';
import { locale, t } from './i18n.js';
import { order } from './tenders.js';
import { money } from './price.js';
import { span } from './when.js';

/** moment writes date and time of an RFC 3339 text. */
export const moment = (at) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' }).format(new Date(at));

/** line is a row of the report; testid and value let tests and printers read it. */
export function line(label, value, { count, testid, strong } = {}) {
  return el(
    'tr',
    { class: strong ? 'paper-strong' : '', 'data-testid': testid },
    el('th', { scope: 'row' }, label),
    el('td', { class: 'paper-count' }, count === undefined ? '' : t('report.times', { n: count })),
    el('td', { class: 'paper-amount' }, value),
  );
}

/** block is a titled part of the report, null when it has no rows. */
export const block = (title, rows) =>
  rows.length === 0 ? null : el('section', { class: 'paper-block' }, el('h3', {}, title), el('table', {}, el('tbody', {}, ...rows)));

/** entries lists totals as rows, tenders in the order of the till. */
function entries(totals, prefix) {
  const tenders = [...order, 'none'].filter((tender) => totals[tender]);
  return tenders.flatMap((tender) =>
    Object.entries(totals[tender]).map(([currency, { count, amount }]) =>
      line(t(`tender.${tender}`), money(amount, currency), { count, testid: `${prefix}-${tender}` }),
    ),
  );
}

/** sums adds all tenders of totals up, a row for each currency. */
function sums(totals, label, testid, strong) {
  const all = {};
  for (const [currency, { count, amount }] of Object.values(totals).flatMap(Object.entries)) {
    all[currency] = { count: (all[currency]?.count ?? 0) + count, amount: (all[currency]?.amount ?? 0) + amount };
  }
  return Object.entries(all).map(([currency, { count, amount }]) => line(label, money(amount, currency), { count, testid, strong }));
}

function drawer({ drawer: { currency, float, expected, counted, difference } }) {
  const rows = [
    line(t('report.float'), money(float, currency), { testid: 'report-float' }),
    line(t('report.moved'), money(expected - float, currency), { testid: 'report-moved' }),
    line(t('report.expected'), money(expected, currency), { testid: 'report-expected', strong: true }),
  ];
  if (counted === undefined) return rows;
  const word = difference === 0 ? 'report.exact' : difference > 0 ? 'report.over' : 'report.short';
  rows.push(line(t('report.counted'), money(counted, currency), { testid: 'report-counted' }));
  rows.push(line(t(word), money(difference, currency), { testid: 'report-difference', strong: true }));
  return rows;
}

/** paper makes the whole report of a shift; cashier is the name of whose it is. */
export function paper(shift, till, cashier) {
  const { report } = shift;
  const extras = ['tips', 'rounding', 'approved_offline', 'lost', 'presented', 'unknown_sums'].flatMap((name) =>
    sums(report[name] ?? {}, t(`report.${name}`), `report-${name}`),
  );
  return el(
    'article',
    { class: 'paper', 'data-testid': 'report', 'data-state': shift.state, 'data-number': shift.number },
    el(
      'header',
      { class: 'paper-head' },
      el('h3', {}, t(shift.state === 'open' ? 'report.x' : 'report.z', { n: shift.number })),
      el('p', {}, [till, cashier, shift.business_date].filter(Boolean).join(' · ')),
      el('p', { class: 'quiet' }, times(shift)),
    ),
    block(t('report.drawer'), drawer(shift)),
    block(t('report.sales'), [...entries(report.sales, 'sales'), ...sums(report.sales, t('report.sum'), 'sales-sum', true)]),
    block(t('report.refunds'), entries(report.refunds, 'refunds')),
    block(t('report.voids'), entries(report.voids, 'voids')),
    block(t('report.also'), extras),
    el('p', { class: 'quiet paper-foot' }, t('report.records', { n: report.records.count })),
  );
}

function times({ opened_at: opened, closed_at: closed, report }) {
  const length = span(Math.floor(report.duration_s / 60));
  return closed ? t('report.closed', { from: moment(opened), to: moment(closed), length }) : t('report.open', { from: moment(opened), length });
}
