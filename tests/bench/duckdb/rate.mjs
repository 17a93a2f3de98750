// Rates a file of call records with DuckDB, as a data engineer does who knows
// it well: longest prefix by joins, money in integers (DECIMAL / INTEGER is a
// DOUBLE in DuckDB, which rounds ties of half a unit down), one CSV of charges
// and one of totals. A rival of the benchmark.
//
// node rate.mjs VARIANT deck.csv cdrs.csv out.csv totals.csv THREADS
import { DuckDBInstance } from '@duckdb/node-api';

const [variant, deck, cdrs, out, totals, threads] = process.argv.slice(2);
const quote = (path) => `'${path.replaceAll("'", "''")}'`;

// The first nine digits of a number decide; prefixes do not begin with 0.
const records = `
  SELECT call_id, client_id, b_number, duration_seconds, CAST(left(b_number, 9) AS INTEGER) AS key
  FROM read_csv(${quote(cdrs)}, header = true, auto_detect = false, delim = ',', quote = '', escape = '', columns = {
    call_id: 'VARCHAR', client_id: 'INTEGER', a_number: 'VARCHAR', b_number: 'VARCHAR', start_time: 'VARCHAR', duration_seconds: 'BIGINT'})`;

const setup = `
  SET threads = ${Number(threads)};
  SET preserve_insertion_order = false;
  SET asof_loop_join_threshold = 0; -- it takes a CSV for a few rows, and would compare each with every interval
  CREATE TEMP TABLE deck AS
  SELECT CAST(prefix AS INTEGER) AS value, CAST(length(prefix) AS INTEGER) AS digits,
    CAST(round(rate * 1000000) AS BIGINT) AS rate_u, CAST(round(connection_fee * 1000000) AS BIGINT) AS fee_u, interval_1 AS i1, interval_n AS i_n
  FROM read_csv(${quote(deck)}, header = true, auto_detect = false, delim = ',', quote = '', escape = '', columns = {
    prefix: 'VARCHAR', destination: 'VARCHAR', rate: 'DOUBLE', interval_1: 'BIGINT', interval_n: 'BIGINT', connection_fee: 'DOUBLE'});`;

// priced takes rows with the columns of a record and of a rate, and charges
// exactly: half-up, from millionths a minute to ten-thousandths.
const priced = (rows) => `
  CREATE TEMP TABLE rated AS
  WITH billed AS (
    SELECT call_id, client_id, prefix, rate_u, fee_u,
      CASE WHEN duration_seconds <= i1 THEN i1 ELSE i1 + (duration_seconds - i1 + i_n - 1) // i_n * i_n END AS billed_seconds
    FROM (${rows}))
  SELECT call_id, client_id, prefix, billed_seconds, (fee_u * 60 + billed_seconds * rate_u + 3000) // 6000 AS charge
  FROM billed;`;

const lengths = [8, 7, 6, 5, 4, 3, 2, 1];

const variants = {
  // The deck is flattened to intervals of which none covers another; a record
  // falls in the last that begins at or before it. Where a prefix begins, the
  // longest that begins there holds; where one ends and none begins, the longest
  // that goes on, which has eight digits at most.
  v4: `
    CREATE TEMP TABLE starts AS
    SELECT CAST(value * CAST(10 ** (9 - digits) AS BIGINT) AS INTEGER) AS edge, arg_max(rowid, digits) AS id FROM deck GROUP BY edge;
    CREATE TEMP TABLE ends AS
    SELECT DISTINCT CAST((value + 1) * CAST(10 ** (9 - digits) AS BIGINT) AS INTEGER) AS edge FROM deck WHERE edge < 1000000000;
    CREATE TEMP TABLE flat AS
    SELECT edge, value, digits, rate_u, fee_u, i1, i_n FROM (
      SELECT edge, id FROM starts UNION ALL
      SELECT edge, coalesce(${lengths.map((n) => `d${n}.id`).join(', ')}) FROM (FROM ends ANTI JOIN starts USING (edge))
      ${lengths.map((n) => `LEFT JOIN (SELECT rowid AS id, value FROM deck WHERE digits = ${n}) d${n} ON d${n}.value = edge // ${10 ** (9 - n)}`).join('\n      ')}) f
    LEFT JOIN deck ON deck.rowid = f.id;
    ${priced(`
      SELECT r.*, CAST(value AS VARCHAR) AS prefix, rate_u, fee_u, i1, i_n
      FROM (${records}) r ASOF JOIN flat ON r.key >= flat.edge WHERE value IS NOT NULL`)}`,

  // Prefixes of up to six digits are expanded to six, the longest winning;
  // those of seven, eight and nine are looked up beside them.
  v10: `
    CREATE TEMP TABLE six AS
    SELECT CAST(key AS INTEGER) AS key, arg_max(id, digits) AS id FROM (
      SELECT rowid AS id, digits, unnest(range(value * CAST(10 ** (6 - digits) AS BIGINT), (value + 1) * CAST(10 ** (6 - digits) AS BIGINT))) AS key
      FROM deck WHERE digits <= 6)
    GROUP BY key;
    ${priced(`
      SELECT m.*, left(b_number, digits) AS prefix, rate_u, fee_u, i1, i_n FROM (
        SELECT r.*, coalesce(d9.id, d8.id, d7.id, six.id) AS id FROM (${records}) r
        LEFT JOIN six ON six.key = r.key // 1000
        LEFT JOIN (SELECT rowid AS id, value FROM deck WHERE digits = 7) d7 ON d7.value = r.key // 100
        LEFT JOIN (SELECT rowid AS id, value FROM deck WHERE digits = 8) d8 ON d8.value = r.key // 10
        LEFT JOIN (SELECT rowid AS id, value FROM deck WHERE digits = 9) d9 ON d9.value = r.key) m
      JOIN deck ON deck.rowid = m.id`)}`,
};

// An integer times 0.0001 is an exact DECIMAL with four decimals.
const amount = (units) => `CAST(${units} AS DECIMAL(14,0)) * CAST(0.0001 AS DECIMAL(4,4))`;

const results = `
  COPY (SELECT call_id, client_id, prefix, billed_seconds, ${amount('charge')} AS charge FROM rated)
  TO ${quote(out)} (FORMAT csv, HEADER true);
  COPY (SELECT client_id, count(*) AS calls, sum(billed_seconds) AS billed_seconds, ${amount('sum(charge)')} AS charge
    FROM rated GROUP BY client_id ORDER BY client_id)
  TO ${quote(totals)} (FORMAT csv, HEADER true);`;

if (!(variant in variants)) {
  throw new Error(`variant ${variant}: want one of ${Object.keys(variants).join(', ')}`);
}
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
for (const sql of [setup, variants[variant], results]) {
  await connection.run(sql);
}
const reader = await connection.runAndReadAll(`
  SELECT CAST(count(*) AS INTEGER), CAST(${amount('sum(charge)')} AS VARCHAR) FROM rated`);
const [rated, charge] = reader.getRows()[0];
console.log(JSON.stringify({ rated, charge }));
connection.closeSync();
