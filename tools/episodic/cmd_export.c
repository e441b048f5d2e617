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

static int export_to(const cli *c, FILE *file, const char *path) {
    output out = {file, file == stdout && isatty(STDOUT_FILENO)};
    epi_status status = epi_export(c->space, write_piece, &out);
    if (status == EPI_ECANCELLED) return fail_output(c, path);
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

/* Written beside it and renamed, so that FILE is never half of an export. */
static int export_to_file(const cli *c, const char *path) {
    char part[4096];
    if ((size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part) {
        return cli_error(c, BAD_USAGE, "--output: the name is too long");
    }
    FILE *file = fopen(part, "we");
    if (file == NULL) return fail_output(c, part);
    int code = export_to(c, file, part);
    bool flushed = fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (code == DONE && !flushed) code = fail_output(c, part);
    fclose(file);
    if (code == DONE && rename(part, path) != 0) code = fail_output(c, path);
    if (code != DONE) unlink(part);
    return code;
}

static int run(cli *c) {
    const char *path = cli_value(c, "output");
    int code = cli_open(c, TO_READ, NULL);
    if (code != DONE) return code;
    if (path != NULL && strcmp(path, "-") != 0) return export_to_file(c, path);
    return export_to(c, stdout, "stdout");
}

const cli_command cmd_export = {
    .name = "export",
    .summary = "write all of a space as JSONL",
    .usage = "",
    .examples = "  episodic export --space home -o home.jsonl\n"
                "  episodic export --space home | gzip > home.jsonl.gz\n"
                "  episodic export --space home | episodic --memory copy import -\n",
    .notes = "Nothing is lost: what is forgotten is there too, and marked. The form is described in docs/JSONL.md.\n",
    .options = options,
    .run = run,
};
