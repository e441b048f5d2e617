/* cmd_check.c - `episodic check`: walks every record of a memory and tells what is wrong with it. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {OPTION_JSON, OPTIONS_END};

typedef struct checking {
    const cli *c;
    epi_json_writer *writer; /* NULL: for people */
} checking;

static void print_escaped(const char *before, const char *text) {
    char *safe = term_escape(text, strlen(text), " ");
    printf("%s%s", before, safe != NULL ? safe : "");
    free(safe);
}

static bool on_violation(void *context, const epi_violation *v) {
    checking *k = context;
    if (k->writer == NULL) {
        print_escaped("", *v->space != '\0' ? v->space : "(memory)");
        print_escaped("  ", v->table);
        print_escaped(" ", v->key);
        print_escaped(": ", v->reason);
        printf("\n");
        return true;
    }
    epi_json_begin_object(k->writer, NULL);
    json_text(k->writer, "space", v->space);
    json_text(k->writer, "table", v->table);
    json_text(k->writer, "key", v->key);
    json_text(k->writer, "reason", v->reason);
    epi_json_end(k->writer);
    return true;
}

static int tell(checking *k, const epi_check_report *report) {
    char count[PRINT_COUNTED_SIZE];
    if (k->writer != NULL) {
        epi_json_end(k->writer);
        epi_json_put_unsigned(k->writer, "records", report->records);
        epi_json_put_unsigned(k->writer, "violation_count", report->violations);
        epi_json_end(k->writer);
        epi_json_writer *writer = k->writer;
        k->writer = NULL;
        int code = json_print(k->c, writer);
        return code != DONE ? code : report->violations > 0 ? NOTHING : DONE;
    }
    if (report->violations == 0) {
        printf("%s, all sound\n", print_counted(count, report->records, "record"));
        return DONE;
    }
    return cli_error(k->c, NOTHING, "%s; restore a backup; without one, export --salvage writes all that can be read",
                     print_counted(count, report->violations, "violation"));
}

static int run(cli *c) {
    checking k = {c, NULL};
    epi_check_report report;
    int code = cli_open_memory(c, TO_READ);
    if (code != DONE) return code;
    if (cli_has(c, "json")) {
        if (epi_json_writer_new(&k.writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
        epi_json_begin_object(k.writer, NULL);
        epi_json_begin_array(k.writer, "violations");
    }
    epi_status status = epi_memory_check(&report, c->memory, on_violation, &k);
    code = status == EPI_OK ? tell(&k, &report) : cli_fail(c, status);
    epi_json_writer_free(k.writer);
    return code;
}

const cli_command cmd_check = {
    .name = "check",
    .summary = "walk every record and report what is not sound",
    .usage = "",
    .examples = "  episodic check\n"
                "  episodic check --json\n",
    .notes = "Nothing is changed. The exit code is 1 when there are violations.\n",
    .options = options,
    .run = run,
};
