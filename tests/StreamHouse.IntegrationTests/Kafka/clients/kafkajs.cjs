// Drives kafkajs; lines.py tells the protocol. Arguments: bootstrap address.
'use strict';
const readline = require('node:readline');
const { AssignerProtocol, CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs');
const lz4 = require('lz4js');
const snappy = require('snappyjs');
const zstd = require('@bokuweb/zstd-wasm');

const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD };
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

// kafkajs brings gzip only; the others come from its users.
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => Buffer.from(zstd.compress(encoder.buffer, 3)),
  decompress: async (buffer) => Buffer.from(zstd.decompress(buffer)),
});
CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async (encoder) => Buffer.from(snappy.compress(encoder.buffer)),
  decompress: async (buffer) => (buffer.subarray(0, 8).equals(XERIAL) ? unpackXerial(buffer) : Buffer.from(snappy.uncompress(buffer))),
});

function unpackXerial(buffer) {
  const blocks = [];
  for (let at = 16; at < buffer.length;) {
    const length = buffer.readInt32BE(at);
    blocks.push(Buffer.from(snappy.uncompress(buffer.subarray(at + 4, at + 4 + length))));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

// kafkajs has only an assignor of its own; this is the one that every client knows.
const range = ({ cluster }) => ({
  name: 'range',
  version: 0,
  protocol: ({ topics }) => ({ name: 'range', metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }) }),
  assign: async ({ members, topics }) => {
    const assignment = {};
    const ids = members.map((m) => m.memberId).sort();
    const subscribed = Object.fromEntries(members.map((m) => [m.memberId, AssignerProtocol.MemberMetadata.decode(m.memberMetadata).topics]));
    for (const topic of [...new Set([...topics, ...Object.values(subscribed).flat()])]) {
      const partitions = cluster.findTopicPartitionMetadata(topic).map((p) => p.partitionId).sort((a, b) => a - b);
      const takers = ids.filter((id) => subscribed[id].includes(topic));
      takers.forEach((id, i) => {
        const share = Math.floor(partitions.length / takers.length);
        const extra = partitions.length % takers.length;
        const first = share * i + Math.min(i, extra);
        assignment[id] ??= {};
        assignment[id][topic] = partitions.slice(first, first + share + (i < extra ? 1 : 0));
      });
    }
    return ids.map((memberId) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({ version: 0, assignment: assignment[memberId] ?? {}, userData: Buffer.alloc(0) }),
    }));
  },
});

const kafka = new Kafka({ clientId: 'kafkajs', brokers: [process.argv[2]], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 50 } });
const encode = (data) => (data == null ? null : data.toString('base64'));
const decode = (text) => (text == null ? null : Buffer.from(text, 'base64'));
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const event = (name, fields) => say({ event: name, at: Number(process.hrtime.bigint()), ...fields });

function headersOf(pairs) {
  const headers = {};
  for (const [name, value] of pairs) {
    headers[name] = name in headers ? [headers[name], decode(value)].flat() : decode(value);
  }
  return headers;
}

const pairsOf = (headers) => Object.entries(headers ?? {}).flatMap(([name, values]) => [values].flat().map((value) => [name, encode(value)]));

async function produce({ topic, partition, codec, records }) {
  const producer = kafka.producer();
  await producer.connect();
  const [sent] = await producer.send({
    topic,
    compression: CODECS[codec],
    messages: records.map(({ k, v, h, t }) => ({ key: decode(k), value: decode(v), headers: headersOf(h), partition, timestamp: t == null ? undefined : String(t) })),
  });
  await producer.disconnect();
  if (sent.errorCode) throw new Error(`error ${sent.errorCode}`);
  return { offsets: records.map((_, i) => Number(sent.baseOffset) + i) };
}

async function consume({ topics }) {
  const consumer = kafka.consumer({ groupId: `kafkajs-${process.pid}-${Date.now()}`, sessionTimeout: 10000 });
  await consumer.connect();
  await consumer.subscribe({ topics: Object.keys(topics), fromBeginning: true });
  const read = Object.fromEntries(Object.keys(topics).map((t) => [t, []]));
  let crash;
  await new Promise((done, failed) => {
    const patience = setTimeout(() => failed(new Error(`nothing more after ${JSON.stringify(Object.fromEntries(Object.entries(read).map(([t, r]) => [t, r.length])))}`)), 40000);
    consumer.on(consumer.events.CRASH, ({ payload }) => { crash = payload.error; clearTimeout(patience); failed(crash); });
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, message: m }) => {
        read[topic].push({ o: Number(m.offset), k: encode(m.key), v: encode(m.value), h: pairsOf(m.headers), t: Number(m.timestamp) });
        if (Object.keys(topics).every((t) => read[t].length >= topics[t])) {
          clearTimeout(patience);
          done();
        }
      },
    }).catch(failed);
  });
  await consumer.disconnect();
  return { topics: read };
}

let leave = () => {};

// Reads as a member until the consumer has left or failed for good, which kafkajs does when the server is started again between the two
// requests of a join, for instance. A program has to begin anew then.
async function serve({ group, topics, session }, left) {
  const consumer = kafka.consumer({ groupId: group, sessionTimeout: session, heartbeatInterval: 500, rebalanceTimeout: 10000, partitionAssigners: [range], retry: { restartOnFailure: async () => true } });
  let owned = [];
  const failed = new Promise((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      process.stderr.write(`kafkajs ${payload.restart ? 'restarts' : 'gives up'}: ${payload.error.message}\n`);
      if (!payload.restart) resolve(true);
    });
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    owned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) => partitions.map((p) => [topic, p]));
    event('assigned', { partitions: owned });
  });
  consumer.on(consumer.events.REBALANCING, () => event('revoked', { partitions: owned }));
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch, heartbeat, isRunning, isStale }) => {
      if (!isRunning() || isStale()) return;
      event('records', { records: batch.messages.map((m) => [batch.topic, batch.partition, Number(m.offset), encode(m.value)]) });
      const next = String(Number(batch.lastOffset()) + 1);
      try {
        await consumer.commitOffsets([{ topic: batch.topic, partition: batch.partition, offset: next }]);
        event('committed', { offsets: [[batch.topic, batch.partition, Number(next)]] });
      } catch (e) {
        event('uncommitted', { why: e.message });
        // A join that a restart cut off leaves kafkajs reading as a member of nothing, without heartbeats: only this tells it.
        if ((e.cause ?? e).type === 'UNKNOWN_MEMBER_ID') throw e;
      }
      await heartbeat();
    },
  });
  const again = await Promise.race([failed, left]);
  event('revoked', { partitions: again ? owned : [] });
  await consumer.disconnect();
  return again;
}

async function join(command) {
  const left = new Promise((resolve) => { leave = () => resolve(false); });
  while (await serve(command, left));
  event('left', {});
}

const operations = { produce, consume, join };

(async () => {
  await zstd.init();
  readline.createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const command = JSON.parse(line);
      if (command.op === 'leave') {
        leave();
        return;
      }
      try {
        const answer = await operations[command.op](command);
        if (answer) say(answer);
      } catch (e) {
        say({ error: `${e.name}: ${e.message}` });
      }
    })
    .on('close', () => process.exit(0));
})();
