// Asks the platform each second, one round at a time, and tells when it does not answer or wants somebody to log in.
const every = 1000;
const patience = 3000;
const slowly = 5; // rounds between two looks at what changes slowly

/** Stranger is thrown when somebody has to log in first. */
export class Stranger extends Error {}

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(patience), cache: 'no-store' });
  if (answer.status === 401) throw new Stranger();
  const body = await answer.json();
  if (!answer.ok && path !== '/healthz') throw new Error(body.error ?? String(answer.status)); // healthz speaks also when it is not well
  return body;
}

/** session says who asks. */
export const session = () => get('/v1/session');

/** log in with a token; false when it is not known. */
export async function login(token) {
  const answer = await fetch('/v1/session', { method: 'POST', signal: AbortSignal.timeout(patience), body: JSON.stringify({ token }) });
  if (!answer.ok && answer.status !== 401) throw new Error(String(answer.status));
  return answer.ok;
}

/** logout ends the session of this browser. */
export const logout = () => fetch('/v1/session', { method: 'DELETE', signal: AbortSignal.timeout(patience) });

/** follow calls show with all that the page needs, and lost when a round failed, for ever. query() says which payments. */
export function follow(query, show, lost) {
  let rounds = 0;
  let slow;
  const round = async () => {
    try {
      const asked = query();
      const [who, payments, totals, marks, health] = await Promise.all(
        ['/v1/session', `/v1/payments${asked}`, '/v1/totals', '/v1/marks', '/healthz'].map(get));
      if (!slow || rounds++ % slowly === 0) {
        const [presence, work, returns] = await Promise.all(['/v1/presence', '/v1/items?waiting=true&limit=50', '/v1/returns?limit=20'].map(get));
        slow = { presence: presence.items, work: work.items, returns: returns.items };
      }
      if (asked === query()) show({ who, payments, totals, marks: marks.items, health, ...slow, at: Date.now() });
    } catch (problem) {
      slow = undefined;
      lost(problem);
    }
  };
  let timer;
  const again = async () => {
    clearTimeout(timer);
    await round();
    clearTimeout(timer);
    timer = setTimeout(again, document.hidden ? 10 * every : every);
  };
  document.addEventListener('visibilitychange', () => { if (!document.hidden) again(); });
  again();
  return again;
}
