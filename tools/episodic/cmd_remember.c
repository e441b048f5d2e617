/* cmd_remember.c - `episodic remember`: stores one step, in a new space if need be. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_option options[] = {
    OPTION_SPACE,
    {"role", 'r', "NAME=VALUE", "a further part, for instance speaker=user; may be repeated"},
    {"at", 0, "TIME", "when it happened (now); without an offset UTC is meant"},
    {"tag", 't', "TAG", "may be repeated"},
    {"metadata", 0, "JSON", "an object"},
    {"id", 0, "ID", "your own id: remembering the same again changes nothing"},
    {"fact", 'f', "[SUBJECT.]ATTRIBUTE=VALUE", "a fact that it states; may be repeated"},
    {"supersedes", 0, "STEP", "the step that this one corrects"},
    {"episode", 'e', "ID", "goes on with this episode; otherwise a pause of an hour begins a new one"},
    {"preset", 0, "NAME", "of a new space: conversation (default), trajectory or events"},
    OPTION_JSON,
    OPTIONS_END,
};

/* What is remembered, and room for it. */
typedef struct memo {
    epi_step step;
    epi_part parts[CLI_LIST_MAX];
    char *names[CLI_LIST_MAX];
    const char *tags[CLI_LIST_MAX];
    epi_fact facts[EPI_FACT_COUNT_MAX];
    char *fact_names[EPI_FACT_COUNT_MAX]; /* "subject\0attribute" */
    char *text;
    size_t text_size;
    uint64_t id;
    uint64_t episode;
    epi_time time; /* to be told: when it happened, or now */
    bool present;  /* the external id was there before */
} memo;

static int read_roles(memo *m, const cli *c) {
    size_t at = 0;
    for (const char *text; (text = cli_each(c, "role", &at)) != NULL;) {
        const char *value = NULL;
        size_t i = m->step.part_count;
        if (i == CLI_LIST_MAX - 1) return cli_error(c, BAD_USAGE, "--role more than %u times", CLI_LIST_MAX - 1);
        m->names[i] = cli_split_role(c, "role", text, &value);
        if (m->names[i] == NULL) return BAD_USAGE;
        m->parts[i] = epi_part_text(m->names[i], value);
        m->step.part_count++;
    }
    return DONE;
}

static int read_text(memo *m, const cli *c) {
    int code = DONE;
    if (c->operand_count == 0) {
        return m->step.part_count > 0
                   ? DONE
                   : cli_error(c, BAD_USAGE, "what should be remembered? give a text, or - for stdin");
    }
    if (strcmp(c->operands[0], "-") == 0) {
        m->text = cli_read_file(c, "-", &m->text_size, &code);
        if (m->text == NULL) return code;
        while (m->text_size > 0 && m->text[m->text_size - 1] == '\n') m->text[--m->text_size] = '\0';
    } else {
        m->text = strdup(c->operands[0]);
        if (m->text == NULL) return cli_error(c, DEFECT, "out of memory");
        m->text_size = strlen(m->text);
    }
    if (m->text_size == 0) return cli_error(c, BAD_USAGE, "the text is empty");
    return DONE;
}

static int read_time(memo *m, const cli *c) {
    epi_interval interval;
    const char *text = cli_value(c, "at");
    if (text == NULL) { /* with an id of the user's own the library's clock: its times do not make it another step */
        cli_now(&m->time, &m->step.utc_offset_min);
        if (!cli_has(c, "id")) m->step.event_time = m->time;
        return DONE;
    }
    if (epi_time_parse(&interval, text) != EPI_OK)
        return cli_error(c, BAD_USAGE, "--at: %s", epi_error_last()->message);
    m->step.event_time = m->time = interval.from;
    if (interval.to != interval.from) m->step.event_end = interval.to;
    m->step.utc_offset_min = interval.utc_offset_min;
    return DONE;
}

static int read_rest(memo *m, const cli *c) {
    size_t at = 0;
    for (const char *tag; (tag = cli_each(c, "tag", &at)) != NULL;) {
        if (m->step.tag_count == CLI_LIST_MAX) return cli_error(c, BAD_USAGE, "--tag more than %u times", CLI_LIST_MAX);
        m->tags[m->step.tag_count++] = tag;
    }
    m->step.tags = m->tags;
    m->step.parts = m->parts;
    m->step.metadata = cli_value(c, "metadata");
    m->step.external_id = cli_value(c, "id");
    if (!cli_has(c, "supersedes")) return DONE;
    int code = cli_number(&m->step.supersedes, c, "--supersedes", cli_value(c, "supersedes"), UINT64_MAX);
    if (code == DONE && m->step.supersedes == 0) code = cli_error(c, BAD_USAGE, "--supersedes: steps count from 1");
    return code;
}

/* "Ana.lives in=Lisbon"; without a subject it is who speaks. */
static int read_facts(memo *m, const cli *c) {
    size_t at = 0;
    for (const char *text; (text = cli_each(c, "fact", &at)) != NULL;) {
        size_t i = m->step.fact_count;
        if (i == EPI_FACT_COUNT_MAX) return cli_error(c, BAD_USAGE, "--fact more than %u times", EPI_FACT_COUNT_MAX);
        const char *equals = strchr(text, '=');
        if (equals == NULL || equals == text || equals[1] == '\0')
            return cli_error(c, BAD_USAGE, "--fact: \"%s\" is not SUBJECT.ATTRIBUTE=VALUE, for instance %s", text,
                             "\"Ana.lives in=Lisbon\"");
        char *name = strndup(text, (size_t)(equals - text));
        if (name == NULL) return cli_error(c, DEFECT, "out of memory");
        m->fact_names[i] = name;
        m->step.fact_count++;
        char *dot = strrchr(name, '.');
        m->facts[i] = (epi_fact){NULL, name, equals + 1, EPI_TIME_NONE, EPI_TIME_NONE};
        if (dot == NULL) continue;
        *dot = '\0';
        m->facts[i].subject = name;
        m->facts[i].attribute = dot + 1;
    }
    m->step.facts = m->facts;
    return DONE;
}

static const epi_schema *preset(const cli *c) {
    const char *name = cli_value(c, "preset");
    if (name == NULL || strcmp(name, "conversation") == 0) return epi_schema_conversation();
    if (strcmp(name, "events") == 0) return epi_schema_events();
    return strcmp(name, "trajectory") == 0 ? epi_schema_trajectory() : NULL;
}

/* An existing space keeps its schema, whatever it is; only a new one gets the preset. */
static int open_space(cli *c) {
    const epi_schema *schema = preset(c);
    if (schema == NULL) return cli_error(c, BAD_USAGE, "--preset: conversation, trajectory or events");
    int code = cli_has(c, "space") ? cli_open_memory(c, TO_CREATE) : cli_open(c, TO_READ, NULL);
    if (code != DONE) return code;
    epi_status status = epi_space_open(&c->space, c->memory, cli_value(c, "space"), NULL);
    if (status == EPI_ENOTFOUND) status = epi_space_open(&c->space, c->memory, cli_value(c, "space"), schema);
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

/* The text goes to the role "text", or to the first required TEXT role of another schema. */
static int place_text(memo *m, const cli *c) {
    const epi_schema *schema = epi_space_schema(c->space);
    const char *name = NULL;
    if (m->text == NULL) return DONE;
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_role *role = &schema->roles[i];
        if (role->type != EPI_TEXT) continue;
        if (strcmp(role->name, "text") == 0) name = role->name;
        if (name == NULL && (role->flags & EPI_ROLE_REQUIRED)) name = role->name;
    }
    if (name == NULL) {
        return cli_error(c, BAD_USAGE, "space \"%s\" has no role \"text\"; say which: --role NAME=VALUE",
                         epi_space_name(c->space));
    }
    m->parts[m->step.part_count++] = epi_part_bytes(name, m->text, m->text_size);
    return DONE;
}

static int store(memo *m, const cli *c) {
    epi_status status;
    uint64_t before = 0;
    m->present = m->step.external_id != NULL && epi_step_find(&before, c->space, m->step.external_id) == EPI_OK;
    if (!cli_has(c, "episode")) {
        status = epi_remember(&m->id, &m->episode, c->space, &m->step);
        return status == EPI_OK ? DONE : cli_fail(c, status);
    }
    int code = cli_number(&m->episode, c, "--episode", cli_value(c, "episode"), UINT64_MAX);
    if (code != DONE) return code;
    epi_experience experience = epi_experience_default();
    experience.episode = m->episode;
    experience.steps = &m->step;
    experience.step_count = 1;
    status = epi_remember_many(&m->id, NULL, c->space, &experience, 1);
    return status == EPI_OK ? DONE : cli_fail(c, status);
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

#define TOLD_MAX 8u /* expressions of time, the best ones */

/* What the text says about time, best first. */
static size_t find_times(epi_time_mention found[TOLD_MAX], const memo *m) {
    size_t count = 0;
    epi_status status = epi_time_find(found, &count, TOLD_MAX, m->text != NULL ? m->text : "", m->text_size,
                                      m->time, m->step.utc_offset_min);
    return status == EPI_OK && count > TOLD_MAX ? TOLD_MAX : count;
}

/* "; "last Friday" = 2026-11-13" */
static void print_times(const memo *m) {
    epi_time_mention found[TOLD_MAX];
    size_t count = find_times(found, m);
    for (size_t i = 0; i < count; i++) {
        char meaning[TIMES_SIZE];
        char *words = term_escape(m->text + found[i].from, found[i].to - found[i].from, " ");
        printf("; \"%s\" = %s", words ? words : "", times_text(meaning, &found[i].interval));
        free(words);
    }
}

static void json_times(epi_json_writer *writer, const memo *m) {
    epi_time_mention found[TOLD_MAX];
    size_t count = find_times(found, m);
    epi_json_begin_array(writer, "mentions");
    for (size_t i = 0; i < count; i++) {
        times_json(writer, NULL, NULL, m->text, &found[i]);
    }
    epi_json_end(writer);
}

static int tell_json(const memo *m, const cli *c) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "space", epi_space_name(c->space));
    epi_json_put_unsigned(writer, "step", m->id);
    epi_json_put_unsigned(writer, "episode", m->episode);
    epi_json_put_bool(writer, "present", m->present);
    if (!m->present) json_time(writer, "time", m->time, m->step.utc_offset_min);
    json_times(writer, m);
    epi_json_end(writer);
    return json_print(c, writer);
}

/* "remembered step 1 in episode 1 (home), Tue 2026-11-17 10:04; "last Friday" = 2026-11-13" */
static int tell(const memo *m, const cli *c) {
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* 1970-01-01 was a Thursday */
    char when[EPI_TIME_TEXT_SIZE];
    if (cli_has(c, "json")) return tell_json(m, c);
    const int64_t day_us = 86400000000;
    int64_t local = m->time + m->step.utc_offset_min * INT64_C(60000000);
    int64_t day = local / day_us - (local % day_us < 0);
    epi_time_text(when, m->time, m->step.utc_offset_min);
    if (m->step.event_end != EPI_TIME_NONE) when[strcspn(when, " ")] = '\0'; /* a day or more: no clock was given */
    char *space = term_escape(epi_space_name(c->space), strlen(epi_space_name(c->space)), " ");
    printf("%s step %" PRIu64 " in episode %" PRIu64 " (%s)", m->present ? "was there already:" : "remembered", m->id,
           m->episode, space ? space : "");
    if (!m->present) printf(", %s %s", days[(day % 7 + 7) % 7], when);
    free(space);
    print_times(m);
    putchar('\n');
    return DONE;
}

static int run(cli *c) {
    static memo m;
    m.step = epi_step_default();
    int code = read_roles(&m, c);
    if (code == DONE) code = read_text(&m, c);
    if (code == DONE) code = read_time(&m, c);
    if (code == DONE) code = read_rest(&m, c);
    if (code == DONE) code = read_facts(&m, c);
    if (code == DONE) code = open_space(c);
    if (code == DONE) code = place_text(&m, c);
    if (code == DONE) code = store(&m, c);
    if (code == DONE) code = tell(&m, c);
    for (size_t i = 0; i < CLI_LIST_MAX; i++) free(m.names[i]);
    for (size_t i = 0; i < EPI_FACT_COUNT_MAX; i++) free(m.fact_names[i]);
    free(m.text);
    return code;
}

const cli_command cmd_remember = {
    .name = "remember",
    .summary = "store one step",
    .usage = "[TEXT]",
    .examples = "  episodic remember --space home --role speaker=user \"We moved to Lisbon last Friday.\"\n"
                "  episodic remember --space home --at 2026-11-17T10:04+01:00 --tag family \"Ana was born.\"\n"
                "  episodic remember --space home --supersedes 12 \"It was Porto, not Lisbon.\"\n"
                "  episodic remember --space home --fact \"Ana.lives in=Lisbon\" \"Ana told me of her move.\"\n"
                "  git log -1 | episodic remember --space work --id \"$(git rev-parse HEAD)\" -\n",
    .notes = "TEXT is \"-\" for stdin. A space that does not exist is created.\n",
    .options = options,
    .operand_max = 1,
    .run = run,
};
