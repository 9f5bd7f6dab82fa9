import { describe, expect, it } from 'vitest';
import { createGuard } from './guard.js';

const REFUSED: readonly (readonly [url: string, word: string])[] = [
  ['', 'not an absolute URL'],
  ['/path', 'not an absolute URL'],
  ['example.com/hook', 'not an absolute URL'],
  ['http://256.1.1.1/', 'not an absolute URL'],
  ['http://ex ample.com/', 'not an absolute URL'],
  ['ftp://example.com/', 'scheme "ftp"'],
  ['file:///etc/passwd', 'scheme "file"'],
  ['data:text/plain,hello', 'scheme "data"'],
  ['ws://example.com/', 'scheme "ws"'],
  ['javascript:alert(1)', 'scheme "javascript"'],
  ['http://user@example.com/', 'user name or password'],
  ['http://user:secret@example.com/', 'user name or password'],
  ['http://example.com@127.0.0.1/', 'user name or password'],
  ['http://127.0.0.1/', 'loopback'],
  ['https://127.0.0.1:8443/x?y#z', 'loopback'],
  ['http:127.0.0.1', 'loopback'],
  ['http:\\\\127.0.0.1\\', 'loopback'],
  [' http://127.0.0.1 ', 'loopback'],
  ['http://127.0.0.1./', 'loopback'],
  ['http://2130706433/', 'loopback'],
  ['http://017700000001/', 'loopback'],
  ['http://0x7f000001/', 'loopback'],
  ['http://0x7F.0x0.0x0.0x1/', 'loopback'],
  ['http://0177.0.0.1/', 'loopback'],
  ['http://0x7f.1/', 'loopback'],
  ['http://127.1/', 'loopback'],
  ['http://127.0.1/', 'loopback'],
  ['http://①②⑦.⓪.⓪.①/', 'loopback'],
  ['http://127。0。0。1/', 'loopback'],
  ['http://%31%32%37.0.0.1/', 'loopback'],
  ['http://0/', 'unspecified'],
  ['http://0.0.0.0:8787/', 'unspecified'],
  ['http://10.0.0.1/', 'private'],
  ['http://0xa9fea9fe/latest/meta-data/', 'link-local'],
  ['http://2852039166/', 'link-local'],
  ['http://169.254.169.254/', 'link-local'],
  ['http://168.63.129.16/', 'metadata'],
  ['http://100.100.100.200/', 'carrier-grade NAT'],
  ['http://198.18.0.1/', 'benchmark'],
  ['http://[::]/', 'unspecified'],
  ['http://[::1]/', 'loopback'],
  ['http://[0000:0000:0000:0000:0000:0000:0000:0001]/', 'loopback'],
  ['http://[::ffff:127.0.0.1]/', 'loopback'],
  ['http://[::ffff:7f00:1]/', 'loopback'],
  ['http://[64:ff9b::169.254.169.254]/', 'link-local'],
  ['http://[2002:7f00:1::]/', '6to4'],
  ['http://[fd00:ec2::254]/', 'private'],
  ['http://[fe80::1]/', 'link-local'],
  ['http://[fe80::1%25eth0]/', 'zone id'],
  ['http://[fe80::1%eth0]/', 'zone id'],
  ['http://localhost/', 'this machine'],
  ['http://LOCALHOST:3000/', 'this machine'],
  ['http://localhost./', 'this machine'],
  ['http://ⓛocalhost/', 'this machine'],
  ['http://%6cocalhost/', 'this machine'],
  ['http://db.localhost/', 'this machine'],
  ['http://printer.local/', 'private name (.local)'],
  ['http://printer.local./', 'private name (.local)'],
  ['http://api.internal/', 'private name (.internal)'],
  ['http://foo\u00ad.internal/', 'private name (.internal)'],
  ['http://router.home.arpa/', 'private name (.home.arpa)'],
  ['http://nas.lan/', 'private name (.lan)'],
  ['http://metadata.google.internal/', 'metadata service'],
  ['http://metadata.goog/', 'metadata service'],
  ['http://metadata/', 'metadata service'],
  ['http://redis:6379/', 'no dot'],
];

const LET_THROUGH = [
  'https://example.com/hook?x=1#y',
  'HTTPS://EXAMPLE.COM/',
  'http://example.com.:8080/',
  'http://8.8.8.8/',
  'http://134744072/',
  'http://[2606:4700:4700::1111]/',
  'http://[::ffff:8.8.8.8]/',
  'https://localhost.example.com/',
  'https://internal.example.com/',
  'https://notlocalhost.com/',
  'https://mylocal.dev/',
  'https://bücher.example/',
  'https://example.com/@127.0.0.1',
  'https://example.com/?next=http://127.0.0.1/[%25]',
];

describe('a URL', () => {
  const guard = createGuard([]);

  it.each(REFUSED)('%s is refused: %s', (url, word) => {
    expect(guard.refuseUrl(url)).toContain(word);
  });

  it.each(LET_THROUGH)('%s is let through', (url) => {
    expect(guard.refuseUrl(url)).toBeUndefined();
  });

  it('never shows the password it is refused for', () => {
    expect(guard.refuseUrl('http://user:secret@example.com/')).not.toContain('secret');
  });
});

describe('a resolved address', () => {
  const guard = createGuard(['127.0.0.1', 'dev.example.com']);

  it('is refused when it is private, naming host and address', () => {
    const reason = guard.refuseResolved('evil.example.com', '10.0.0.1');
    expect(reason).toContain('evil.example.com');
    expect(reason).toContain('10.0.0.1 is a private address');
    expect(guard.refuseResolved('evil.example.com', 'fe80::1%2')).toContain('link-local');
    expect(guard.refuseResolved('evil.example.com', 'nonsense')).toBeDefined();
  });

  it('is let through when it is public, allowed, or belongs to an allowed name', () => {
    expect(guard.refuseResolved('good.example.com', '8.8.8.8')).toBeUndefined();
    expect(guard.refuseResolved('good.example.com', '127.0.0.1')).toBeUndefined();
    expect(guard.refuseResolved('DEV.example.com.', '10.0.0.1')).toBeUndefined();
  });
});

describe('allowHosts', () => {
  it.each(['', ' ', '*.example.com', 'http://a.b', 'a.b:80', 'a.b/c', 'u@a.b', '10.0.0.0/8'])(
    'refuses %j, which is not one host',
    (entry) => {
      expect(() => createGuard([entry])).toThrow(
        expect.objectContaining({ code: 'setting-invalid', message: expect.any(String) }),
      );
    },
  );

  it.each([
    ['127.0.0.1', 'http://2130706433:9/'],
    ['127.0.0.1', 'http://[::ffff:127.0.0.1]/'],
    ['0x7f.1', 'http://127.0.0.1/'],
    ['::1', 'http://[0:0:0:0:0:0:0:1]/'],
    ['[::1]', 'http://[::1]/'],
    [' LocalHost. ', 'http://localhost:3000/'],
    ['redis', 'http://redis:6379/'],
    ['bücher.local', 'http://xn--bcher-kva.local/'],
  ])('%j permits %s', (entry, url) => {
    expect(createGuard([entry]).refuseUrl(url)).toBeUndefined();
  });

  it('permits nothing beside what it names, and neither schemes nor passwords', () => {
    const guard = createGuard(['127.0.0.1', 'localhost']);
    expect(guard.refuseUrl('http://127.0.0.2/')).toContain('loopback');
    expect(guard.refuseUrl('http://[::1]/')).toContain('loopback');
    expect(guard.refuseUrl('http://a.localhost/')).toContain('this machine');
    expect(guard.refuseUrl('ftp://localhost/')).toContain('scheme');
    expect(guard.refuseUrl('http://u:p@localhost/')).toContain('password');
  });
});
