/* SQLite in memory: a system without files, and queries from arrays of bytes to arrays of bytes. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "../sample.h"

/* What SQLite asks of a system. Nothing can be opened, time stands still, and chance is the same every time. */
static int no_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)vfs, (void)name, (void)flags, (void)out;
    file->pMethods = NULL;
    return SQLITE_CANTOPEN;
}
static int no_delete(sqlite3_vfs *vfs, const char *name, int sync) { return (void)vfs, (void)name, (void)sync, SQLITE_IOERR_DELETE; }
static int no_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
    (void)vfs, (void)name, (void)flags;
    *out = 0;
    return SQLITE_OK;
}
static int same_name(sqlite3_vfs *vfs, const char *name, int n, char *out) {
    (void)vfs;
    size_t size = strlen(name);
    if (size >= (size_t)n) return SQLITE_CANTOPEN;
    memcpy(out, name, size + 1);
    return SQLITE_OK;
}
static int randomness(sqlite3_vfs *vfs, int n, char *out) {
    (void)vfs;
    for (int i = 0; i < n; i++) out[i] = (char)(i * 37 + 11);
    return n;
}
static int no_sleep(sqlite3_vfs *vfs, int microseconds) { return (void)vfs, microseconds; }
static int no_error(sqlite3_vfs *vfs, int n, char *out) { return (void)vfs, (void)n, (void)out, 0; }
static int time_of_day(sqlite3_vfs *vfs, sqlite3_int64 *out) {
    (void)vfs;
    *out = 2460000LL * 86400000; /* milliseconds of a Julian day in 2023 */
    return SQLITE_OK;
}
static int day(sqlite3_vfs *vfs, double *out) {
    (void)vfs;
    *out = 2460000.0;
    return SQLITE_OK;
}

int sqlite3_os_init(void) {
    static sqlite3_vfs vfs = {
        .iVersion = 2, .szOsFile = sizeof(sqlite3_file), .mxPathname = 512, .zName = "nothing", .xOpen = no_file, .xDelete = no_delete,
        .xAccess = no_access, .xFullPathname = same_name, .xRandomness = randomness, .xSleep = no_sleep, .xCurrentTime = day,
        .xGetLastError = no_error, .xCurrentTimeInt64 = time_of_day};
    return sqlite3_vfs_register(&vfs, 1);
}
int sqlite3_os_end(void) { return SQLITE_OK; }

/* Text that grows into an array; `size` goes on counting past its end. */
struct out {
    uint8_t *to;
    size_t m, size;
};

static void put(struct out *out, const void *text, size_t n) {
    if (out->size + n <= out->m) memcpy(out->to + out->size, text, n);
    out->size += n;
}

/* Runs one statement after the other, with `data` bound to each `?1`. Values are written as SQLite's text, parted by tabs, a null
 * as `NULL`, rows by newlines; an error as its message, after which nothing runs. */
static int run(sqlite3 *db, const char *sql, const char *end, const uint8_t *data, size_t n, struct out *out) {
    while (sql < end) {
        sqlite3_stmt *statement;
        int code = sqlite3_prepare_v2(db, sql, (int)(end - sql), &statement, &sql);
        if (code == SQLITE_OK && !statement) continue;
        if (code == SQLITE_OK && sqlite3_bind_parameter_count(statement) > 0)
            code = sqlite3_bind_blob64(statement, 1, data, n, SQLITE_STATIC);
        while (code == SQLITE_OK || code == SQLITE_ROW) {
            code = sqlite3_step(statement);
            for (int i = 0, columns = sqlite3_column_count(statement); i < columns && code == SQLITE_ROW; i++) {
                int null = sqlite3_column_type(statement, i) == SQLITE_NULL;
                const void *value = null ? "NULL" : sqlite3_column_blob(statement, i);
                int real = sqlite3_column_type(statement, i) == SQLITE_FLOAT || sqlite3_column_type(statement, i) == SQLITE_INTEGER;
                if (real) value = sqlite3_column_text(statement, i);
                put(out, value, null ? 4 : (size_t)sqlite3_column_bytes(statement, i));
                put(out, i + 1 < columns ? "\t" : "\n", 1);
            }
        }
        sqlite3_finalize(statement);
        if (code != SQLITE_DONE) {
            const char *message = sqlite3_errmsg(db);
            put(out, "error: ", 7);
            put(out, message, strlen(message));
            put(out, "\n", 1);
            return code;
        }
    }
    return SQLITE_OK;
}

/* Runs SQL over a new database in memory: the length of the text that comes out, which may be more than fits. */
int64_t query(const uint8_t *sql, size_t s, const uint8_t *data, size_t n, uint8_t *to, size_t m) {
    sqlite3 *db;
    struct out out = {to, m, 0};
    if (sqlite3_open(":memory:", &db) == SQLITE_OK) run(db, (const char *)sql, (const char *)sql + s, data, n, &out);
    sqlite3_close(db);
    return (int64_t)out.size;
}

static const char SQL[] =
    "CREATE TABLE bytes AS WITH RECURSIVE at(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM at WHERE i + 1 < length(?1))"
    " SELECT i, unicode(substr(CAST(?1 AS TEXT), i + 1, 1)) AS code, substr(hex(substr(?1, i + 1, 1)), 1, 2) AS hex FROM at;"
    "CREATE INDEX by_hex ON bytes(hex, i);"
    "SELECT count(*), sum(i), min(hex), max(hex), round(avg(i), 3), total(code) FROM bytes;"
    "SELECT hex, count(*) AS n, group_concat(i, ' ') FROM bytes GROUP BY hex HAVING n > 3 ORDER BY n DESC, hex LIMIT 20;"
    "SELECT a.hex, count(*) FROM bytes a JOIN bytes b ON a.hex = b.hex AND a.i < b.i GROUP BY 1 ORDER BY 1;"
    "SELECT i, hex, row_number() OVER (PARTITION BY substr(hex, 1, 1) ORDER BY hex DESC, i),"
    " sum(i) OVER (ORDER BY i ROWS 3 PRECEDING), lag(hex, 2, '-') OVER (ORDER BY i) FROM bytes ORDER BY i LIMIT 50;"
    "BEGIN; DELETE FROM bytes WHERE i % 3 = 0; UPDATE bytes SET hex = lower(hex) || 'x' WHERE hex LIKE '_7%'; SAVEPOINT a;"
    "DELETE FROM bytes; ROLLBACK TO a; COMMIT; SELECT hex, i FROM bytes WHERE hex GLOB '[a-f0-9]7x' ORDER BY i LIMIT 30;"
    "CREATE TABLE kept(k TEXT PRIMARY KEY, v REAL CHECK (v >= 0)) WITHOUT ROWID;"
    "CREATE TRIGGER note AFTER INSERT ON kept BEGIN UPDATE kept SET v = v * 2 WHERE k = new.k AND v < 1; END;"
    "INSERT INTO kept SELECT hex, i / 7.0 FROM bytes WHERE true ON CONFLICT(k) DO UPDATE SET v = v + excluded.v / 3;"
    "SELECT *, printf('%08.3f|%+d|%x|%s|%q', v, v, CAST(v AS INT), k, k) FROM kept ORDER BY v LIMIT 40;"
    "SELECT date('now'), datetime('2024-02-29', '+1 year'), julianday('2000-01-01'), strftime('%J %W %w', 'now');"
    "SELECT json_group_array(json_object('k', k, 'v', v)) FROM (SELECT * FROM kept ORDER BY k LIMIT 10);"
    "SELECT 1e400, -1.5e-320, 9223372036854775807 + 1, 1.0 / 3, 0.1 + 0.2, abs(-9.5), 5 / 0, '12abc' + 1, x'00ff';"
    "EXPLAIN QUERY PLAN SELECT * FROM bytes WHERE hex = 'AA' AND i > 5; PRAGMA integrity_check; SELECT * FROM missing;";

/* A script of tables, indices, joins, windows, triggers, dates and JSON over the bytes: its output. */
int64_t script(const uint8_t *data, size_t n, uint8_t *to, size_t m) {
    return query((const uint8_t *)SQL, sizeof SQL - 1, data, n, to, m);
}

/* The script itself. */
int64_t script_text(uint8_t *to, size_t m) {
    if (sizeof SQL - 1 <= m) memcpy(to, SQL, sizeof SQL - 1);
    return sizeof SQL - 1;
}
