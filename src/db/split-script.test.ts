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

  it('goes on behind a trigger that ends once too often: the database says what is wrong', () => {
    const broken = 'create trigger t after delete on a begin select 1; end end;';
    expect(splitScript(`${broken} select 2;`)).toEqual([broken, 'select 2;']);
  });

  it('takes END of an ordinary CASE for nothing special', () => {
    expect(splitScript('select case when 1 then 2 end; select 2;')).toHaveLength(2);
  });

  it('has no statements when it is blank', () => {
    expect(splitScript(' ; -- nothing\n ;')).toEqual([]);
  });
});
