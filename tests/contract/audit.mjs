import { auditServer } from 'graphql-http';
const url = process.argv[2], token = process.argv[3];
const withToken = (input, init = {}) => {
  const headers = new Headers(init.headers ?? {});
  headers.set('authorization', `Bearer ${token}`);
  return fetch(input, { ...init, headers });
};
const results = await auditServer({ url, fetchFn: withToken });
const counts = {};
for (const result of results) {
  counts[result.status] = (counts[result.status] ?? 0) + 1;
  if (result.status !== 'ok') console.log(result.status, result.name, '-', result.reason);
}
console.log(counts);
process.exit(results.some((result) => result.status !== 'ok' && /^(MUST|SHOULD)/.test(result.name)) ? 1 : 0);
