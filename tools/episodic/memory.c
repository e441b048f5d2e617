/* memory.c - opening the memory and the space that a command is about, and saying what failed and what to do about it.
 *
 * A space has no default: when --space is missing, the message offers what there is.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* ---- errors ---------------------------------------------------------------------------------------------------- */

/* One line on stderr, with nothing in it that a terminal would obey. */
static void say(const cli *c, const char *message) {
    char *safe = term_escape(message, strlen(message), " ");
    fprintf(stderr, "episodic%s%s: %s\n", c->command ? " " : "", c->command ? c->command->name : "",
            safe ? safe : "out of memory");
    free(safe);
}

int cli_error(const cli *c, int code, const char *format, ...) {
    char text[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    say(c, text);
    return code;
}

typedef struct remedy {
    epi_status status;
    const char *text;
} remedy;

static const remedy remedies[] = {
    {EPI_ESCHEMA, "; choose another --space"},
    {EPI_EDISKFULL, "; free some space on the disk and run it again"},
    {EPI_EMAPFULL, "; forget or drop what is not needed, then run episodic upkeep --compact"},
    {EPI_EQUOTA, "; forget or drop what is not needed, then run episodic upkeep --compact"},
    {EPI_EREADERS, "; close other programs that use this memory and run it again"},
    {EPI_EDAMAGED, "; episodic check tells what is damaged"},
    {EPI_EVERSION, "; use a newer episodic"},
    {EPI_ENOTMEMORY, "; give a directory that is a memory, or a new name"},
    {EPI_ECONFLICT, "; nothing was changed"},
    {EPI_EINTERNAL, "; this is a defect of episodic, please report it"},
};

static int code_of(epi_status status) {
    switch ((int)status) {
    case EPI_OK: return DONE;
    case EPI_ECANCELLED: return INTERRUPTED;
    case EPI_ENOTFOUND:
    case EPI_ESTALE: return ABSENT;
    case EPI_EINTERNAL:
    case EPI_ENOMEM:
    case EPI_ECLOSED:
    case EPI_EFORK: return DEFECT;
    default: return status <= EPI_EIO || status == EPI_EBUSY ? BAD_STORAGE : BAD_INPUT;
    }
}

int cli_fail_about(const cli *c, epi_status status, const char *subject, const char *advice) {
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
        if (remedies[i].status == status) advice = remedies[i].text;
    }
    if (status == EPI_EDAMAGED && c->command == &cmd_check) advice = "; restore a backup";
    if (status == EPI_EDAMAGED && c->command == &cmd_export && !cli_has(c, "salvage"))
        advice = "; export --salvage passes over what is damaged";
    return cli_error(c, code_of(status), "%s%s%s%s", subject, *subject ? ": " : "", epi_error_last()->message, advice);
}

int cli_fail(const cli *c, epi_status status) {
    return cli_fail_about(c, status, "", "");
}

/* ---- the memory ------------------------------------------------------------------------------------------------ */

const char *cli_memory_path(const cli *c) {
    const char *path = cli_value(c, "memory");
    if (path == NULL) path = getenv("EPISODIC_MEMORY");
    return path != NULL && *path != '\0' ? path : NULL;
}

int cli_open_memory(cli *c, cli_access access) {
    const char *path = cli_memory_path(c);
    if (path == NULL) return cli_error(c, BAD_USAGE, "which memory? say --memory DIR, or set EPISODIC_MEMORY");
    epi_memory_options options = epi_memory_options_default();
    options.read_only = access == TO_READ;
    options.create = access == TO_CREATE;
    epi_status status = epi_memory_open(&c->memory, path, &options);
    if (status == EPI_ENOTFOUND && access != TO_CREATE) {
        return cli_error(c, ABSENT, "there is no memory in %s; episodic remember or import makes one", path);
    }
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

/* ---- the space ------------------------------------------------------------------------------------------------- */

typedef struct names {
    char *list[CLI_LIST_MAX];
    size_t count;
} names;

static bool keep_name(void *context, const char *name) {
    names *kept = context;
    char *copy = strdup(name);
    if (copy == NULL) return false;
    kept->list[kept->count++] = copy;
    return kept->count < CLI_LIST_MAX;
}

static void free_names(names *kept) {
    for (size_t i = 0; i < kept->count; i++) free(kept->list[i]);
}

static int ask_for_space(const cli *c, const names *there) {
    if (there->count == 0) return cli_error(c, BAD_USAGE, "which space? say --space NAME; this memory has none yet");
    if (there->count == 1)
        return cli_error(c, BAD_USAGE, "which space? this memory has one: --space %s", there->list[0]);
    return cli_error(c, BAD_USAGE,
                     "which space? say --space NAME, for instance --space %s; episodic spaces lists all %zu%s",
                     there->list[0], there->count, there->count == CLI_LIST_MAX ? " and more" : "");
}

static int space_is_absent(const cli *c, const char *name, const names *there) {
    const char *near = cli_nearest(name, (const char *const *)there->list, there->count);
    if (near != NULL) return cli_error(c, ABSENT, "there is no space \"%s\"; did you mean \"%s\"?", name, near);
    return cli_error(c, ABSENT, "there is no space \"%s\"; episodic spaces lists them", name);
}

int cli_open(cli *c, cli_access access, const epi_schema *schema) {
    const char *name = cli_value(c, "space");
    int code = cli_open_memory(c, name != NULL ? access : TO_READ);
    if (code != DONE) return code;
    epi_status status = name != NULL ? epi_space_open(&c->space, c->memory, name, schema) : EPI_OK;
    if (name != NULL && status != EPI_ENOTFOUND) return status == EPI_OK ? DONE : cli_fail(c, status);
    names there = {{NULL}, 0};
    epi_space_list(c->memory, keep_name, &there);
    code = name == NULL ? ask_for_space(c, &there) : space_is_absent(c, name, &there);
    free_names(&there);
    return code;
}
