// Says, as one line of JSON, how DuckDB reads two files of the same records:
// node read.mjs records.parquet records.csv
import { DuckDBInstance } from '@duckdb/node-api';

const [parquet, csv] = process.argv.slice(2).map((path) => `'${path.replaceAll("'", "''")}'`);
const instance = await DuckDBInstance.create(':memory:');
const connection = await instance.connect();
const rows = async (sql) => (await connection.runAndReadAll(sql)).getRows();
await connection.run("SET TimeZone = 'UTC'");

const types = Object.fromEntries((await rows(`DESCRIBE FROM read_parquet(${parquet})`)).map(([name, type]) => [name, type]));
const columns = Object.entries(types).map(([name, type]) => `'${name}': '${type}'`).join(', ');
const fromCSV = `read_csv(${csv}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', columns = {${columns}})`;
const [[count, charge, due]] = await rows(`SELECT count(*)::INTEGER, sum(charge)::VARCHAR, sum(due)::VARCHAR FROM read_parquet(${parquet})`);
const [[less]] = await rows(`SELECT count(*)::INTEGER FROM read_parquet(${parquet}) WHERE charge < 0`);
const [[missing]] = await rows(`SELECT count(*)::INTEGER FROM (FROM read_parquet(${parquet}) EXCEPT ALL FROM ${fromCSV})`);
const [[csvCount]] = await rows(`SELECT count(*)::INTEGER FROM ${fromCSV}`);
console.log(JSON.stringify({ types, count, charge, due, less, missing, csvCount }));
connection.closeSync();
