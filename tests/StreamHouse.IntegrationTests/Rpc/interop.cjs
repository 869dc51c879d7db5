// Calls the interop service with Node's gRPC. Usage: interop.cjs PORT PROTO_DIR MODULES_DIR. Prints one line per check that held.
const { createRequire } = require('node:module');
const assert = require('node:assert');
const path = require('node:path');

const [, , port, protos, modules] = process.argv;
const from = createRequire(path.join(modules, 'package.json'));
const grpc = from('@grpc/grpc-js');
const loader = from('@grpc/proto-loader');

const load = file => grpc.loadPackageDefinition(loader.loadSync(file, { includeDirs: [protos], keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true }));
const { streamhouse: { v1: admin } } = load('streamhouse/v1/admin.proto');
const { streamhouse: { v1: producing } } = load('streamhouse/v1/producer.proto');
const { streamhouse: { v1: consuming } } = load('streamhouse/v1/consumer.proto');
const { grpc: { health: { v1: health } } } = load('grpc/health/v1/health.proto');
const connect = Service => new Service(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
const producer = connect(producing.ProducerService);
const consumer = connect(consuming.ConsumerService);

const call = (client, method, request, options = {}) =>
  new Promise((resolve, reject) => client[method](request, options, (error, response) => (error ? reject(error) : resolve(response))));
const fail = async promise => { try { await promise; } catch (error) { return error; } throw new Error('the call succeeded'); };
const all = stream => new Promise((resolve, reject) => {
  const messages = [];
  stream.on('data', message => messages.push(message)).on('end', () => resolve(messages)).on('error', reject);
});
const check = (name, held) => { assert.ok(held, name); console.log('held:', name); };

(async () => {
  let answer = await call(producer, 'Produce', { topic: 'städte', partition: 3, records: { records: [{ key: Buffer.alloc(0) }, { value: Buffer.from('v') }] } });
  check('unary with records', answer.base_offset === 3 && answer.record_count === 2 && answer.timestamp_ms === -1);
  answer = await call(producer, 'Produce', { topic: 't', batch: Buffer.alloc(300_000) });
  check('unary with a large batch', answer.record_count === 300_000 && answer.durability === 'DURABILITY_REACHED_LOCAL_FSYNC');

  let error = await fail(call(producer, 'Produce', { topic: 'missing', partition: 7 }));
  check('status and message of a failure', error.code === grpc.status.NOT_FOUND && error.details === "No topic 'missing' – 100 %");
  check('typed detail of a failure', error.metadata.get('streamhouse-error-bin')[0].length > 10);
  error = await fail(call(producer, 'Produce', { topic: 't', batch: Buffer.alloc(2_000_000) }));
  check('a message above the limit', error.code === grpc.status.RESOURCE_EXHAUSTED);
  error = await fail(call(connect(admin.AdminService), 'DeleteTopic', {}));
  check('an unknown method', error.code === grpc.status.UNIMPLEMENTED);
  error = await fail(call(connect(admin.AdminService), 'GetStatus', {}, { deadline: Date.now() + 300 }));
  check('a deadline', error.code === grpc.status.DEADLINE_EXCEEDED);

  const sizes = Array.from({ length: 200 }, (_, i) => (i * 7919) % 120_000);
  const duplex = producer.ProduceStream();
  const answers = all(duplex);
  sizes.forEach((size, i) => duplex.write({ correlation: i, request: { topic: i % 10 === 9 ? 'missing' : 't', batch: Buffer.alloc(size) } }));
  duplex.end();
  const answered = await answers;
  check('a duplex stream in order', answered.length === 200 && answered.every((a, i) => a.correlation === i));
  check('errors inside a stream', answered.every((a, i) => (a.outcome === 'error') === (i % 10 === 9)));
  check('answers inside a stream', answered.every((a, i) => i % 10 === 9 || a.response.record_count === sizes[i]));

  answer = await call(consumer, 'Fetch', { topic: 't', max_bytes: 1_000_000 });
  check('a large fetch', answer.high_watermark === 11 && answer.leader_epoch === 4
    && answer.batches.length === 1_000_000 && answer.batches.every((b, i) => b === i % 251));

  const messages = await all(consumer.Subscribe({ topic: 't', max_bytes: 100_000 }));
  check('a server stream', messages.filter(m => !m.heartbeat).every((m, i) => m.next_offset === i) && messages.length === 51 && messages[50].heartbeat);
  const endless = consumer.Subscribe({ topic: 'endless', max_bytes: 100_000 });
  endless.once('data', () => endless.cancel());
  check('a cancelled server stream', (await fail(all(endless))).code === grpc.status.CANCELLED);

  answer = await call(connect(health.Health), 'Check', {});
  check('health', answer.status === 'SERVING');
  process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });
