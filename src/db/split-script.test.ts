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

  it.each([
    'CREATE TRIGGER "t" INSERT ON "a" BEGIN DELETE FROM b; END;',
    'create temporary trigger t after delete on a begin delete from b; end;',
    'create temp trigger t after delete on a begin delete from b; end;',
    'create trigger if not exists t after update of x on a begin select 1; select 2; end;',
    'EXPLAIN CREATE TRIGGER t AFTER DELETE ON a BEGIN DELETE FROM b; END;',
    'create trigger t after update of start, end on booking begin update a set x = 1; delete from b; end;',
    'create trigger t after update on a when new.end > 0 begin update a set x = new.end; delete from b; end;',
  ])('keeps this together too, wherever it stands: %s', (trigger) => {
    const script = `select 1; ${trigger} select 2; ${trigger} begin; select 3; end;`;
    expect(splitScript(script)).toEqual([
      'select 1;',
      trigger,
      'select 2;',
      trigger,
      'begin;',
      'select 3;',
      'end;',
    ]);
  });

  it.each([
    'create table plan (id integer, name text, begin integer);',
    'create temp table plan (id integer, name text, begin integer);',
    'explain create table plan (id integer, name text, begin integer);',
    'select id, name, kind, begin from plan;',
    'drop trigger if exists main.begin;',
    'insert into plan values (case when 1 then 2 end);',
  ])('takes no trigger for what only has words of one: %s', (statement) => {
    expect(splitScript(`${statement} select 1`)).toEqual([statement, 'select 1']);
  });

  it('leaves a trigger that does not end to the database, with what follows it', () => {
    const broken = 'create trigger t after delete on a begin select 1; end end; select 2;';
    expect(splitScript(broken)).toEqual([broken]);
  });

  it('gives a script in two halves back, wherever it is cut', () => {
    const script = "insert into a values ('one  ; two'); insert into a values ('it''s ');";
    for (let cut = 0; cut <= script.length; cut += 1) {
      const first = splitScript(script.slice(0, cut));
      const rest = first.pop() ?? '';
      expect([...first, ...splitScript(rest + script.slice(cut))]).toEqual(splitScript(script));
    }
  });

  it('takes END of an ordinary CASE for nothing special', () => {
    expect(splitScript('select case when 1 then 2 end; select 2;')).toHaveLength(2);
  });

  it('has no statements when it is blank', () => {
    expect(splitScript(' ; -- nothing\n ;')).toEqual([]);
  });
});
