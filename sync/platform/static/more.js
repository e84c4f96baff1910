// The rows of what people have to work on, and of what was given back at other tills.
import { format } from './money.js';
import { element, small } from './rows.js';
import { locale, say } from './text.js';
import { clock } from './when.js';

/** chores are the items that wait for somebody. What they say is the platform's own sentence. */
export function chores(items, exponent, now) {
  return items.map((i) => {
    const what = element('td', 'said', say(`work.${i.kind}`));
    what.append(small(i.text));
    if (i.tries_allowed > 0) what.append(small(say('tries', { n: i.tries, of: i.tries_allowed })));
    const amount = i.amount === undefined ? '' : format(i.amount, i.currency, locale(), exponent[i.currency]);
    const row = element('tr', '', undefined, element('td', '', clock(i.created_at)), element('td', '', i.till ?? ''), element('td', '', i.order ?? ''), what,
      element('td', 'money', amount), element('td', i.deadline_at && new Date(i.deadline_at) < now ? 'late' : '', i.deadline_at ? clock(i.deadline_at) : ''));
    row.dataset.testid = 'chore';
    row.dataset.kind = i.kind;
    return row;
  });
}

/** returned are the payments that another till than their own has given back. */
export function returned(items, exponent) {
  return items.map((r) => {
    const amount = element('td', 'money', format(r.amount, r.currency, locale(), exponent[r.currency]));
    if (r.amount === 0) amount.append(small(say('underway')));
    const row = element('tr', '', undefined, element('td', '', r.order), element('td', '', r.of_till), element('td', '', r.till),
      element('td', '', say(`tender.${r.tender}`)), amount);
    row.dataset.testid = 'returned';
    return row;
  });
}
