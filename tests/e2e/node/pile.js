// A pile on npm's ocpp-rpc in strict mode, led line by line: JSON on standard input, JSON on standard output.
//   in:  {"call": action, "payload": {…}}        out: {"result": {…}} or {"error": text}
//   in:  {"answer": action, "payload": {…}}      out: {}      how calls of that action are answered from now on
//   out: {"called": action, "payload": {…}}      the server has called
//   out: {"strict": text}                        a frame broke its schema: the test fails
'use strict';

const { createInterface } = require('node:readline');
const { RPCClient, createRPCError } = require('ocpp-rpc');

const [endpoint, identity, password, protocol] = process.argv.slice(2);
const say = (message) => process.stdout.write(JSON.stringify(message) + '\n');

const pile = new RPCClient({
    endpoint, identity, password, protocols: [protocol], strictMode: true, reconnect: false,
});
pile.on('strictValidationFailure', ({ method, error, outbound }) => {
    say({ strict: `${outbound ? 'our' : 'their'} ${method}: ${error.message}` });
});
pile.on('badMessage', ({ error }) => say({ strict: `not OCPP-J: ${error.message}` }));

async function call(action, payload) {
    try {
        say({ result: await pile.call(action, payload) });
    } catch (error) {
        say({ error: `${error.rpcErrorCode ?? error.name}: ${error.message}` });
    }
}

function answer(action, payload) {
    pile.handle(action, ({ params }) => {
        say({ called: action, payload: params });
        return payload;
    });
    say({});
}

async function main() {
    pile.handle(({ method }) => { throw createRPCError('NotImplemented', method); });
    await pile.connect();
    say({ connected: pile.protocol });
    const lines = createInterface({ input: process.stdin });
    lines.on('line', (line) => {
        const order = JSON.parse(line);
        order.call ? call(order.call, order.payload) : answer(order.answer, order.payload);
    });
    lines.on('close', () => pile.close());
}

main().catch((error) => { say({ error: `${error.code ?? ''} ${error.message}` }); process.exitCode = 1; });
