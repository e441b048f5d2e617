/* cmd_facts.c - `episodic facts`, what holds of a subject, and `episodic history`, what was stated of it one after
 * another. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    OPTION_SPACE,
    {"as-of", 0, "TIME", "only what was stored by the end of TIME"},
    {"valid-at", 0, "TIME", "what held at the end of TIME (now)"},
    OPTION_JSON,
    OPTIONS_END,
};

static void print_names(const cli *c, const epi_known_fact *known) {
    char *subject = term_escape(known->fact.subject, strlen(known->fact.subject), " ");
    char *attribute = term_escape(known->fact.attribute, strlen(known->fact.attribute), " ");
    char *value = term_escape(known->fact.value, strlen(known->fact.value), " ");
    term_print(c, BOLD, "%s", subject ? subject : "");
    printf("  %s: ", attribute ? attribute : "");
    term_print(c, known->current ? GREEN : PLAIN, "%s", value ? value : "");
    free(subject);
    free(attribute);
    free(value);
}

/* "Ann  lives in: Porto  2021-03-01 10:00 to 2023-05-08 13:56, found in step 3: "I moved to Porto"" */
static void print_fact(const cli *c, const epi_known_fact *known, bool history) {
    char from[EPI_TIME_TEXT_SIZE], until[EPI_TIME_TEXT_SIZE];
    bool open = known->until == EPI_TIME_NONE;
    if (history) printf("%s", known->current ? "* " : "  ");
    print_names(c, known);
    epi_time_text(from, known->fact.from, known->utc_offset_min);
    if (!open) epi_time_text(until, known->until, known->utc_offset_min);
    term_print(c, CYAN, "  %s%s%s", open ? "since " : "", from, open ? "" : " to ");
    if (!open) term_print(c, CYAN, "%s", until);
    printf(", %s step %" PRIu64, known->given ? "given with" : "found in", known->step);
    if (known->superseded_by) printf(", superseded by step %" PRIu64, known->superseded_by);
    char *said = known->said ? term_escape(known->said, strlen(known->said), " ") : NULL;
    if (said) printf(": \"%s\"", said);
    putchar('\n');
    free(said);
}

static void json_fact(epi_json_writer *writer, const epi_known_fact *known) {
    epi_json_begin_object(writer, NULL);
    json_text(writer, "subject", known->fact.subject);
    json_text(writer, "attribute", known->fact.attribute);
    json_text(writer, "value", known->fact.value);
    json_time(writer, "from", known->fact.from, known->utc_offset_min);
    json_time(writer, "to", known->fact.to, known->utc_offset_min);
    json_time(writer, "until", known->until, known->utc_offset_min);
    epi_json_put_bool(writer, "current", known->current);
    epi_json_put_bool(writer, "given", known->given);
    json_text(writer, "said", known->said);
    epi_json_put_unsigned(writer, "step", known->step);
    epi_json_put_unsigned(writer, "episode", known->episode);
    json_time(writer, "stored", known->ingest_time, 0);
    if (known->superseded_by)
        epi_json_put_unsigned(writer, "superseded_by", known->superseded_by);
    else
        epi_json_put_null(writer, "superseded_by");
    epi_json_end(writer);
}

static int print_json(const cli *c, const epi_facts *facts) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    epi_json_begin_array(writer, "facts");
    for (size_t i = 0; i < epi_facts_count(facts); i++) json_fact(writer, epi_facts_at(facts, i));
    epi_json_end(writer);
    epi_json_end(writer);
    return json_print(c, writer);
}

static int run(cli *c, bool history) {
    epi_fact_cue cue = epi_fact_cue_default();
    epi_facts *facts = NULL;
    int code = cli_time(&cue.as_of, c, "as-of", true);
    if (code == DONE) code = cli_time(&cue.valid_at, c, "valid-at", true);
    if (code == DONE) code = cli_open(c, TO_READ, NULL);
    if (code != DONE) return code;
    if (c->operand_count > 0) cue.subject = c->operands[0];
    if (c->operand_count > 1) cue.attribute = c->operands[1];
    epi_status status = (history ? epi_facts_history : epi_facts_now)(&facts, c->space, &cue);
    if (status != EPI_OK) return cli_fail(c, status);
    size_t count = epi_facts_count(facts);
    if (cli_has(c, "json"))
        code = print_json(c, facts);
    else
        for (size_t i = 0; i < count; i++) print_fact(c, epi_facts_at(facts, i), history);
    if (code == DONE && count == 0)
        code = cli_has(c, "json") ? NOTHING : cli_error(c, NOTHING, "no such fact is known");
    epi_facts_free(facts);
    return code;
}

static int run_facts(cli *c) {
    return run(c, false);
}

static int run_history(cli *c) {
    return run(c, true);
}

#define NOTES                                                                                                         \
    "Facts are given (remember --fact) or found in English texts by cautious rules (\"I live in Lisbon\"). A newer\n" \
    "one hides an older one and deletes nothing.\n"

const cli_command cmd_facts = {
    .name = "facts",
    .summary = "what holds of a subject, or of all",
    .usage = "[SUBJECT [ATTRIBUTE]]",
    .examples = "  episodic facts --space home\n"
                "  episodic facts --space home Ana \"lives in\"\n"
                "  episodic facts --space home Ana --valid-at 2024 --json\n",
    .notes = NOTES,
    .options = options,
    .operand_max = 2,
    .run = run_facts,
};

const cli_command cmd_history = {
    .name = "history",
    .summary = "what was stated of a subject, the oldest first",
    .usage = "SUBJECT [ATTRIBUTE]",
    .examples = "  episodic history --space home Ana\n"
                "  episodic history --space home Ana \"lives in\" --as-of 2026-11\n",
    .notes = NOTES,
    .options = options,
    .operand_min = 1,
    .operand_max = 2,
    .run = run_history,
};
