// The rows of the tills: how far the ledger holds each journal, and what the till last said of itself.
import { element, small } from './rows.js';
import { say } from './text.js';
import { age } from './when.js';

const silentAfter = 15 * 60 * 1000;
const tones = { online: 'approved', offline: 'ended', silent: 'unknown' };

/** tills are the rows of all journals; a till that was heard of and has none yet has a row too. */
export function tills(marks, presence, now) {
  const said = new Map(presence.map((p) => [p.till, p]));
  const known = new Set(marks.map((m) => m.till));
  const latest = new Map(marks.map((m) => [m.till, m.epoch])); // epochs come in their order
  return [...marks, ...presence.filter((p) => !known.has(p.till)).map((p) => ({ till: p.till }))].map((m) =>
    row(m, latest.get(m.till) === m.epoch ? said.get(m.till) : undefined, now));
}

function row(m, p, now) {
  const e = element('tr');
  e.dataset.testid = 'till';
  e.dataset.till = m.till;
  const heard = element('td', m.updated_at && now - new Date(m.updated_at) > silentAfter ? 'late' : '', m.updated_at ? age(m.updated_at, now) : '');
  e.append(element('td', '', m.till), presenceOf(p, now), versionsOf(p), element('td', 'quiet', m.epoch ?? ''), element('td', 'money', String(m.seq ?? '')), heard);
  return e;
}

function presenceOf(p, now) {
  if (!p) return element('td');
  const cell = element('td', '', undefined, element('span', `status tone-${tones[p.state] ?? 'ended'}`, say(`presence.${p.state}`)));
  cell.append(small(say('since', { age: age(p.since_at, now) })));
  const broken = p.devices.filter((d) => !['ready', 'busy'].includes(d.state)).map((d) => d.name);
  if (broken.length > 0) cell.append(small(say('devices', { names: broken.join(', ') })));
  return cell;
}

function versionsOf(p) {
  const cell = element('td', '', p?.versions.software ?? '');
  for (const name of ['policy', 'config', 'keys']) {
    if (p?.versions[name]) cell.append(small(say(`version.${name}`, { n: p.versions[name] })));
  }
  return cell;
}
