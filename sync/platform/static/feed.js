// Asks the platform each second, one round at a time, and tells when it does not answer.
const every = 1000;
const patience = 3000;

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(patience), cache: 'no-store' });
  const body = await answer.json();
  if (!answer.ok && path !== '/healthz') throw new Error(body.error ?? String(answer.status)); // healthz speaks also when it is not well
  return body;
}

/** follow calls show with all that the page needs, and lost when a round failed, for ever. before() names the page of payments. */
export function follow(before, show, lost) {
  const round = async () => {
    try {
      const page = before();
      const [payments, totals, marks, health] = await Promise.all(
        [page ? `/v1/payments?before=${page}` : '/v1/payments', '/v1/totals', '/v1/marks', '/healthz'].map(get));
      if (page === before()) show({ payments, totals, marks: marks.items, health, at: Date.now() });
    } catch (problem) {
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
