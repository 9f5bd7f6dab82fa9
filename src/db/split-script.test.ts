import { describe, expect, it } from 'vitest';
import { splitScript } from './split-script.js';

describe('a script', () => {
  it('is cut at its semicolons', () => {
    expect(splitScript('create table a(x); insert into a values (1);\n select 1')).toEqual([
      'create table a(x);',
      'insert into a values (1);',
      'select 1',
    ]);
  });

  it('keeps semicolons in strings, names and comments', () => {
    const script = `insert into a values ('x;''y'); -- one; two\nselect ";" from [b;c]; /* ; */`;
    expect(splitScript(script)).toHaveLength(2);
  });

  it('keeps the body of a trigger together', () => {
    const trigger = `CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN
      UPDATE a SET x = CASE WHEN x > 1 THEN 2 ELSE 3 END; DELETE FROM b; END;`;
    expect(splitScript(`${trigger} SELECT 1;`)).toEqual([trigger, 'SELECT 1;']);
  });

  it('takes END of an ordinary CASE for nothing special', () => {
    expect(splitScript('select case when 1 then 2 end; select 2;')).toHaveLength(2);
  });

  it('has no statements when it is blank', () => {
    expect(splitScript(' ; -- nothing\n ;')).toEqual([]);
  });
});
