// The line that always tells the truth: can the platform be reached, and does it hold everything that was sold?
import { ask } from './api.js';
import { find, setText, show } from './dom.js';
import { locale, t } from './i18n.js';
import { format } from './money.js';
import { changed, state } from './state.js';
import { toast } from './toast.js';
import { age, clock } from './when.js';

/** draw writes the line. */
export function draw() {
  const line = find('truth');
  const { status } = state;
  const mode = known();
  const records = status?.backlog.records ?? 0;
  line.dataset.mode = mode;
  line.dataset.records = String(records);
  line.dataset.payments = String(status?.backlog.payments ?? 0);
  setText(find('mode'), t(`mode.${mode}`));
  setText(find('backlog'), words(mode));
  show(find('send-now'), status?.mode === mode && records > 0);
  find('send-now').disabled = state.asking.has('sync');
}

/** known is the mode as far as this page can know it. */
function known() {
  if (state.goneSince !== 0) return 'unclear';
  if (state.paired === false) return 'unpaired';
  return state.status?.mode ?? 'unclear';
}

function words(mode) {
  const { status, goneSince } = state;
  if (mode === 'unpaired') return t('truth.unpaired');
  if (mode === 'unclear') return t(goneSince === 0 ? 'truth.asking' : 'truth.gone');
  const parts = [delivery(status)];
  if (mode !== 'online') parts.unshift(t('truth.since', { time: clock(status.mode_since_at) }));
  if (status.disk && status.disk.state !== 'ok') parts.push(t(`truth.disk_${status.disk.state}`));
  if (status.clock?.doubted) parts.push(t('truth.clock'));
  return parts.join(' · ');
}

function delivery({ backlog, acked_seq: acked, mode }) {
  if (backlog.records === 0) return t('truth.delivered', { n: acked });
  const parts = [backlog.payments > 0 ? t('truth.saved', { n: backlog.payments }) : t('truth.records', { n: backlog.records })];
  for (const [currency, amount] of Object.entries(backlog.amounts ?? {})) {
    if (amount !== 0) parts.push(format(amount, currency, locale(), exponentOf(currency)));
  }
  if (backlog.oldest_at) parts.push(t('truth.oldest', { age: age(backlog.oldest_at) }));
  return [...parts, t(mode === 'online' ? 'truth.sending' : 'truth.itself')].join(' · ');
}

const exponentOf = (currency) => (currency === state.status.shop?.currency ? state.status.shop.exponent : undefined);

/** sendNow asks the till to deliver at once and says what came of it. */
export async function sendNow() {
  state.asking.add('sync');
  changed();
  const answer = await ask('POST', '/v1/sync');
  state.asking.delete('sync');
  if (answer.kind === 'done') state.status = { ...state.status, backlog: answer.data.backlog };
  toast(t(answer.kind === 'done' && state.status.mode !== 'offline' ? 'sync.asked' : 'sync.later'));
  changed();
}
