// Says which tenders can be sold now, and if one cannot, why. Pure; the till decides again when it is asked.
import { locale, t } from './i18n.js';

/** tenders of the shop in the order of the buttons. */
export const order = ['cash', 'card', 'code', 'qr'];

/** keys that choose a tender. */
export const keys = { cash: 'C', card: 'K', code: 'S', qr: 'Q' };

/** refusal is the reason why a tender cannot be sold now, '' if it can. */
export function refusal(tender, status) {
  if (status.disk?.state === 'stopped') return t('refusal.disk');
  if (tender === 'card') return card(status);
  if (tender === 'code' && !asks(status)) return t('refusal.code_offline');
  if (tender === 'qr' && payable(status).length === 0) return t(asks(status) ? 'refusal.qr_none' : 'refusal.qr_offline');
  return '';
}

/** hint is a remark on a tender that can be sold, but not as always. */
export function hint(tender, status) {
  if (tender === 'qr' && !asks(status) && payable(status).length > 0) return t('hint.qr_offline');
  return '';
}

/** asks says whether the platform answers now. A line that is up does not do. */
const asks = (status) => status.mode === 'online';

/** payable lists the QR schemes that work now: without the platform only what the till makes alone. */
function payable(status) {
  const schemes = status.shop?.qr ?? [];
  return asks(status) ? schemes : schemes.filter((scheme) => scheme.source === 'local');
}

function card(status) {
  const devices = (status.devices ?? []).filter((device) => device.kind === 'card');
  if (devices.length === 0) return t('refusal.card_none');
  if (devices.some((device) => device.state === 'ready')) return '';
  const { state, text } = devices.find((device) => device.state === 'busy') ?? devices[0];
  const known = t(`refusal.card_${state}`);
  return text && state !== 'busy' && locale() === 'en' ? `${known} ${text}` : known;
}
