/* cmd_recall.c - `episodic recall`: what a cue brings back, with where it came from and why. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define WHO_COLUMNS_MAX 16u

static const cli_option options[] = {
    OPTION_SPACE,
    {"count", 'k', "N", "hits, best first (10)"},
    {"from", 0, "TIME", "happened at or after TIME: 2023, 2023-05, 2023-05-08, 2023-05-08T13:56+02:00"},
    {"to", 0, "TIME", "happened before the end of TIME"},
    {"as-of", 0, "TIME", "only what had been stored by then"},
    {"valid-at", 0, "TIME", "corrections count only as far as they had happened by then"},
    {"role", 'r', "NAME=VALUE", "only steps with this value, for instance speaker=user; may be repeated"},
    {"tag", 't', "TAG", "only steps with this tag; may be repeated"},
    {"episode", 'e', "ID", "only of this episode; may be repeated"},
    {"superseded", 0, NULL, "also what has been corrected since"},
    {"part", 'p', "NAME=VALUE", "what is known of it, for instance tool=search; refuses nothing; may be repeated"},
    {"reach", 0, "N", "scenes grow by up to N steps to each side, to where a session or topic ends (0)"},
    {"complete", 0, "CONFIDENCE", "completes what steps lack from similar ones, if at least that sure, 0 to 1"},
    {"when", 'w', NULL, "what happened when: each hit with the time that it tells, and the words that say so"},
    {"now", 0, "TIME", "what \"yesterday\" in TEXT is seen from (now)"},
    {"profile", 0, "NAME", "weigh as in a chat, assistant, documents or events (the space's own)"},
    {"explain", 'x', NULL, "the evidence under each hit; it sums to the score"},
    {"context", 'c', NULL, "instead of hits: the scenes around them, as text for a prompt"},
    {"budget", 'b', "TOKENS", "of the context (1024); one token is counted as 4 bytes"},
    OPTION_JSON,
    OPTIONS_END,
};

/* ---- the cue --------------------------------------------------------------------------------------------------- */

static int read_numbers(epi_recall_options *recall, const cli *c) {
    uint64_t number = 0;
    int code = DONE;
    if (cli_has(c, "count")) code = cli_number(&number, c, "-k", cli_value(c, "count"), EPI_K_MAX);
    if (code == DONE && cli_has(c, "count") && number == 0) code = cli_error(c, BAD_USAGE, "-k: at least 1");
    recall->k = (uint32_t)number;
    number = 0;
    if (code == DONE && cli_has(c, "budget")) {
        code = cli_number(&number, c, "--budget", cli_value(c, "budget"), EPI_TOKEN_BUDGET_MAX);
    }
    recall->token_budget = (uint32_t)number;
    return code;
}

static int read_completion(epi_recall_options *recall, const cli *c) {
    uint64_t reach = 0;
    char *end = NULL;
    const char *text = cli_value(c, "complete");
    if (cli_has(c, "reach")) {
        int code = cli_number(&reach, c, "--reach", cli_value(c, "reach"), EPI_SCENE_MARGIN_MAX);
        if (code != DONE) return code;
    }
    recall->scene_reach = (uint32_t)reach;
    if (text == NULL) return DONE;
    recall->complete = strtod(text, &end);
    if (end == text || *end != '\0' || !(recall->complete > 0.0 && recall->complete <= 1.0))
        return cli_error(c, BAD_USAGE, "--complete: \"%s\" is no confidence above 0 and up to 1", text);
    return DONE;
}

/* Parts of the cue; their names are freed by the caller. */
static int read_parts(epi_part parts[CLI_LIST_MAX], char *names[CLI_LIST_MAX], size_t *count, const cli *c) {
    size_t at = 0;
    for (const char *text; (text = cli_each(c, "part", &at)) != NULL; ++*count) {
        const char *value = NULL;
        if (*count == CLI_LIST_MAX) return cli_error(c, BAD_USAGE, "--part more than %u times", CLI_LIST_MAX);
        names[*count] = cli_split_role(c, "part", text, &value);
        if (names[*count] == NULL) return BAD_USAGE;
        parts[*count] = epi_part_text(names[*count], value);
    }
    return DONE;
}

/* The operand, stdin for "-", or nothing: then the filter alone decides. */
static int read_text(char **text, const cli *c) {
    size_t size = 0;
    int code = DONE;
    *text = NULL;
    if (c->operand_count == 0) return DONE;
    if (strcmp(c->operands[0], "-") != 0) {
        *text = strdup(c->operands[0]);
        return *text != NULL ? DONE : cli_error(c, DEFECT, "out of memory");
    }
    *text = cli_read_file(c, "-", &size, &code);
    while (size > 0 && (*text)[size - 1] == '\n') (*text)[--size] = '\0';
    return code;
}

/* What the cue is seen from: --now, or now, with the offset of this place. */
static int read_now(epi_cue *cue, const cli *c) {
    epi_interval interval;
    const char *text = cli_value(c, "now");
    if (text == NULL) {
        cli_now(&cue->now, &cue->utc_offset_min);
        return DONE;
    }
    if (epi_time_parse(&interval, text) != EPI_OK)
        return cli_error(c, BAD_USAGE, "--now: %s", epi_error_last()->message);
    cue->now = interval.from;
    cue->utc_offset_min = interval.utc_offset_min;
    return DONE;
}

static int check_cue(const cli *c, const char *text, const cli_filter *filter) {
    if (text != NULL && *text != '\0') return DONE;
    if (text == NULL && (!cli_filter_is_empty(filter) || cli_has(c, "part"))) return DONE;
    return cli_error(c, BAD_USAGE,
                     "what should be recalled? give a text, or --part, --from, --to, --role, --tag or --episode");
}

/* ---- for people ------------------------------------------------------------------------------------------------ */

static const epi_recalled_step *step_of(const epi_recollection *found, const epi_hit *hit) {
    return epi_scene_step(epi_recollection_scene(found, hit->scene), hit->scene_step);
}

static size_t who_columns(const epi_recollection *found) {
    size_t widest = 0;
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++) {
        char *who;
        char *text;
        print_step_words(&who, &text, step_of(found, epi_recollection_hit(found, i)));
        size_t columns = who != NULL ? term_columns(who) : 0;
        if (columns > widest) widest = columns;
        free(who);
        free(text);
    }
    return widest < WHO_COLUMNS_MAX ? widest : WHO_COLUMNS_MAX;
}

static void pad(size_t columns, size_t width) {
    if (columns < width) printf("%*s", (int)(width - columns), "");
}

/* "2026-11-13  "last Friday"", or the event's own day where no text tells a time. */
static void print_moment(const cli *c, const epi_recollection *found, size_t index) {
    epi_moment moment;
    char text[TIMES_SIZE];
    if (!epi_recollection_moment(&moment, found, index)) return;
    const epi_told_time told = {moment.role, moment.mention};
    const char *said = moment.role != NULL ? times_said(step_of(found, epi_recollection_hit(found, index)), &told)
                                           : NULL;
    char *words = said != NULL ? term_escape(said + moment.mention.from, moment.mention.to - moment.mention.from, " ")
                               : NULL;
    term_print(c, GREEN, "    %s", times_text(text, &moment.mention.interval));
    if (words != NULL)
        printf("  \"%s\"\n", words);
    else
        printf("  when it was said\n");
    free(words);
}

static void json_moment(epi_json_writer *writer, const epi_recollection *found, size_t index) {
    epi_moment moment;
    if (!epi_recollection_moment(&moment, found, index)) return;
    const epi_told_time told = {moment.role, moment.mention};
    const char *said = moment.role != NULL ? times_said(step_of(found, epi_recollection_hit(found, index)), &told)
                                           : NULL;
    times_json(writer, "moment", moment.role, said != NULL ? said : "", &moment.mention);
}

/* " 1  .87  2026-11-17  user  We moved to Lisbon last Friday.    episode 1, step 1" */
static void print_hit(const cli *c, const epi_recollection *found, size_t index, size_t who_width) {
    const epi_hit *hit = epi_recollection_hit(found, index);
    const epi_recalled_step *step = step_of(found, hit);
    char score[16];
    char when[EPI_TIME_TEXT_SIZE];
    char ids[96];
    char *who;
    char *text;
    print_step_words(&who, &text, step);
    if (who == NULL || text == NULL) goto out;
    print_score(score, hit->score);
    epi_time_text(when, step->event.from, step->event.utc_offset_min);
    when[strcspn(when, " ")] = '\0';
    size_t ids_size = (size_t)snprintf(ids, sizeof ids, "episode %" PRIu64 ", step %" PRIu64 "%s", hit->episode,
                                       hit->step, step->superseded_by != 0 ? ", superseded" : "");
    size_t fixed = 2 + 2 + 5 + 2 + strlen(when) + 2 + who_width + 2 + 3 + ids_size;
    size_t room = c->width > fixed + 10 ? c->width - fixed : 10;
    printf("%2zu  ", index + 1);
    term_print(c, BOLD, "%5s", score);
    term_print(c, DIM, "  %s  ", when);
    size_t columns = term_cut(who, who_width);
    term_print(c, CYAN, "%s", who);
    pad(columns, who_width + 2);
    columns = c->width > 0 ? term_cut(text, room) : 0;
    printf("%s", text);
    if (c->width > 0) pad(columns, room);
    term_print(c, DIM, "   %s", ids);
    putchar('\n');
out:
    free(who);
    free(text);
}

static void print_evidence(const cli *c, const epi_recollection *found, size_t index) {
    size_t count = 0;
    double sum = 0.0;
    const epi_evidence *evidence = epi_recollection_evidence(&count, found, index);
    for (size_t i = 0; i < count; i++) {
        sum += evidence[i].contribution;
        term_print(c, DIM, "      %-14s", evidence[i].signal);
        printf(" %8.4f  x %8.4f  = %8.4f\n", evidence[i].value, evidence[i].weight, evidence[i].contribution);
    }
    term_print(c, DIM, "      %-14s", "sum");
    printf(" %8s    %8s  = %8.4f\n", "", "", sum);
}

static void print_hits(const cli *c, const epi_recollection *found) {
    size_t who_width = who_columns(found);
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++) {
        print_hit(c, found, i, who_width);
        if (cli_has(c, "when")) print_moment(c, found, i);
        if (cli_has(c, "explain")) print_evidence(c, found, i);
    }
}

/* Line breaks of the context stay; everything else is escaped. */
static void print_context(const epi_recollection *found) {
    const char *context = epi_recollection_context(found);
    char *safe = term_escape(context, strlen(context), "\n");
    if (safe != NULL) fputs(safe, stdout);
    if (safe != NULL && *safe != '\0' && safe[strlen(safe) - 1] != '\n') putchar('\n');
    free(safe);
}

/* ---- for programs ---------------------------------------------------------------------------------------------- */

static void json_evidence(epi_json_writer *writer, const epi_recollection *found, size_t index) {
    size_t count = 0;
    const epi_evidence *evidence = epi_recollection_evidence(&count, found, index);
    epi_json_begin_array(writer, "evidence");
    for (size_t i = 0; i < count; i++) {
        epi_json_begin_object(writer, NULL);
        json_text(writer, "signal", evidence[i].signal);
        epi_json_put_number(writer, "value", evidence[i].value);
        epi_json_put_number(writer, "weight", evidence[i].weight);
        epi_json_put_number(writer, "contribution", evidence[i].contribution);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void json_hits(epi_json_writer *writer, const cli *c, const epi_recollection *found) {
    epi_json_begin_array(writer, "hits");
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++) {
        const epi_hit *hit = epi_recollection_hit(found, i);
        epi_json_begin_object(writer, NULL);
        epi_json_put_unsigned(writer, "rank", i + 1);
        epi_json_put_number(writer, "score", hit->score);
        json_step(writer, "step", c, step_of(found, hit));
        json_evidence(writer, found, i);
        if (cli_has(c, "when")) json_moment(writer, found, i);
        epi_json_put_unsigned(writer, "scene", hit->scene);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void json_scenes(epi_json_writer *writer, const epi_recollection *found) {
    epi_json_begin_array(writer, "scenes");
    for (size_t i = 0; i < epi_recollection_count(found); i++) {
        const epi_scene *scene = epi_recollection_scene(found, i);
        epi_json_begin_object(writer, NULL);
        epi_json_put_number(writer, "score", scene->score);
        epi_json_put_unsigned(writer, "episode", scene->episode);
        json_text(writer, "title", scene->title);
        epi_json_begin_array(writer, "steps");
        for (size_t j = 0; j < scene->step_count; j++)
            epi_json_put_unsigned(writer, NULL, epi_scene_step(scene, j)->id);
        epi_json_end(writer);
        json_text(writer, "text", scene->text);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

/* What the hits say together about roles of the cue. */
static void json_completed(epi_json_writer *writer, const cli *c, const epi_recollection *found) {
    const epi_schema *schema = epi_space_schema(c->space);
    if (!cli_has(c, "complete")) return;
    epi_json_begin_object(writer, "completed");
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_recalled_part *part = epi_recollection_completed(found, schema->roles[i].name);
        if (part != NULL) json_inferred(writer, c, part);
    }
    epi_json_end(writer);
}

static int print_json(const cli *c, const char *text, const epi_recollection *found) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    json_text(writer, "cue", text);
    json_hits(writer, c, found);
    json_scenes(writer, found);
    json_completed(writer, c, found);
    json_text(writer, "context", epi_recollection_context(found));
    size_t count = 0;
    const uint64_t *ids = epi_recollection_context_steps(&count, found);
    epi_json_begin_array(writer, "context_steps");
    for (size_t i = 0; i < count; i++) epi_json_put_unsigned(writer, NULL, ids[i]);
    epi_json_end(writer);
    epi_json_end(writer);
    return json_print(c, writer);
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static int print_found(const cli *c, const char *text, const epi_recollection *found) {
    int code = DONE;
    if (cli_has(c, "json")) {
        code = print_json(c, text, found);
    } else if (cli_has(c, "context")) {
        print_context(found);
        size_t fit = 0;
        (void)epi_recollection_context_steps(&fit, found);
        if (fit == 0 && epi_recollection_hit_count(found) > 0)
            code = cli_error(c, NOTHING, "none of what was found fits within the budget; raise --budget");
    } else {
        print_hits(c, found);
    }
    if (code != DONE || epi_recollection_hit_count(found) > 0) return code;
    return cli_has(c, "json") ? NOTHING : cli_error(c, NOTHING, "nothing was found");
}

static int read_profile(epi_recall_options *recall, epi_recall_profile *profile, const cli *c) {
    epi_profile_kind kind;
    if (!cli_has(c, "profile")) return DONE;
    int code = cli_profile(&kind, c, cli_value(c, "profile"));
    if (code != DONE || kind == EPI_PROFILE_AUTO) return code;
    *profile = epi_recall_profile_of(kind);
    recall->profile = profile;
    return DONE;
}

static int run(cli *c) {
    epi_recall_options recall = epi_recall_options_default();
    epi_recall_profile profile;
    epi_cue cue = epi_cue_default();
    cli_filter filter;
    char *text = NULL;
    epi_part parts[CLI_LIST_MAX];
    char *names[CLI_LIST_MAX];
    epi_recollection *found = NULL;
    int code = cli_filter_read(&filter, c);
    if (code == DONE) code = read_numbers(&recall, c);
    if (code == DONE) code = read_completion(&recall, c);
    if (code == DONE) code = read_parts(parts, names, &cue.part_count, c);
    if (code == DONE) code = read_now(&cue, c);
    recall.when = cli_has(c, "when");
    if (code == DONE) code = read_profile(&recall, &profile, c);
    if (code == DONE) code = read_text(&text, c);
    if (code == DONE) code = check_cue(c, text, &filter);
    if (code == DONE) code = cli_open(c, TO_READ, NULL);
    if (code == DONE) {
        cue.text = text;
        cue.parts = parts;
        cue.filter = filter.filter;
        epi_status status = epi_recall(&found, c->space, &cue, &recall);
        code = status == EPI_OK ? print_found(c, text, found) : cli_fail(c, status);
    }
    epi_recollection_free(found);
    for (size_t i = 0; i < cue.part_count; i++) free(names[i]);
    cli_filter_dispose(&filter);
    free(text);
    return code;
}

const cli_command cmd_recall = {
    .name = "recall",
    .summary = "bring back what a cue reminds of",
    .usage = "[TEXT]",
    .examples = "  episodic recall --space home \"where do we live now?\"\n"
                "  episodic recall --space home -k 3 --explain \"the dog\"\n"
                "  episodic recall --space home --from 2026-03 --to 2026-05 --role speaker=user \"work\"\n"
                "  episodic recall --space home --when \"we moved to Lisbon\"\n"
                "  episodic recall --space home --context --budget 500 \"plans for summer\"\n"
                "  episodic recall --space home --json \"Lisbon\" | jq -r '.hits[].step.parts.text'\n",
    .notes = "TEXT is \"-\" for stdin. Without TEXT the newest steps that match the options come first.\n",
    .options = options,
    .operand_max = 1,
    .run = run,
};
