import { describe, expect, it } from 'vitest';
import { refuseHostName } from './host-name.js';

describe('refuseHostName', () => {
  it.each(['example.com', 'a.b.example', 'internal.example.com', 'localhost.example', 'mycorp.io'])(
    'lets %s through',
    (name) => {
      expect(refuseHostName(name)).toBeUndefined();
    },
  );

  it.each([
    ['metadata.goog', 'metadata.goog is the name of a metadata service'],
    ['instance-data', 'instance-data is the name of a metadata service'],
    ['metadata', 'metadata is the name of a metadata service'],
    ['metadata.google.internal', 'metadata.google.internal is the name of a metadata service'],
    ['metadata.tencentyun.com', 'metadata.tencentyun.com is the name of a metadata service'],
    ['localhost', 'localhost is this machine'],
    ['db.localhost', 'db.localhost is this machine'],
    ['internal', 'internal is a private name (.internal)'],
    ['printer.local', 'printer.local is a private name (.local)'],
    ['nas.home.arpa', 'nas.home.arpa is a private name (.home.arpa)'],
    ['queue', 'queue has no dot, so it is a name of the local network'],
  ])('refuses %s', (name, why) => {
    expect(refuseHostName(name)).toBe(why);
  });

  it.each(['internal', 'local', 'localdomain', 'corp', 'home', 'intranet', 'lan', 'private'])(
    'refuses whatever ends in .%s',
    (suffix) => {
      expect(refuseHostName(`host.${suffix}`)).toContain(`(.${suffix})`);
    },
  );
});
