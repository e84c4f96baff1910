// The demo's panel: every button is one POST to the control API; twice a second the page asks what is outside.

const find = (id) => document.getElementById(id);

/** setText writes only what differs, so that a screen reader does not hear the same words again. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** money writes minor units of a currency with two decimals, as all of the demo's have. */
function money(amount, currency) {
  const digits = String(Math.abs(amount)).padStart(3, '0');
  return `${amount < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)} ${currency}`;
}

/** total writes the totals of one column over all tenders: "3 payments, 12.30 EUR". */
function total(column = {}) {
  const sums = {};
  let count = 0;
  for (const currencies of Object.values(column)) {
    for (const [currency, sum] of Object.entries(currencies)) {
      sums[currency] = (sums[currency] ?? 0) + sum.amount;
      count += sum.count;
    }
  }
  const parts = Object.entries(sums).map(([currency, amount]) => money(amount, currency));
  return count === 0 ? 'nothing' : `${parts.join(', ')} in ${count}`;
}

/** say tells what came of a button. */
function say(text, failed) {
  setText(find('said'), text);
  find('said').classList.toggle('is-error', failed);
}

/** post sends one command and returns its answer, or null when it was refused. */
async function post(path, body, label) {
  try {
    const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    const answer = await response.json();
    say(response.ok ? `Done: ${label}` : `Not done: ${label}: ${answer.error}`, !response.ok);
    return response.ok ? answer : null;
  } catch {
    say('The demo does not answer. Is it still running?', true);
    return null;
  }
}

/** press carries a button out. While it runs it cannot be pressed again. */
async function press(button) {
  button.disabled = true;
  const answer = await post(button.dataset.post, button.dataset.body, button.textContent.trim());
  button.disabled = false;
  if (button.id === 'pair' && answer) setText(find('pair-code'), `${answer.code.slice(0, 3)} ${answer.code.slice(3)}`);
  look();
}

/** fill makes a copy of a template whose commands name a payment or a code. */
function fill(template, name, value) {
  const copy = find(template).content.cloneNode(true);
  for (const button of copy.querySelectorAll('[data-body]')) button.dataset.body = button.dataset.body.replace(`$${name}`, value);
  return copy;
}

/** row shows one payment that a customer can decide about. */
function row(payment) {
  const copy = fill('open-row', 'payment', payment.id);
  const transfer = payment.qr !== undefined && payment.qr.payload.startsWith('BCD');
  const how = payment.tender === 'code' ? 'code' : 'QR';
  const words = [`${how} ${payment.scheme ?? ''}`.trim(), payment.order, money(payment.amount, payment.currency), payment.status];
  copy.querySelector('.row-what').textContent = words.join(' · ');
  for (const button of copy.querySelectorAll('.only-transfer')) button.hidden = !transfer;
  for (const button of copy.querySelectorAll('.only-asked')) button.hidden = transfer;
  return copy;
}

let rows = ''; // what the list of open payments shows now

/** showOpen draws the list anew only when it differs, so that a button does not vanish under the finger. */
function showOpen(open) {
  const ready = open.filter((payment) => payment.next?.code !== 'scan_code');
  const now = ready.map((payment) => `${payment.id} ${payment.status} ${payment.qr !== undefined}`).join();
  if (now === rows) return;
  rows = now;
  find('open').replaceChildren(...ready.map(row));
  find('open-none').hidden = ready.length > 0;
}

/** showGoods makes the scanner's buttons, once. */
function showGoods(goods) {
  if (find('goods').childElementCount > 0) return;
  for (const { code, name } of goods) {
    const copy = fill('goods-button', 'code', code);
    copy.firstElementChild.textContent = name;
    find('goods').append(copy);
  }
}

/** showState writes the strip. */
function showState(state) {
  const { till } = state;
  setText(find('mode'), till ? till.mode : 'its program is gone');
  find('mode-fact').classList.toggle('is-doubtful', till !== undefined && till.mode !== 'online');
  find('mode-fact').classList.toggle('is-gone', till === undefined);
  setText(find('backlog'), till ? (till.backlog.records === 0 ? 'nothing' : `${till.backlog.payments} payments`) : 'not known now');
  setText(find('cable'), state.network ? 'plugged in' : 'pulled out');
  find('cable-fact').classList.toggle('is-doubtful', !state.network);
  setText(find('terminal'), total(state.totals.terminal));
  setText(find('acquirer'), total(state.totals.acquirer));
  find('link-till').href = `${state.pages.till}/till`;
  find('link-display').href = state.pages.display;
  find('link-backoffice').href = state.pages.backoffice;
  showOpen(state.open);
  showGoods(state.goods);
}

/** look asks what is outside. */
async function look() {
  try {
    const response = await fetch('/state');
    showState(await response.json());
  } catch {
    say('The demo does not answer. Is it still running?', true);
  }
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-post]');
  if (button) press(button);
});

find('scan').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = find('scan-text');
  post('/scan', JSON.stringify({ text: input.value }), `scan ${input.value}`);
  input.select();
});

/** follow looks again and again, one look at a time. */
async function follow() {
  await look();
  setTimeout(follow, 500);
}
follow();
