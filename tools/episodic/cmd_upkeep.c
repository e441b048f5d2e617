/* cmd_upkeep.c - `episodic upkeep`: work done ahead that makes later calls faster; never changes an answer's meaning.
 * */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    {"space", 's', "NAME", "only this space"},
    {"time-limit", 0, "SECONDS", "stop after so long; the next run goes on"},
    {"compact", 0, NULL, "also rewrite the store without free pages and without a byte of what was removed"},
    OPTIONS_END,
};

typedef struct work {
    cli *c;
    uint64_t limit_ms; /* for each space */
    int code;
} work;

static bool on_progress(void *context, uint64_t done, uint64_t total) {
    progress_show(context, done, total);
    return true;
}

/* What was done is told of a call that failed too: an encoder that is down leaves the rest done. */
static void tell(const char *name, const epi_upkeep_report *report) {
    char count[PRINT_COUNTED_SIZE];
    printf("%s: %s sealed", name, print_counted(count, report->sealed, "step"));
    printf(", %s made", print_counted(count, report->embedded, "vector"));
    if (report->waiting > 0) printf(", %s without theirs", print_counted(count, report->waiting, "step"));
    printf(", %s indexed", print_counted(count, report->indexed, "vector"));
    printf(", %s expired%s\n", print_counted(count, report->expired, "step"),
           report->complete ? "" : "; there is more to do");
}

/* What the encoders of a space cannot do here. */
static void warn(const char *name, epi_space *space) {
    epi_encoder_info both[2];
    if (epi_space_encoders(&both[0], &both[1], space) != EPI_OK) return;
    for (size_t i = 0; i < 2; i++) {
        char *note = term_escape(both[i].note, strlen(both[i].note), " ");
        if (both[i].note[0] != '\0') fprintf(stderr, "%s: %s: %s\n", name, both[i].name, note != NULL ? note : "");
        if (both[i].left > 0 && !both[i].ready)
            fprintf(stderr, "%s: %s makes no vectors here%s\n", name, both[i].name, encoder_why_not_ready(&both[i]));
        free(note);
    }
}

int cli_keep_up(cli *c, epi_space *space, uint64_t limit_ms) {
    epi_upkeep_options upkeep = epi_upkeep_options_default();
    epi_upkeep_report report;
    progress bar;
    char *safe = term_escape(epi_space_name(space), strlen(epi_space_name(space)), " ");
    char label[96];
    snprintf(label, sizeof label, "%s: vectors", safe != NULL ? safe : "");
    progress_begin(&bar, label);
    upkeep.time_limit_ms = (uint32_t)limit_ms;
    upkeep.progress = on_progress;
    upkeep.context = &bar;
    epi_status status = epi_space_upkeep(&report, space, &upkeep);
    progress_end(&bar);
    tell(safe != NULL ? safe : "", &report);
    warn(safe != NULL ? safe : "", space);
    free(safe);
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

static bool visit(void *context, const char *name) {
    work *w = context;
    epi_space *space = NULL;
    epi_status status = epi_space_open(&space, w->c->memory, name, NULL);
    int code = status == EPI_OK ? cli_keep_up(w->c, space, w->limit_ms) : cli_fail(w->c, status);
    epi_space_close(space);
    if (w->code == DONE) w->code = code;
    return true; /* an encoder of one space that is down is no reason to leave the others */
}

static int keep_up_all(cli *c, uint64_t limit_ms) {
    work w = {c, limit_ms, DONE};
    int code = cli_open_memory(c, TO_WRITE);
    if (code != DONE) return code;
    epi_status status = epi_space_list(c->memory, visit, &w);
    return w.code == DONE && status != EPI_OK ? cli_fail(c, status) : w.code;
}

static int compact(const cli *c) {
    epi_memory_stats before;
    epi_memory_stats after;
    epi_status status = epi_memory_stats_read(&before, c->memory);
    if (status == EPI_OK) status = epi_memory_compact(c->memory);
    if (status == EPI_OK) status = epi_memory_stats_read(&after, c->memory);
    if (status != EPI_OK) return cli_fail(c, status);
    printf("compacted from %.1f to %.1f MB\n", (double)before.file_size / 1e6, (double)after.file_size / 1e6);
    return DONE;
}

static int run(cli *c) {
    uint64_t seconds = 0;
    int code = DONE;
    if (cli_has(c, "time-limit")) code = cli_number(&seconds, c, "--time-limit", cli_value(c, "time-limit"), 1000000);
    if (code == DONE && cli_has(c, "space")) {
        code = cli_open(c, TO_WRITE, NULL);
        if (code == DONE) code = cli_keep_up(c, c->space, seconds * 1000);
    } else if (code == DONE) {
        code = keep_up_all(c, seconds * 1000);
    }
    return code == DONE && cli_has(c, "compact") ? compact(c) : code;
}

const cli_command cmd_upkeep = {
    .name = "upkeep",
    .summary = "seal, index and expire ahead of need; compact the store",
    .usage = "",
    .examples = "  episodic upkeep\n"
                "  episodic upkeep --space home --time-limit 10\n"
                "  episodic upkeep --compact\n",
    .options = options,
    .run = run,
};
