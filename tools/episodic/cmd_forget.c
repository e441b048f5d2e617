/* cmd_forget.c - `episodic forget`: hides steps (they can be restored), removes them, or purges them from the disk.
 *
 * What would happen is shown first. Then it is asked for on a terminal, or --force is needed: nothing goes by accident.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define SHOWN_MAX 10u

static const cli_option options[] = {
    OPTION_SPACE,
    {"step", 0, "ID", "this step; may be repeated"},
    {"episode", 'e', "ID", "all of this episode; may be repeated"},
    {"from", 0, "TIME", "what happened at or after TIME"},
    {"to", 0, "TIME", "what happened before the end of TIME"},
    {"role", 'r', "NAME=VALUE", "steps with this value, for instance speaker=user; may be repeated"},
    {"tag", 't', "TAG", "steps with this tag; may be repeated"},
    {"superseded", 0, NULL, "also what has been corrected since"},
    {"restore", 0, NULL, "bring back what was forgotten"},
    {"remove", 0, NULL, "for good, not to be restored"},
    {"purge", 0, NULL, "for good, and rewrite the store: no byte of it stays on the disk"},
    {"purge-after", 0, "DAYS", "how long it can be restored (30)"},
    {"dry-run", 'n', NULL, "only show what would happen"},
    {"force", 'f', NULL, "do not ask"},
    OPTIONS_END,
};

typedef enum way { HIDE, RESTORE, REMOVE, PURGE } way;

static const char *const would_words[] = {"would be forgotten", "would be restored", "would be removed",
                                          "would be purged"};
static const char *const done_words[] = {"forgotten", "restored", "removed", "purged"};

static int read_way(way *w, const cli *c) {
    int named = cli_has(c, "restore") + cli_has(c, "remove") + cli_has(c, "purge");
    if (named > 1) return cli_error(c, BAD_USAGE, "only one of --restore, --remove and --purge");
    *w = cli_has(c, "restore") ? RESTORE : cli_has(c, "remove") ? REMOVE : cli_has(c, "purge") ? PURGE : HIDE;
    if (*w == RESTORE && cli_has(c, "dry-run"))
        return cli_error(c, BAD_USAGE, "--restore destroys nothing; it has no --dry-run");
    return DONE;
}

static epi_status count_matches(uint64_t *count, const cli *c, const epi_filter *filter, way w) {
    if (w == HIDE) return epi_forget(count, c->space, filter, 0, true);
    return epi_remove(count, c->space, filter, true);
}

/* The newest few of what matches. */
static epi_status show_matches(const cli *c, const epi_filter *filter, uint64_t count) {
    epi_cue cue = epi_cue_default();
    epi_recall_options recall = epi_recall_options_default();
    epi_recollection *found = NULL;
    cue.filter = *filter;
    recall.k = SHOWN_MAX;
    epi_status status = epi_recall(&found, c->space, &cue, &recall);
    size_t shown = epi_recollection_hit_count(found);
    for (size_t i = 0; i < shown; i++) {
        const epi_hit *hit = epi_recollection_hit(found, i);
        const epi_recalled_step *step = epi_scene_step(epi_recollection_scene(found, hit->scene), hit->scene_step);
        char when[EPI_TIME_TEXT_SIZE];
        char *who;
        char *text;
        print_step_words(&who, &text, step);
        epi_time_text(when, step->event.from, step->event.utc_offset_min);
        if (text != NULL) term_cut(text, 70);
        if (who != NULL && text != NULL) printf("  step %" PRIu64 "  %.10s  %s  %s\n", hit->step, when, who, text);
        free(who);
        free(text);
    }
    if (count > shown && shown > 0) printf("  and %" PRIu64 " more\n", count - shown);
    epi_recollection_free(found);
    return status;
}

static epi_status act(uint64_t *count, const cli *c, const epi_filter *filter, way w, uint32_t days) {
    switch (w) {
    case HIDE: return epi_forget(count, c->space, filter, days, false);
    case RESTORE: return epi_restore(count, c->space, filter);
    case REMOVE: return epi_remove(count, c->space, filter, false);
    case PURGE: return epi_purge(count, c->space, filter);
    }
    return EPI_EINTERNAL;
}

static int act_and_tell(const cli *c, const epi_filter *filter, way w, uint32_t days) {
    uint64_t count = 0;
    char number[32];
    epi_status status = act(&count, c, filter, w, days);
    if (status != EPI_OK) return cli_fail(c, status);
    printf("%s %s%s", print_count(number, count), count == 1 ? "step was " : "steps were ", done_words[w]);
    if (w == HIDE && count > 0) {
        printf("; --restore brings %s back within %u days", count == 1 ? "it" : "them",
               days != 0 ? days : EPI_PURGE_AFTER_DAYS_DEFAULT);
    }
    printf("\n");
    return count > 0 ? DONE : NOTHING;
}

static int confirm_and_act(const cli *c, const epi_filter *filter, way w, uint32_t days) {
    uint64_t count = 0;
    char number[32];
    epi_status status = count_matches(&count, c, filter, w);
    if (status != EPI_OK) return cli_fail(c, status);
    if (count == 0) return cli_error(c, NOTHING, "nothing matches");
    printf("%s %s %s:\n", print_count(number, count), count == 1 ? "step" : "steps", would_words[w]);
    status = show_matches(c, filter, count);
    if (status != EPI_OK) return cli_fail(c, status);
    if (cli_has(c, "dry-run")) return DONE;
    if (!cli_has(c, "force") && !term_can_ask()) {
        return cli_error(c, NOTHING, "nothing was done; say --force to do it without a terminal to ask on");
    }
    if (!cli_has(c, "force") && !term_confirm("Do it?")) return cli_error(c, NOTHING, "nothing was done");
    return act_and_tell(c, filter, w, days);
}

static int run(cli *c) {
    cli_filter filter;
    way w = HIDE;
    uint64_t days = 0;
    int code = cli_filter_read(&filter, c);
    if (code == DONE) code = read_way(&w, c);
    if (code == DONE && cli_has(c, "purge-after")) {
        code = cli_number(&days, c, "--purge-after", cli_value(c, "purge-after"), 36500);
    }
    if (code == DONE && cli_filter_is_empty(&filter)) {
        code = cli_error(c, BAD_USAGE,
                         "what? say --step, --episode, --from, --to, --role or --tag; all of a space: episodic drop");
    }
    if (code == DONE) code = cli_open(c, TO_WRITE, NULL);
    if (w == RESTORE) filter.filter.include_forgotten = true;
    if (code == DONE && w == RESTORE) {
        code = act_and_tell(c, &filter.filter, w, 0);
    } else if (code == DONE) {
        code = confirm_and_act(c, &filter.filter, w, (uint32_t)days);
    }
    cli_filter_dispose(&filter);
    return code;
}

const cli_command cmd_forget = {
    .name = "forget",
    .summary = "hide, restore, remove or purge steps",
    .usage = "",
    .examples = "  episodic forget --space home --step 12 --dry-run\n"
                "  episodic forget --space home --episode 3\n"
                "  episodic forget --space home --episode 3 --restore\n"
                "  episodic forget --space home --tag secret --purge --force\n",
    .notes = "What matches is shown first; then it is asked for, or --force is needed.\n",
    .options = options,
    .run = run,
};
