/* cmd_export.c - `episodic export`: all of a space as JSONL, to stdout or to a file that appears only when it is
 * whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const cli_option options[] = {
    OPTION_SPACE,
    {"output", 'o', "FILE", "the file to write; without it stdout"},
    {"salvage", 0, NULL, "of a damaged memory: pass over what cannot be read"},
    OPTIONS_END,
};

typedef struct output {
    FILE *file;
    bool terminal;
} output;

static bool write_piece(void *context, const char *text, size_t size) {
    const output *out = context;
    if (!out->terminal) return fwrite(text, 1, size, out->file) == size;
    char *safe = term_escape_json(text, size);
    bool good = safe != NULL && fputs(safe, out->file) >= 0;
    free(safe);
    return good;
}

static int fail_output(const cli *c, const char *path) {
    return cli_error(c, BAD_STORAGE, "%s could not be written: %s", path, strerror(errno));
}

static int export_to(epi_salvage_report *report, const cli *c, FILE *file, const char *path) {
    output out = {file, file == stdout && isatty(STDOUT_FILENO)};
    epi_status status = cli_has(c, "salvage") ? epi_export_salvage(report, c->space, write_piece, &out)
                                              : epi_export(c->space, write_piece, &out);
    if (status == EPI_ECANCELLED) return fail_output(c, path);
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

/* Written beside it and renamed, so that FILE is never half of an export. */
static int export_to_file(epi_salvage_report *report, const cli *c, const char *path) {
    char part[4096];
    if ((size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part) {
        return cli_error(c, BAD_USAGE, "--output: the name is too long");
    }
    FILE *file = fopen(part, "we");
    if (file == NULL) return fail_output(c, part);
    int code = export_to(report, c, file, part);
    bool flushed = fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (code == DONE && !flushed) code = fail_output(c, part);
    fclose(file);
    if (code == DONE && rename(part, path) != 0) code = fail_output(c, path);
    if (code != DONE) unlink(part);
    return code;
}

static void tell_ids(const char *what, const uint64_t ids[EPI_SALVAGE_ID_COUNT]) {
    if (ids[0] == 0) return;
    fprintf(stderr, "%s", what);
    for (size_t i = 0; i < EPI_SALVAGE_ID_COUNT && ids[i] != 0; i++)
        fprintf(stderr, " %llu", (unsigned long long)ids[i]);
    fprintf(stderr, "\n");
}

/* What could not be read; the file was written all the same. */
static int tell_lost(const cli *c, const epi_salvage_report *report) {
    const struct {
        uint64_t count;
        const char *noun;
    } lost[] = {{report->steps, "step"},
                {report->episodes, "episode record"},
                {report->values, "single value"},
                {report->records > report->episodes ? report->records - report->episodes : 0, "other record"}};
    char list[4 * (PRINT_COUNTED_SIZE + 2)] = "", count[PRINT_COUNTED_SIZE];
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        if (lost[i].count == 0) continue;
        if (*list != '\0') strcat(list, ", ");
        strcat(list, print_counted(count, lost[i].count, lost[i].noun));
    }
    if (*list == '\0') return DONE;
    tell_ids("left out, the first steps:", report->step_ids);
    tell_ids("written without title, tags and outcome, the first episodes:", report->episode_ids);
    return cli_error(c, BAD_STORAGE, "the memory is damaged; all was written but %s", list);
}

static int run(cli *c) {
    epi_salvage_report report = {0};
    const char *path = cli_value(c, "output");
    int code = cli_open(c, TO_READ, NULL);
    if (code != DONE) return code;
    if (path != NULL && strcmp(path, "-") != 0)
        code = export_to_file(&report, c, path);
    else
        code = export_to(&report, c, stdout, "stdout");
    return code == DONE ? tell_lost(c, &report) : code;
}

const cli_command cmd_export = {
    .name = "export",
    .summary = "write all of a space as JSONL",
    .usage = "",
    .examples = "  episodic export --space home -o home.jsonl\n"
                "  episodic export --space home | gzip > home.jsonl.gz\n"
                "  episodic export --space home | episodic --memory copy import -\n"
                "  episodic export --space home --salvage -o rescued.jsonl\n",
    .notes = "Nothing is lost: what is forgotten is there too, and marked. The form is described in docs/JSONL.md.\n"
             "With --salvage the file is written also where records are damaged: the last line tells what is missing,\n"
             "and the exit code is 5 then. Import it into a new memory.\n",
    .options = options,
    .run = run,
};
