import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { makeWebhookSecret, refuseWebhookSecret, signatureHeaders } from './webhook-signature.js';

const message = { id: 'id-1', at: Date.now(), body: '{"a":"é"}' };

describe('a secret', () => {
  it.each([
    '',
    'whsec_',
    'whsec_short',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    `whsec_${'A'.repeat(88)}`,
  ])('is not %j', (text) => {
    expect(refuseWebhookSecret(text)).toContain('whsec_');
  });

  it('is what is made, and what the specification shows', () => {
    expect(refuseWebhookSecret(makeWebhookSecret())).toBeUndefined();
    expect(refuseWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toBeUndefined();
    expect(makeWebhookSecret()).not.toBe(makeWebhookSecret());
  });
});

describe('a signature', () => {
  it('is the one of the specification', () => {
    const body = '{"test": 2432232314}';
    const at = 1_614_265_330_000;
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    expect(signatureHeaders({ id, at, body }, [secret])).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is not there without a secret', () => {
    expect(signatureHeaders(message, [])).toEqual({});
  });

  it('can be told by whoever has the new secret or the old one, and by nobody else', () => {
    const [next, before, other] = [makeWebhookSecret(), makeWebhookSecret(), makeWebhookSecret()];
    const headers = signatureHeaders(message, [next, before]);
    for (const secret of [next, before]) {
      expect(new Webhook(secret).verify(message.body, headers)).toEqual({ a: 'é' });
    }
    expect(() => new Webhook(other).verify(message.body, headers)).toThrow('No matching signature');
    expect(() => new Webhook(next).verify('{"a":"e"}', headers)).toThrow('No matching signature');
  });
});
