// Tickets of the peers against those of the tool: usage: node cookie.js TOOL FOLDER
'use strict';
const { spawnSync } = require('child_process');
const { createHash, createHmac } = require('crypto');
const { writeFileSync } = require('fs');
const Module = require('module');

// All that aspxauth asks of bignum: a date, of eight bytes or to be written into them.
const wrap = (value) => ({
    add: (other) => wrap(value + BigInt(other)),
    mul: (other) => wrap(value * BigInt(other)),
    toNumber: () => Number(value),
    toBuffer: () => { const bytes = Buffer.alloc(8); bytes.writeBigInt64LE(value); return bytes; },
});
const bignum = Object.assign((value) => value.toNumber ? value : wrap(BigInt(value)),
    { fromBuffer: (bytes) => wrap(bytes.readBigInt64LE()) });
const load = Module._load;
Module._load = (name, ...rest) => name === 'bignum' ? bignum : load(name, ...rest);
const forms = require('aspnet-formsauthentication');
const aspxauth = require('aspxauth');

const [tool, folder] = process.argv.slice(2);
let passed = 0, failed = 0;
const same = (what, found, wanted) => {
    if (JSON.stringify(found) === JSON.stringify(wanted)) return void passed++;
    failed++;
    console.log(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
};
const run = (input, ...args) => {
    const { status, stdout, stderr } = spawnSync(tool, ['cookie', ...args], { input, encoding: 'utf8' });
    if (status !== 0 && status !== 7) throw new Error(`cookie ${args[0]}: ${status}: ${stderr}`);
    return stdout;
};
const key = (name, bytes) => createHash('sha512').update(name).digest('hex').slice(0, 2 * bytes).toUpperCase();

// The peers take the length of a text as one byte, and .NET has two for 128 characters.
const texts = [['jane', 'roles=a,b', '/'], ['Jürgen 漢字 😀', 'ß|\t"', '/app'], ['x'.repeat(127), 'y'.repeat(127), '/'], ['a\0b', '', '/']];
for (const validation of ['SHA1', 'HMACSHA256', 'HMACSHA512']) {
    for (const bytes of [16, 24, 32]) {
        const keys = { validationKey: key('validation', 64), decryptionKey: key(`decryption ${bytes}`, bytes) };
        const file = `${folder}/web.config`;
        writeFileSync(file, `<configuration><system.web><machineKey validation="${validation}" decryption="AES" ` +
            `validationKey="${keys.validationKey}" decryptionKey="${keys.decryptionKey}"/></system.web></configuration>`, { mode: 0o600 });
        forms.initialize({ validationKey: keys.validationKey, encryptionKey: keys.decryptionKey, validation: validation.replace('HMAC', '') });
        for (const [name, userData, path] of texts) {
            const what = `${validation}, AES-${8 * bytes}, ${JSON.stringify(name.slice(0, 12))}`;
            // No argument of a process holds a NUL.
            if (!name.includes('\0')) {
                const cookie = run('', 'issue', name, '--machine-key', file, '--user-data', userData, '--path', path, '--persistent').trim();
                const read = forms.decrypt(cookie);
                same(`ours, ${what}`, [read.version, read.isPersistent, read.name, read.userData, read.cookiePath], [2, 1, name, userData, path]);
                same(`ours, ${what}: the lifetime`, Math.round((read.expiration - read.issueDate) / 1000), 1800);
                if (validation === 'SHA1' && bytes === 32) {
                    const other = aspxauth(keys).decrypt(cookie);
                    same(`ours by aspxauth, ${what}`, [other.ticketVersion, other.name, other.customData, other.cookiePath], [2, name, userData || null, path]);
                }
            }
            const issueDate = new Date(Math.floor(Date.now() / 1000) * 1000), expiration = new Date(issueDate.getTime() + 60000);
            const theirs = forms.encrypt({ version: 1, issueDate, expiration, isPersistent: false, name, userData, cookiePath: path });
            for (const [form, text] of [['hex', theirs.toLowerCase()], ['Base64', Buffer.from(theirs, 'hex').toString('base64url') + (3 - (theirs.length / 2) % 3) % 3]]) {
                const { outcome, ticket } = JSON.parse(run(text, 'read', '--machine-key', file, '--json'));
                const near = (date, wanted) => Math.abs(new Date(date) - wanted) <= 1;
                same(`theirs in ${form}, ${what}`, [outcome, ticket && [ticket.version, ticket.persistent, ticket.name, ticket.user_data, ticket.path,
                    near(ticket.issued, issueDate), near(ticket.expires, expiration)]], ['valid', [1, false, name, userData, path, true, true]]);
            }
            const { modes } = JSON.parse(run(theirs, 'find-mode', '--machine-key', file, '--json'));
            same(`the mode of theirs, ${what}`, modes.map((mode) => [mode.compatibility_mode, mode.validation, mode.decryption, mode.as_in_file]),
                [['Framework20SP1', validation, 'AES', true]]);
        }
        if (validation === 'SHA1' && bytes === 32) {
            // Without the inner signature .NET refuses it, and so do we.
            const half = aspxauth(keys).encrypt({ name: 'jane' });
            same('half signed', JSON.parse(run(half, 'read', '--machine-key', file, '--json')).outcome, 'not-valid');
        }
    }
}
// What decrypts to wrong padding takes no longer than a wrong signature, as far as whoever sends cookies could measure: the two take
// turns, and a machine that is busy is so for both. Only who has the keys can make the first.
const file = `${folder}/padding.config`, validationKey = key('validation', 64);
writeFileSync(file, `<machineKey validation="HMACSHA256" compatibilityMode="Framework20SP1" validationKey="${validationKey}" ` +
    `decryptionKey="${key('decryption', 32)}"/>`, { mode: 0o600 });
const signed = (body, by) => Buffer.concat([body, createHmac('sha256', Buffer.from(by, 'hex')).update(body).digest()]).toString('hex');
const body = Buffer.alloc(2000, 0x5A), times = { padding: [], signature: [] };
for (let round = 0; round < 40; round++) {
    for (const [what, by, reason] of [['padding', validationKey, /does not decrypt/], ['signature', '00'.repeat(64), /signature is wrong/]]) {
        const cookie = signed(body, by), started = process.hrtime.bigint();
        const said = run(cookie, 'read', '--machine-key', file);
        times[what].push(Number(process.hrtime.bigint() - started));
        if (!reason.test(said)) same(`the ${what}`, said, String(reason));
    }
}
const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];
const ratio = median(times.padding) / median(times.signature);
console.log(`wrong padding took ${ratio.toFixed(2)} times as long as a wrong signature`);
same('the time of a wrong padding', ratio > 0.5 && ratio < 2, true);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
