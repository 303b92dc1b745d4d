// Holds recorded exchanges against OpenAPI files with Microsoft's oav. usage: node check.mjs SPECIFICATION EXCHANGES
// A call of an api-version that the files lack is judged by the next one there is. What is found and stands in exceptions.json is
// counted with its reason; anything else is unexplained, and then this ends with 1.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { LiveValidator } = require('oav/dist/lib/liveValidation/liveValidator.js');
const [specification, file] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const { versions, exceptions } = JSON.parse(readFileSync(join(here, 'exceptions.json'), 'utf8'));
const validator = new LiveValidator({
  directory: resolve(specification),
  swaggerPathsPattern: ['*/resource-manager/**/*.json'],
  excludedSwaggerPathsPattern: ['**/examples/**/*', '**/common/**/*'],
  git: { shouldClone: false },
  isPathCaseSensitive: false,
  loadValidatorInInitialize: false,
});
// It tells on the console of each call that it does not know; what is found is told below.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true;
const say = (words) => write(`${words}\n`);
await validator.initialize();

async function judge(url, request, response) {
  const result = await validator.validateLiveRequestResponse({
    liveRequest: { headers: request.headers ?? {}, method: request.method, url: `https://management.azure.com${url.pathname}${url.search}`, body: request.body },
    liveResponse: { statusCode: String(response.status), headers: response.headers ?? {}, body: response.body },
  });
  const found = [];
  for (const [side, part] of [['request', result.requestValidationResult], ['response', result.responseValidationResult]]) {
    for (const error of part.errors ?? []) found.push(`${side}: ${error.code} ${error.message} ${error.pathsInPayload ?? ''}`);
    if (part.runtimeException) found.push(`${side}: ${part.runtimeException.code} ${part.runtimeException.message.slice(0, 200)}`);
  }
  return found;
}

const isUnknown = (found) => found.some((one) => /OPERATION_NOT_FOUND/.test(one));
let count = 0;
let elsewhere = 0;
const explained = new Map();
const unexplained = new Map();
for (const line of readFileSync(file, 'utf8').split('\n').filter((one) => one.trim())) {
  const { name, request, response } = JSON.parse(line);
  count += 1;
  const url = new URL(request.url);
  let found = await judge(url, request, response);
  if (isUnknown(found)) {
    const entry = versions.find((one) => new RegExp(one.path, 'i').test(url.pathname));
    for (const version of entry?.judgedBy ?? []) {
      url.searchParams.set('api-version', version);
      const again = await judge(url, request, response);
      if (!isUnknown(again)) {
        elsewhere += 1;
        found = again;
        break;
      }
    }
  }
  for (const one of found) {
    const said = `${request.method} ${url.pathname}`;
    const entry = exceptions.find((known) => new RegExp(known.call, 'i').test(said) && new RegExp(known.finding, 'i').test(one) && (!known.status || known.status.includes(response.status)));
    const [into, key] = entry ? [explained, entry.why] : [unexplained, `${said}${url.search} -> ${response.status} (${name})\n    ${one}`];
    into.set(key, (into.get(key) ?? 0) + 1);
  }
}
const sum = (map) => [...map.values()].reduce((all, one) => all + one, 0);
for (const [why, times] of explained) say(`  explained ${times} times: ${why}`);
for (const [what, times] of unexplained) say(`  UNEXPLAINED ${times} times: ${what}`);
say(`${file}: ${count} exchanges, ${elsewhere} judged by another version, ${sum(explained)} findings explained, ${sum(unexplained)} unexplained`);
process.exit(unexplained.size ? 1 : 0);
