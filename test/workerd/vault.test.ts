import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AesVault, defineTask, encryptionKeys, TaskRegistry } from '../../src/tasks/index.js';

describe('the vault inside workerd', () => {
  test('seals and opens bodies of every size, also those that Node has sealed', async () => {
    const key = `a:${btoa('0123456789abcdef0123456789abcdef')}`;
    const task = defineTask({
      type: 'secret',
      input: z.any(),
      protect: { encrypt: true },
      run: () => null,
    });
    const vault = new AesVault(encryptionKeys.parse(key), new TaskRegistry([task]));
    for (const body of [null, 'é🎉', { card: { number: '4111' } }, 'x'.repeat(700_000)]) {
      const sealed = await vault.seal('secret', 'payload', body);
      expect(vault.isSealed(sealed)).toBe(true);
      expect(await vault.open('secret', 'payload', sealed)).toEqual(body);
    }
    const sealedOnNode = { 'holdfast:sealed': SEALED_ON_NODE };
    expect(await vault.open('secret', 'payload', sealedOnNode)).toBe('from Node');
  });
});

const SEALED_ON_NODE = 'a:BHABe+Pqbuihe49CQrVt3BlIYjyMxoNUY1UdNLRab9WeThhYRXml';
