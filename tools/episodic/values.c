/* values.c - values of options: numbers, times, roles, filters, files. What is wrong with one is said with its
 * option's name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

int cli_number(uint64_t *number, const cli *c, const char *name, const char *text, uint64_t max) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool digits = *text >= '0' && *text <= '9' && *end == '\0';
    *number = value;
    if (digits && errno == 0 && value <= max) return DONE;
    return cli_error(c, BAD_USAGE, "%s: \"%s\" is not a number from 0 to %llu", name, text, (unsigned long long)max);
}

int cli_profile(epi_profile_kind *kind, const cli *c, const char *text) {
    for (int i = EPI_PROFILE_AUTO; i <= EPI_PROFILE_EVENTS; i++) {
        *kind = (epi_profile_kind)i;
        if (strcmp(epi_profile_name(*kind), text) == 0) return DONE;
    }
    return cli_error(c, BAD_USAGE, "there is no profile \"%s\"; auto, chat, assistant, documents, events", text);
}

int cli_time(epi_time *time, const cli *c, const char *name, bool end) {
    const char *text = cli_value(c, name);
    epi_interval interval;
    *time = EPI_TIME_NONE;
    if (text == NULL) return DONE;
    if (epi_time_parse(&interval, text) != EPI_OK) {
        return cli_error(c, BAD_USAGE, "--%s: %s", name, epi_error_last()->message);
    }
    *time = end ? interval.to : interval.from;
    return DONE;
}

char *cli_split_role(const cli *c, const char *option, const char *text, const char **value) {
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        cli_error(c, BAD_USAGE, "--%s: \"%s\" is not NAME=VALUE, for instance speaker=user", option, text);
        return NULL;
    }
    *value = equals + 1;
    char *name = strndup(text, (size_t)(equals - text));
    if (name == NULL) cli_error(c, DEFECT, "out of memory");
    return name;
}

/* ---- filters --------------------------------------------------------------------------------------------------- */

static int read_ids(uint64_t *ids, size_t *count, const cli *c, const char *name) {
    size_t at = 0;
    char option[32];
    snprintf(option, sizeof option, "--%s", name);
    *count = 0;
    for (const char *text; (text = cli_each(c, name, &at)) != NULL;) {
        if (*count == CLI_LIST_MAX) return cli_error(c, BAD_USAGE, "%s more than %u times", option, CLI_LIST_MAX);
        int code = cli_number(&ids[*count], c, option, text, UINT64_MAX);
        if (code != DONE) return code;
        (*count)++;
    }
    return DONE;
}

static int read_parts(cli_filter *f, const cli *c) {
    size_t at = 0;
    for (const char *text; (text = cli_each(c, "role", &at)) != NULL;) {
        const char *value = NULL;
        size_t i = f->filter.part_count;
        if (i == CLI_LIST_MAX) return cli_error(c, BAD_USAGE, "--role more than %u times", CLI_LIST_MAX);
        f->names[i] = cli_split_role(c, "role", text, &value);
        if (f->names[i] == NULL) return BAD_USAGE;
        f->parts[i] = epi_part_text(f->names[i], value);
        f->filter.part_count++;
    }
    return DONE;
}

static int read_tags(cli_filter *f, const cli *c) {
    size_t at = 0;
    for (const char *text; (text = cli_each(c, "tag", &at)) != NULL;) {
        if (f->filter.tag_count == CLI_LIST_MAX)
            return cli_error(c, BAD_USAGE, "--tag more than %u times", CLI_LIST_MAX);
        f->tags[f->filter.tag_count++] = text;
    }
    return DONE;
}

/* "--as-of 2026-11" means all that was known when November ended. */
static int read_times(cli_filter *f, const cli *c) {
    int code = cli_time(&f->filter.from, c, "from", false);
    if (code == DONE) code = cli_time(&f->filter.to, c, "to", true);
    if (code == DONE) code = cli_time(&f->filter.as_of, c, "as-of", true);
    if (code == DONE) code = cli_time(&f->filter.valid_at, c, "valid-at", true);
    return code;
}

int cli_filter_read(cli_filter *f, const cli *c) {
    memset(f, 0, sizeof *f);
    f->filter = epi_filter_default();
    f->filter.steps = f->steps;
    f->filter.episodes = f->episodes;
    f->filter.parts = f->parts;
    f->filter.tags = f->tags;
    f->filter.include_superseded = cli_has(c, "superseded");
    int code = read_times(f, c);
    if (code == DONE) code = read_ids(f->steps, &f->filter.step_count, c, "step");
    if (code == DONE) code = read_ids(f->episodes, &f->filter.episode_count, c, "episode");
    if (code == DONE) code = read_parts(f, c);
    if (code == DONE) code = read_tags(f, c);
    if (f->filter.step_count == 0) f->filter.steps = NULL;
    if (f->filter.episode_count == 0) f->filter.episodes = NULL;
    return code;
}

void cli_filter_dispose(cli_filter *f) {
    for (size_t i = 0; i < CLI_LIST_MAX; i++) free(f->names[i]);
}

bool cli_filter_is_empty(const cli_filter *f) {
    const epi_filter *filter = &f->filter;
    return filter->step_count + filter->episode_count + filter->part_count + filter->tag_count == 0 &&
           filter->from == EPI_TIME_NONE && filter->to == EPI_TIME_NONE && filter->as_of == EPI_TIME_NONE &&
           filter->valid_at == EPI_TIME_NONE;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* Room for twice what is there, at least 64 KiB more; NULL when there is none. */
static char *grow(char *text, size_t *capacity, size_t used) {
    size_t more = used < 65536 ? 65536 : used;
    char *grown = realloc(text, used + more + 1);
    if (grown == NULL) {
        free(text);
        return NULL;
    }
    *capacity = used + more;
    return grown;
}

/* NULL with errno; EILSEQ: a NUL byte, which no text has, stands at *size. It is told at once, so that a device does
 * not fill the memory. */
static char *read_all(int file, size_t *size) {
    size_t capacity = 0;
    char *text = NULL;
    *size = 0;
    for (;;) {
        if (*size == capacity && (text = grow(text, &capacity, *size)) == NULL) return NULL;
        const char *nul = NULL;
        ssize_t got = read(file, text + *size, capacity - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            text[*size] = '\0';
            if (got == 0) return text;
            free(text);
            return NULL;
        }
        nul = memchr(text + *size, '\0', (size_t)got);
        *size = nul != NULL ? (size_t)(nul - text) : *size + (size_t)got;
        if (nul == NULL && *size <= CLI_FILE_SIZE_MAX) continue;
        free(text);
        errno = nul != NULL ? EILSEQ : EFBIG;
        return NULL;
    }
}

char *cli_read_file(const cli *c, const char *path, size_t *size, int *code) {
    bool from_stdin = strcmp(path, "-") == 0;
    int file = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        *code = cli_error(c, errno == ENOENT ? ABSENT : BAD_STORAGE, "%s: %s", path, strerror(errno));
        return NULL;
    }
    errno = 0;
    char *text = read_all(file, size);
    const char *name = from_stdin ? "standard input" : path;
    if (text == NULL && errno == EILSEQ)
        *code = cli_error(c, BAD_INPUT, "%s: text had a NUL byte at offset %zu", name, *size);
    else if (text == NULL && errno == EFBIG)
        *code = cli_error(c, BAD_INPUT, "%s: the file has more than %llu bytes", name, CLI_FILE_SIZE_MAX);
    else if (text == NULL)
        *code = cli_error(c, BAD_STORAGE, "%s: %s", name, strerror(errno));
    if (!from_stdin) close(file);
    return text;
}
