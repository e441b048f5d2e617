/* Tests of facts that change: given and found, what holds now and held then, histories, what goes and comes with its
 * step, export and import, and a second process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"
#include "quick.h"

/* ---- stating and asking ------------------------------------------------------------------------------------------ */

static epi_time at(const char *iso) {
    epi_interval interval;
    EXPECT(EPI_OK, epi_time_parse(&interval, iso));
    return interval.from;
}

static uint64_t say(epi_space *space, const char *iso, const char *text, const epi_fact *fact, uint64_t supersedes) {
    epi_part parts[2];
    epi_step step = place_step(parts, text);
    uint64_t id = 0;
    step.event_time = at(iso);
    step.facts = fact;
    step.fact_count = fact != NULL;
    step.supersedes = supersedes;
    EXPECT(EPI_OK, epi_remember(&id, NULL, space, &step));
    return id;
}

static epi_fact fact_of(const char *subject, const char *attribute, const char *value) {
    return (epi_fact){subject, attribute, value, EPI_TIME_NONE, EPI_TIME_NONE};
}

/* Writes "value;" of each fact that holds, or of the history: "*" marks what holds, "!" what is superseded. */
static const char *tell(epi_space *space, const epi_fact_cue *cue, bool history) {
    static char out[512];
    epi_facts *facts = NULL;
    size_t size = 0;
    out[0] = '\0';
    EXPECT(EPI_OK, (history ? epi_facts_history : epi_facts_now)(&facts, space, cue));
    for (size_t i = 0; i < epi_facts_count(facts); i++) {
        const epi_known_fact *known = epi_facts_at(facts, i);
        size += (size_t)snprintf(out + size, sizeof out - size, "%s%s%s;", known->current && history ? "*" : "",
                                 known->superseded_by ? "!" : "", known->fact.value);
        assert_true(known->current || history);
        assert_true(known->given == (known->said == NULL));
        if (known->said) assert_non_null(strstr(known->said, known->fact.value));
    }
    assert_null(epi_facts_at(facts, epi_facts_count(facts)));
    epi_facts_free(facts);
    return out;
}

static epi_fact_cue about(const char *subject, const char *attribute) {
    epi_fact_cue cue = epi_fact_cue_default();
    cue.subject = subject;
    cue.attribute = attribute;
    return cue;
}

static void hide(epi_space *space, uint64_t step, bool hidden) {
    epi_filter filter = epi_filter_default();
    uint64_t count = 0;
    filter.steps = &step;
    filter.step_count = 1;
    EXPECT(EPI_OK, hidden ? epi_forget(&count, space, &filter, 0, false) : epi_restore(&count, space, &filter));
    assert_int_equal(count, 1);
}

static void remove_step(epi_space *space, uint64_t step) {
    epi_filter filter = epi_filter_default();
    filter.steps = &step;
    filter.step_count = 1;
    filter.include_superseded = true;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
}

/* ---- what holds -------------------------------------------------------------------------------------------------- */

static void the_newest_holds_and_the_older_ones_stay(void **state) {
    place *p = *state;
    const epi_fact_cue home = about("ann", "LIVES IN");
    say(p->space, "2021-03-01T10:00Z", "I live in Porto.", NULL, 0);
    say(p->space, "2023-05-08T10:00Z", "I moved to Lisbon.", NULL, 0);
    assert_string_equal(tell(p->space, &home, false), "Lisbon;");
    assert_string_equal(tell(p->space, &home, true), "Porto;*Lisbon;");
    say(p->space, "2022-01-01T10:00Z", "I live in Rome.", NULL, 0); /* told late */
    assert_string_equal(tell(p->space, &home, false), "Lisbon;");
    assert_string_equal(tell(p->space, &home, true), "Porto;Rome;*Lisbon;");
    epi_fact_cue then = home;
    then.valid_at = at("2021-06-01T00:00Z");
    assert_string_equal(tell(p->space, &then, false), "Porto;");
    assert_string_equal(tell(p->space, &then, true), "*Porto;Rome;Lisbon;");
    then.valid_at = at("2020-06-01T00:00Z");
    assert_string_equal(tell(p->space, &then, false), "");
    place_check(p->memory);
}

static void a_fact_tells_its_step_its_words_and_how_long_it_held(void **state) {
    place *p = *state;
    epi_facts *facts = NULL;
    uint64_t first = say(p->space, "2021-03-01T10:00Z", "Well, I live in Porto now.", NULL, 0);
    say(p->space, "2023-05-08T10:00Z", "I moved to Lisbon in March 2022.", NULL, 0);
    EXPECT(EPI_OK, epi_facts_history(&facts, p->space, NULL));
    assert_int_equal(epi_facts_count(facts), 2);
    const epi_known_fact *porto = epi_facts_at(facts, 0), *lisbon = epi_facts_at(facts, 1);
    assert_string_equal(porto->fact.subject, "Ann");
    assert_string_equal(porto->fact.attribute, "lives in");
    assert_string_equal(porto->said, "I live in Porto");
    assert_string_equal(porto->role, "text");
    assert_int_equal(porto->text_from, 6);
    assert_int_equal(porto->step, first);
    assert_true(porto->fact.from == at("2021-03-01T10:00Z") && porto->until == at("2022-03-01T00:00Z"));
    assert_true(lisbon->fact.from == at("2022-03-01T00:00Z") && lisbon->until == EPI_TIME_NONE && lisbon->current);
    epi_facts_free(facts);
}

static void given_facts_may_end_and_may_be_of_anybody(void **state) {
    place *p = *state;
    epi_fact paris = fact_of("Ben", "lives in", "Paris"), rome = fact_of("Ben", "Lives In", "Rome");
    paris.from = at("2020-01-01"), paris.to = EPI_TIME_NONE;
    rome.from = at("2022-01-01"), rome.to = at("2022-07-01");
    say(p->space, "2024-01-01T10:00Z", "about Ben", &paris, 0);
    say(p->space, "2024-01-02T10:00Z", "and a stay of his", &rome, 0);
    epi_fact_cue cue = about("BEN", "lives in");
    assert_string_equal(tell(p->space, &cue, false), "Paris;");
    cue.valid_at = at("2022-03-01");
    assert_string_equal(tell(p->space, &cue, false), "Rome;");
    cue.valid_at = at("2022-07-01");
    assert_string_equal(tell(p->space, &cue, false), "Paris;");
    epi_fact own = fact_of(NULL, "shoe size", "43");
    say(p->space, "2024-01-03T10:00Z", "mine", &own, 0);
    cue = about("Ann", NULL);
    assert_string_equal(tell(p->space, &cue, false), "43;");
    assert_string_equal(tell(p->space, NULL, false), "43;Paris;");
}

static void as_of_shows_what_was_known(void **state) {
    place *p = *state;
    epi_fact_cue cue = about("Ann", "lives in");
    say(p->space, "2021-03-01T10:00Z", "I live in Porto.", NULL, 0);
    usleep(2000);
    cue.as_of = epi_time_now();
    usleep(2000);
    uint64_t late = say(p->space, "2023-05-08T10:00Z", "I moved to Lisbon.", NULL, 0);
    assert_string_equal(tell(p->space, &cue, false), "Porto;");
    assert_string_equal(tell(p->space, &cue, true), "*Porto;");
    say(p->space, "2023-06-08T10:00Z", "I live in Faro.", NULL, late);
    assert_string_equal(tell(p->space, &cue, false), "Porto;");
    cue.as_of = EPI_TIME_NONE;
    assert_string_equal(tell(p->space, &cue, true), "Porto;!Lisbon;*Faro;");
}

/* ---- steps that go ----------------------------------------------------------------------------------------------- */

static void facts_go_and_come_with_their_steps(void **state) {
    place *p = *state;
    const epi_fact_cue home = about("Ann", "lives in");
    epi_fact given = fact_of("Ann", "lives in", "Evora");
    uint64_t old = say(p->space, "2021-03-01T10:00Z", "I live in Porto.", NULL, 0);
    uint64_t step = say(p->space, "2023-05-08T10:00Z", "I have moved.", &given, 0);
    hide(p->space, step, true);
    assert_string_equal(tell(p->space, &home, false), "Porto;");
    assert_string_equal(tell(p->space, &home, true), "*Porto;");
    hide(p->space, step, false);
    assert_string_equal(tell(p->space, &home, true), "Porto;*Evora;");
    uint64_t better = say(p->space, "2023-05-09T10:00Z", "That was wrong.", NULL, step);
    assert_string_equal(tell(p->space, &home, false), "Porto;");
    assert_string_equal(tell(p->space, &home, true), "*Porto;!Evora;");
    place_check(p->memory);
    remove_step(p->space, better);
    assert_string_equal(tell(p->space, &home, false), "Evora;");
    remove_step(p->space, step);
    remove_step(p->space, old);
    assert_string_equal(tell(p->space, NULL, true), "");
    place_check(p->memory);
}

static void a_purged_fact_leaves_no_byte(void **state) {
    place *p = *state;
    epi_fact given = fact_of("Ann", "secret", "quittenmus");
    uint64_t step = say(p->space, "2023-05-08T10:00Z", "a word", &given, 0);
    say(p->space, "2023-05-08T10:01Z", "another", NULL, 0);
    epi_filter filter = epi_filter_default();
    filter.steps = &step;
    filter.step_count = 1;
    assert_true(place_holds(p->path, "quittenmus", 10));
    EXPECT(EPI_OK, epi_purge(NULL, p->space, &filter));
    assert_false(place_holds(p->path, "quittenmus", 10));
    assert_false(place_holds(p->path, "secret", 6));
    place_check(p->memory);
}

/* ---- whose texts are looked at ----------------------------------------------------------------------------------- */

static void say_by(epi_space *space, const char *speaker, const char *text, uint32_t flags) {
    const epi_part parts[] = {epi_part_text("text", text), epi_part_text("speaker", speaker ? speaker : "")};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = speaker ? 2 : 1;
    step.flags = flags;
    EXPECT(EPI_OK, epi_remember(NULL, NULL, space, &step));
}

static void only_somebody_who_speaks_states_facts(void **state) {
    place *p = *state;
    epi_space *plain = NULL;
    epi_schema schema = *epi_schema_conversation();
    schema.language = "none";
    EXPECT(EPI_OK, epi_space_open(&plain, p->memory, "plain", &schema));
    say_by(plain, "Ann", "I live in Porto.", 0);
    assert_string_equal(tell(plain, NULL, true), "");
    epi_space_close(plain);
    say_by(p->space, "assistant", "I live in Porto.", 0);
    say_by(p->space, "Ann", "I live in Porto.", EPI_STEP_IMAGINED);
    assert_string_equal(tell(p->space, NULL, true), "");
    say_by(p->space, NULL, "I live in Porto.", 0);
    const epi_fact_cue owner = about(EPI_FACT_OWNER, NULL);
    assert_string_equal(tell(p->space, &owner, true), "*Porto;");
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    say_by(p->space, name, "I live in Rome.", 0); /* no name is that long */
    assert_string_equal(tell(p->space, NULL, true), "*Porto;");
}

static void what_cannot_be_a_fact_is_refused_and_nothing_stored(void **state) {
    place *p = *state;
    char name[EPI_FACT_NAME_SIZE_MAX + 2], wide[EPI_FACT_NAME_SIZE_MAX + 1];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (size_t i = 0; i + 3 < sizeof wide; i += 3) memcpy(wide + i, "\xEF\xB7\xBA", 4); /* folds to 33 bytes */
    const struct {
        epi_fact fact;
        epi_status status;
    } cases[] = {
        {fact_of("Ann", NULL, "v"), EPI_EINVAL},      {fact_of("Ann", "", "v"), EPI_EINVAL},
        {fact_of("", "a", "v"), EPI_EINVAL},          {fact_of("Ann", "a", NULL), EPI_EINVAL},
        {fact_of("Ann", name, "v"), EPI_ELIMIT},      {fact_of(name, "a", "v"), EPI_ELIMIT},
        {fact_of(wide, "a", "v"), EPI_ELIMIT},        {fact_of("Ann", "\xFF", "v"), EPI_EUTF8},
        {{"Ann", "a", "v", 10, 10}, EPI_EINVAL},      {{"Ann", "a", "v", 10, 9}, EPI_EINVAL},
        {{"Ann", "a", "v", EPI_TIME_MAX + 1, EPI_TIME_NONE}, EPI_ELIMIT},
    };
    epi_part parts[2];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epi_step step = place_step(parts, "a word");
        step.facts = &cases[i].fact;
        step.fact_count = 1;
        EXPECT(cases[i].status, epi_remember(NULL, NULL, p->space, &step));
    }
    epi_fact many[EPI_FACT_COUNT_MAX + 1];
    for (size_t i = 0; i <= EPI_FACT_COUNT_MAX; i++) many[i] = fact_of("Ann", "a", "v");
    epi_step step = place_step(parts, "I live in Porto.");
    step.facts = many;
    step.fact_count = EPI_FACT_COUNT_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_remember(NULL, NULL, p->space, &step));
    step.facts = NULL;
    EXPECT(EPI_ELIMIT, epi_remember(NULL, NULL, p->space, &step));
    step.fact_count = 1;
    EXPECT(EPI_EINVAL, epi_remember(NULL, NULL, p->space, &step));
    step.facts = many;
    step.flags = EPI_STEP_IMAGINED;
    EXPECT(EPI_EINVAL, epi_remember(NULL, NULL, p->space, &step));
    assert_int_equal(place_stats(p->space).steps, 0);
    step.flags = 0;
    step.fact_count = EPI_FACT_COUNT_MAX; /* no room for what would be found */
    EXPECT(EPI_OK, epi_remember(NULL, NULL, p->space, &step));
    const epi_fact_cue home = about("Ann", "lives in"), wrong = about(NULL, "lives in"), long_one = about(name, NULL);
    assert_string_equal(tell(p->space, &home, true), "");
    epi_facts *facts = NULL;
    EXPECT(EPI_EINVAL, epi_facts_now(&facts, p->space, &wrong));
    EXPECT(EPI_ELIMIT, epi_facts_now(&facts, p->space, &long_one));
    EXPECT(EPI_EINVAL, epi_facts_now(NULL, p->space, NULL));
    assert_null(facts);
    place_check(p->memory);
}

static void a_step_with_other_facts_is_another_step(void **state) {
    place *p = *state;
    epi_part parts[2];
    epi_step step = place_step(parts, "a word");
    epi_fact fact = fact_of("Ann", "a", "v"), other = fact_of("Ann", "a", "w");
    step.external_id = "x";
    step.event_time = 0;
    step.facts = &fact;
    step.fact_count = 1;
    EXPECT(EPI_OK, epi_remember(NULL, NULL, p->space, &step));
    EXPECT(EPI_OK, epi_remember(NULL, NULL, p->space, &step));
    step.facts = &other;
    EXPECT(EPI_ECONFLICT, epi_remember(NULL, NULL, p->space, &step));
    assert_string_equal(tell(p->space, NULL, true), "*v;");
}

/* ---- elsewhere --------------------------------------------------------------------------------------------------- */

static bool write_to(void *context, const char *text, size_t size) {
    return fwrite(text, 1, size, context) == size;
}

static void an_export_keeps_what_was_given_and_what_is_found_is_found_again(void **state) {
    place *p = *state;
    epi_fact given = fact_of("Ben", "lives in", "Paris");
    char *text = NULL;
    size_t size = 0;
    epi_import_report report;
    epi_import_options options = epi_import_options_default();
    epi_space *copy = NULL;
    given.from = at("2020-01-01"), given.to = at("2031-01-01");
    say(p->space, "2024-01-01T10:00Z", "I live in Porto.", &given, 0);
    FILE *out = open_memstream(&text, &size);
    EXPECT(EPI_OK, epi_export(p->space, write_to, out));
    fclose(out);
    options.space = "copy";
    options.format = EPI_FORMAT_JSONL;
    EXPECT(EPI_OK, epi_import(&report, p->memory, text, size, &options));
    EXPECT(EPI_OK, epi_space_open(&copy, p->memory, "copy", NULL));
    assert_string_equal(tell(copy, NULL, true), "*Porto;*Paris;");
    epi_facts *facts = NULL;
    EXPECT(EPI_OK, epi_facts_now(&facts, copy, NULL));
    assert_true(epi_facts_at(facts, 1)->given && !epi_facts_at(facts, 0)->given);
    assert_true(epi_facts_at(facts, 1)->fact.from == given.from && epi_facts_at(facts, 1)->fact.to == given.to);
    epi_facts_free(facts);
    epi_space_close(copy);
    free(text);
    place_check(p->memory);
}

static void another_process_sees_them_and_adds_its_own(void **state) {
    place *p = *state;
    const epi_fact_cue home = about("Ann", "lives in");
    say(p->space, "2021-03-01T10:00Z", "I live in Porto.", NULL, 0);
    place_close(p);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        place_open(p);
        bool seen = strcmp(tell(p->space, &home, false), "Porto;") == 0;
        say(p->space, "2022-03-01T10:00Z", "I moved to Faro.", NULL, 0);
        place_close(p);
        _exit(seen ? 0 : 1);
    }
    place_open(p);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(tell(p->space, &home, true), "Porto;*Faro;");
    place_check(p->memory);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_newest_holds_and_the_older_ones_stay),
        TEST(a_fact_tells_its_step_its_words_and_how_long_it_held),
        TEST(given_facts_may_end_and_may_be_of_anybody),
        TEST(as_of_shows_what_was_known),
        TEST(facts_go_and_come_with_their_steps),
        TEST(a_purged_fact_leaves_no_byte),
        TEST(only_somebody_who_speaks_states_facts),
        TEST(what_cannot_be_a_fact_is_refused_and_nothing_stored),
        TEST(a_step_with_other_facts_is_another_step),
        TEST(an_export_keeps_what_was_given_and_what_is_found_is_found_again),
        TEST(another_process_sees_them_and_adds_its_own),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
