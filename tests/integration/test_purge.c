/* What is purged leaves no byte in the directory: texts, words, names, vectors; also what other handles and processes
 * derived. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIMENSION 8
#define CANARIES 20

/* Bytes that occur nowhere by chance; each canary has its own. */
static void canary(char text[32], int number) {
    (void)snprintf(text, 32, "zqcanary%dqz", number);
}

static void canary_vector(float vector[DIMENSION], int number) {
    for (int i = 0; i < DIMENSION; i++) vector[i] = (float)(number * 31 + i * i * 17 + 1) / 7.0f;
}

static size_t canaries_in(const char *path) {
    size_t found = 0;
    for (int i = 0; i < CANARIES; i++) {
        char text[32];
        canary(text, i);
        found += place_holds(path, text, strlen(text));
    }
    return found;
}

/* A canary in the text, a long text, metadata, a tag, an external id and a keyword; some are superseded or forgotten.
 * */
static uint64_t say_canary(epi_episode *episode, int number, uint64_t supersedes) {
    char word[32], text[200], metadata[64], external[40], tag[40];
    canary(word, number);
    (void)snprintf(text, sizeof text, "%s %s", word,
                   number % 2 ? "" : "is said at such a length that the text is a component of its own");
    (void)snprintf(metadata, sizeof metadata, "{\"k\":\"%s\"}", word);
    (void)snprintf(external, sizeof external, "id-%s", word);
    (void)snprintf(tag, sizeof tag, "tag-%s", word);
    const char *tags[] = {tag};
    epi_part parts[] = {epi_part_text("speaker", word), epi_part_text("text", text)};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = 2;
    step.metadata = metadata;
    step.external_id = external;
    step.tags = tags;
    step.tag_count = 1;
    step.supersedes = supersedes;
    uint64_t id = 0;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static void no_byte_of_what_was_purged_is_left(void **state) {
    place *p = *state;
    uint64_t steps[CANARIES], count = 0;
    epi_episode *kept = place_episode(p->space), *doomed = place_episode(p->space);
    uint64_t other = place_say(kept, "a cherry stone");
    for (int i = 0; i < CANARIES; i++) {
        steps[i] = say_canary(i % 3 ? kept : doomed, i, i % 5 == 4 ? steps[i - 1] : 0);
        if (i == CANARIES / 2) EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    }
    epi_filter filter = epi_filter_default();
    filter.steps = steps;
    filter.step_count = 3;
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &filter, 0, false));
    assert_int_equal(canaries_in(p->path), CANARIES);
    filter.step_count = CANARIES;
    EXPECT(EPI_OK, epi_purge(&count, p->space, &filter));
    assert_int_equal(count, CANARIES);
    assert_int_equal(canaries_in(p->path), 0);
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    assert_int_equal(canaries_in(p->path), 0);
    assert_true(place_finds(p->space, "cherry", other));
    epi_episode_close(kept);
    epi_episode_close(doomed);
    place_check(p->memory);
    place_close(p);
    assert_int_equal(canaries_in(p->path), 0);
    place_open(p);
}

static void an_episode_takes_its_title_with_it(void **state) {
    place *p = *state;
    static const char title[] = "zqtitleqz", outcome[] = "zqoutcomeqz";
    epi_episode_options options = epi_episode_options_default();
    epi_outcome end = epi_outcome_default();
    epi_episode *episode = NULL;
    options.title = title;
    options.external_id = "zqexternalqz";
    end.text = outcome;
    EXPECT(EPI_OK, epi_episode_begin(&episode, p->space, &options));
    (void)place_say(episode, "one");
    (void)place_say(episode, "two");
    EXPECT(EPI_OK, epi_episode_end(episode, &end));
    uint64_t id = epi_episode_id(episode), count = 0;
    epi_episode_close(episode);
    assert_true(place_holds(p->path, title, sizeof title - 1) && place_holds(p->path, outcome, sizeof outcome - 1));
    epi_filter filter = epi_filter_default();
    filter.episodes = &id;
    filter.episode_count = 1;
    EXPECT(EPI_OK, epi_purge(&count, p->space, &filter));
    assert_int_equal(count, 2);
    assert_false(place_holds(p->path, title, sizeof title - 1));
    assert_false(place_holds(p->path, outcome, sizeof outcome - 1));
    assert_false(place_holds(p->path, options.external_id, strlen(options.external_id)));
    place_check(p->memory);
}

/* ---- vectors, and another process -------------------------------------------------------------------------------- */

static epi_space *vector_space(epi_memory *memory) {
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_schema schema;
    epi_space *space = NULL;
    place_vector_schema(&schema, roles, DIMENSION);
    EXPECT(EPI_OK, epi_space_open(&space, memory, "vectors", &schema));
    return space;
}

static bool holds_vector(const char *path, int number) {
    float vector[DIMENSION];
    canary_vector(vector, number);
    return place_holds(path, vector, sizeof vector);
}

static void wait_for_line(int file) {
    char byte;
    assert_int_equal(read(file, &byte, 1), 1);
}

/* Loads the vectors into a graph of its own, waits for the purge, and saves its graph again. */
static int other_process(const place *p, int said, int told) {
    place own = *p;
    EXPECT(EPI_OK, epi_memory_open(&own.memory, own.path, &own.options));
    epi_space *space = vector_space(own.memory);
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, NULL));
    if (write(said, "x", 1) != 1) return 1;
    wait_for_line(told);
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, NULL));
    epi_space_close(space);
    return epi_memory_close(own.memory) != EPI_OK;
}

static void purged_vectors_do_not_come_back_from_a_graph(void **state) {
    place *p = *state;
    epi_space *space = vector_space(p->memory);
    uint64_t steps[CANARIES];
    int said[2], told[2], status = 0;
    for (int i = 0; i < CANARIES; i++) {
        float vector[DIMENSION];
        canary_vector(vector, i);
        epi_part part = epi_part_f32("observation", vector, DIMENSION);
        epi_step step = epi_step_default();
        step.parts = &part;
        step.part_count = 1;
        EXPECT(EPI_OK, epi_remember(&steps[i], NULL, space, &step));
    }
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, NULL));
    epi_space_close(space);
    place_close(p);
    assert_true(pipe(said) == 0 && pipe(told) == 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(said[0]);
        close(told[1]); /* so that it ends when the parent does */
        _exit(other_process(p, said[1], told[0]));
    }
    wait_for_line(said[0]);
    place_open(p);
    space = vector_space(p->memory);
    epi_filter filter = epi_filter_default();
    filter.steps = steps;
    filter.step_count = CANARIES - 1;
    EXPECT(EPI_OK, epi_purge(NULL, space, &filter));
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, NULL));
    assert_false(holds_vector(p->path, 0));
    assert_int_equal(write(told[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int i = 0; i < CANARIES - 1; i++) assert_false(holds_vector(p->path, i));
    assert_true(holds_vector(p->path, CANARIES - 1));
    epi_space_close(space);
    place_check(p->memory);
    for (int i = 0; i < 2; i++) {
        close(said[i]);
        close(told[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(no_byte_of_what_was_purged_is_left),
        TEST(an_episode_takes_its_title_with_it),
        TEST(purged_vectors_do_not_come_back_from_a_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
