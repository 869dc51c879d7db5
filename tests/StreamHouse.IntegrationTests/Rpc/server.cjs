// Calls a real server with Node's gRPC. Usage: server.cjs PORT PROTO_DIR MODULES_DIR BATCH_FILE. Prints one line per check that held.
// BATCH_FILE holds one encoded batch of three records.
const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');
const assert = require('node:assert');
const path = require('node:path');

const [, , port, protos, modules, batchFile] = process.argv;
const from = createRequire(path.join(modules, 'package.json'));
const grpc = from('@grpc/grpc-js');
const loader = from('@grpc/proto-loader');
const batch = readFileSync(batchFile);

const load = file => grpc.loadPackageDefinition(loader.loadSync(file, { includeDirs: [protos], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true }));
const { streamhouse: { v1: administration } } = load('streamhouse/v1/admin.proto');
const { streamhouse: { v1: producing } } = load('streamhouse/v1/producer.proto');
const { streamhouse: { v1: consuming } } = load('streamhouse/v1/consumer.proto');
const { grpc: { health: { v1: health } } } = load('grpc/health/v1/health.proto');
const connect = Service => new Service(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
const admin = connect(administration.AdminService);
const producer = connect(producing.ProducerService);
const consumer = connect(consuming.ConsumerService);

const call = (client, method, request, options = {}) =>
  new Promise((resolve, reject) => client[method](request, options, (error, response) => (error ? reject(error) : resolve(response))));
const fail = async promise => { try { await promise; } catch (error) { return error; } throw new Error('the call succeeded'); };
const check = (name, got, expected) => { assert.deepStrictEqual(got, expected, name); console.log('held:', name); };
const next = stream => new Promise((resolve, reject) => {
  const listen = message => { if (!message.heartbeat) { stream.off('data', listen); resolve(message); } };
  stream.on('data', listen).on('error', reject);
});

(async () => {
  const { topic } = await call(admin, 'CreateTopic', { name: 'node', partitions: 2, durability: 'TOPIC_DURABILITY_OBJECT' });
  check('a topic is created', [topic.name, topic.partitions, topic.durability], ['node', 2, 'TOPIC_DURABILITY_OBJECT']);

  let answer = await call(producer, 'Produce', { topic: 'node', records: { records: [{ key: Buffer.from('k') }, { value: Buffer.from('v') }] } });
  check('loose records', [answer.base_offset, answer.record_count, answer.durability], [0, 2, 'DURABILITY_REACHED_OBJECT']);
  answer = await call(producer, 'Produce', { topic: 'node', batch });
  check('an encoded batch', [answer.base_offset, answer.record_count], [2, 3]);
  let error = await fail(call(producer, 'Produce', { topic: 'none', batch }));
  check('an unknown topic', [error.code, error.metadata.get('streamhouse-error-bin').length], [grpc.status.NOT_FOUND, 1]);
  error = await fail(call(producer, 'Produce', { topic: 'node', batch: batch.subarray(0, 40) }));
  check('half a batch', error.code, grpc.status.INVALID_ARGUMENT);

  const duplex = producer.ProduceStream();
  const answered = new Promise((resolve, reject) => {
    const messages = [];
    duplex.on('data', message => messages.push(message)).on('end', () => resolve(messages)).on('error', reject);
  });
  for (let i = 0; i < 50; i++) duplex.write({ correlation: i + 1, request: { topic: 'node', partition: 1, batch } });
  duplex.end();
  const answers = await answered;
  check('a stream is answered in order', answers.map(a => [a.correlation, a.response.base_offset]), Array.from({ length: 50 }, (_, i) => [i + 1, i * 3]));

  answer = await call(consumer, 'Fetch', { topic: 'node', offset: 2 });
  check('a fetch', [answer.high_watermark, answer.log_end_offset, answer.batches.subarray(16).equals(batch.subarray(16))], [5, 5, true]);
  error = await fail(call(consumer, 'Fetch', { topic: 'node', offset: 99 }));
  check('an offset out of range', error.code, grpc.status.OUT_OF_RANGE);
  error = await fail(call(consumer, 'Fetch', { topic: 'node', offset: 5, min_bytes: 1, max_wait_ms: 20_000 }, { deadline: Date.now() + 300 }));
  check('a deadline', error.code, grpc.status.DEADLINE_EXCEEDED);

  const stream = consumer.Subscribe({ topic: 'node', partitions: [{ partition: 0, start: { kind: 'KIND_LATEST' } }], heartbeat_ms: 20 });
  await new Promise(resolve => stream.once('data', resolve));
  const message = next(stream);
  await call(producer, 'Produce', { topic: 'node', batch });
  check('a subscription', (await message).next_offset, 8);
  stream.on('error', () => {});
  stream.cancel();

  answer = await call(admin, 'ListOffsets', { topic: 'node', kind: 'KIND_LATEST' });
  check('offsets', answer.offsets.map(o => o.offset), [8, 150]);
  answer = await call(admin, 'ListSegments', { topic: 'node', partition: 0 });
  check('segments', answer.segments.at(-1).end_offset, 8);
  await call(admin, 'DeleteTopic', { topic: 'node' });
  error = await fail(call(admin, 'GetTopic', { topic: 'node' }));
  check('a deleted topic', error.code, grpc.status.NOT_FOUND);
  check('health', (await call(connect(health.Health), 'Check', {})).status, 'SERVING');
  process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });
