// The shop of the demo: one file, no dependencies. Change VERSION, push, and watch the new release take over.
const http = require('http');

const VERSION = 'first version';

const server = http.createServer((request, response) => {
    if (request.url === '/healthz') return response.end('ok\n');
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end([
        `${process.env.GREETING || 'Hello'} from the shop, ${VERSION}.`,
        `dyno ${process.env.DYNO || '(none)'}`,
        '',
    ].join('\n'));
});

server.listen(process.env.PORT || 3000, '0.0.0.0', () => console.log(`shop (${VERSION}) listens on ${server.address().port}`));

// The router has already turned new requests away: end those that are here, then go.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
